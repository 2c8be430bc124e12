"""Write the pages: ``python -m tools.guide [FOLDER]``. The folder is that of the documents, ``docs`` by default."""

import sys
from pathlib import Path

from tools.guide.page import PAGES, page, problems

if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    if found := list(problems()):
        sys.exit("\n".join(found))
    for language, file in PAGES.items():
        (folder / file).write_text(page(language), encoding="utf-8")
