"""Takes the pictures of the pages in docs/pictures, of a live exporter: ``python -m tests.pages``.

Ctrl-C ends it and leaves nothing running.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from lab.process import LabError, exit_on_sigterm
from tests.pages.live import live
from tests.pages.visiting import DESKTOP, PHONE, Visit, visit_all
from tests.paths import ROOT

PICTURES = ROOT / "docs" / "pictures"
PLACES = {"diagnose": "/diagnose", "targets": "/"}
"""The diagnosis comes first: the other page shows what it found."""
LOOKS = {
    "desktop": {"screen": DESKTOP},
    "dark": {"screen": DESKTOP, "scheme": "dark"},
    "phone": {"screen": PHONE},
}
LANGUAGES = {"en": "en-US", "ko": "ko-KR"}


def main(arguments):
    """Write the pictures; return 3 if a part could not be started."""
    parser = argparse.ArgumentParser(prog="python -m tests.pages", description=__doc__)
    parser.add_argument("--folder", type=Path, default=PICTURES)
    options = parser.parse_args(arguments)
    exit_on_sigterm()
    try:
        with tempfile.TemporaryDirectory(prefix="pages-") as work, live(Path(work)) as address:
            visits = [
                Visit(
                    f"{address}{place}",
                    language=locale,
                    file=options.folder / f"page-{name}-{look}-{language}.png",
                    **how,
                )
                for name, place in PLACES.items()
                for look, how in LOOKS.items()
                for language, locale in LANGUAGES.items()
            ]
            visit_all(visits)
    except LabError as error:
        print(f"ERROR {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    print(*(visit.file for visit in visits), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
