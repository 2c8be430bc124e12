"""Checks the boards, and writes ``json/`` and ``docs/dashboards.md``: ``python -m dashboards``.

With names of boards, checks only those.
"""

import sys
from collections.abc import Sequence

from dashboards import page
from dashboards.boards import BOARDS
from dashboards.check import findings, findings_of
from dashboards.data import rendered


def main(names: Sequence[str]) -> int:
    """Write the files; return 1, and write nothing, if a check fails."""
    chosen = [board for board in BOARDS if board.key in names]
    found = [finding for board in chosen for finding in findings_of(board, BOARDS)] if names else findings(BOARDS)
    for finding in found:
        sys.stderr.write(f"{finding}\n")
    if found:
        return 1
    files = [] if names else [*rendered(), (page.PAGE, page.text())]
    for file, text in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(chosen or BOARDS)} boards are right; wrote {len(files)} files\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
