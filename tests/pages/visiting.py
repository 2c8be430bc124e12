"""Visits pages in Chromium, by the npm project in ``visits/``, and says what each reader gets."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab.browser import chromium, flags, installed, node, require_korean_font
from lab.process import run

PROJECT = Path(__file__).with_name("visits")
DESKTOP, PHONE = (1280, 800), (375, 812)
VISIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Visit:
    """A page, and who reads it. *file* is where the picture of the page goes, down to *tallest*; None takes none."""

    url: str
    screen: tuple[int, int] = DESKTOP
    scheme: str = "light"
    language: str = "en-US"
    file: Path | None = None
    tallest: int = 2400


def visit_all(visits):
    """Return what Chromium shows for each visit, as ``visits/visit.mjs`` describes it."""
    require_korean_font()
    packages = installed(PROJECT, name="visits", what="axe-core and Playwright (13 MB in the cache)")
    with tempfile.TemporaryDirectory(prefix="visits-") as name:
        job, result = Path(name) / "job.json", Path(name) / "result.json"
        content = {
            "packages": str(packages),
            "chromium": chromium(),
            "flags": flags(),
            "timeoutSeconds": VISIT_SECONDS,
            "visits": [
                {
                    "url": visit.url,
                    "width": visit.screen[0],
                    "height": visit.screen[1],
                    "scheme": visit.scheme,
                    "language": visit.language,
                    "tallest": visit.tallest,
                    "file": None if visit.file is None else str(visit.file),
                }
                for visit in visits
            ],
        }
        job.write_text(json.dumps(content), encoding="utf-8")
        command = [node(), PROJECT / "visit.mjs", job, result]
        run(command, what="visiting in Chromium", timeout_seconds=VISIT_SECONDS * (1 + len(visits)))
        return json.loads(result.read_text(encoding="utf-8"))
