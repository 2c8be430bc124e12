"""Draws dashboards in Chromium, with Grafana's own components and the data of a live Prometheus, and takes pictures.

``python -m dashboards.pictures --prometheus URL --state healthy`` writes ``docs/pictures/BOARD-healthy-LANGUAGE.png``:
the first screen of a laptop. A board that is longer also has a picture of the whole page, ``…-whole.png``. The page is
the npm project in ``drawing/``; it is built once, in the user's cache.
"""

import argparse
import json
import shutil
import sys
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from dashboards.data import FOLDER as DASHBOARDS
from kafka_producer_exporter.languages import LANGUAGES
from lab.browser import chromium, digest, flags, installed, node, require_korean_font
from lab.fetch import to_standard_error
from lab.jvm import rename_or_leave
from lab.process import LabError, exit_on_sigterm, run

Json = dict[str, Any]
PROJECT = Path(__file__).with_name("drawing")
SHOOT = "shoot.mjs"
PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
SCREEN = {"width": 1440, "height": 900}
BUILD_SECONDS = 900
"""Some thousand modules are bundled; a busy machine takes minutes."""
ANSWER_SECONDS = 120
"""How long a board may take until all of its queries are answered and drawn."""
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
ICONS = "/public/build"
"""Where Grafana's components look for ``img/icons``."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A dashboard that was drawn: its pictures, what one reads in each panel, and which panels had no data.

    Panels are named by their titles.
    """

    name: str
    files: tuple[Path, ...]
    texts: Mapping[str, str]
    without_data: tuple[str, ...]


def draw(
    prometheus: str,
    boards: Sequence[str],
    *,
    state: str,
    languages: Sequence[str] = LANGUAGES,
    start: str = "now-5m",
    variables: Mapping[str, str] | None = None,
    folder: Path = PICTURES,
    scrape_seconds: float = 1,
) -> list[Drawn]:
    """Draw boards of ``dashboards/json`` from the Prometheus at this address, and write their pictures.

    *start* is Grafana's: the time range is from then until now. *variables* chooses one value each; the others are All.
    Raise LabError, naming board and panel, if a panel, a variable or an annotation shows an error.
    """
    chosen = {
        f"{board}-{state}-{language}": json.loads((DASHBOARDS / language / f"{board}.json").read_text(encoding="utf-8"))
        for board in boards
        for language in languages
    }
    return draw_dashboards(
        prometheus, chosen, start=start, variables=variables, folder=folder, scrape_seconds=scrape_seconds
    )


def draw_dashboards(
    prometheus: str,
    dashboards: Mapping[str, Json],
    *,
    start: str,
    folder: Path,
    variables: Mapping[str, str] | None = None,
    scrape_seconds: float = 1,
) -> list[Drawn]:
    """Draw dashboards, and write the picture of each to *folder*, under its name. ``draw`` says the rest."""
    page = _built_page()
    settings = {"from": start, "interval": scrape_seconds} | {f"var-{name}": v for name, v in (variables or {}).items()}
    folder.mkdir(parents=True, exist_ok=True)
    with served(page, dashboards, prometheus) as address:
        pictures = [
            {
                "name": name,
                "url": f"{address}/?{urllib.parse.urlencode({'dashboard': name, **settings})}",
                "file": str(folder / f"{name}.png"),
                "wholeFile": str(folder / f"{name}-whole.png"),
            }
            for name in dashboards
        ]
        results = _shoot(page, pictures)
    errors = [f"{result['name']}: {error}" for result in results for error in errors_of(result)]
    if errors:
        raise LabError("\n".join(["these show an error:", *errors]))
    return [_drawn(result, folder) for result in results]


def errors_of(result: Json) -> list[str]:
    """Return the errors that a drawn dashboard shows, each with the panel, variable or annotation that shows it."""
    return [
        *result["errors"],
        *(f"panel {panel['id']} ({panel['title']}): {panel['error']}" for panel in result["panels"] if panel["error"]),
    ]


def _drawn(result: Json, folder: Path) -> Drawn:
    files = [
        folder / f"{result['name']}.png",
        *([folder / f"{result['name']}-whole.png"] if result["isLonger"] else []),
    ]
    texts = {panel["title"]: panel["text"] for panel in result["panels"]}
    return Drawn(
        result["name"], tuple(files), texts, tuple(panel["title"] for panel in result["panels"] if panel["isEmpty"])
    )


def _shoot(page: Path, pictures: Sequence[Json]) -> list[Json]:
    require_korean_font()
    with tempfile.TemporaryDirectory(prefix="pictures-") as name:
        job, result = Path(name) / "job.json", Path(name) / "result.json"
        content = {
            "chromium": chromium(),
            "flags": flags(),
            "screen": SCREEN,
            "timeoutSeconds": ANSWER_SECONDS,
            "pictures": pictures,
        }
        job.write_text(json.dumps(content), encoding="utf-8")
        run(
            [node(), page / SHOOT, job, result],
            what="drawing in Chromium",
            timeout_seconds=2 * ANSWER_SECONDS * (1 + len(pictures)),
        )
        results: list[Json] = json.loads(result.read_text(encoding="utf-8"))
    return results


# Build


def _built_page() -> Path:
    """Return the folder of the page, after installing and building what the cache lacks.

    The page is inside the folder where npm installed the packages, because Node.js looks for them in folders above.
    """
    sources = [PROJECT / name for name in ("package.json", "index.html", "vite.config.js", SHOOT)]
    sources += sorted(file for file in PROJECT.joinpath("src").rglob("*") if file.is_file())
    workshop = installed(PROJECT, name="drawing", what="Grafana's components (some minutes, 600 MB in the cache)")
    page = workshop / f"page-{digest(sources, PROJECT)}"
    if not page.exists():
        to_standard_error("dashboards.pictures: building the page (a minute or more)")
        with tempfile.TemporaryDirectory(prefix=".building-", dir=workshop) as work:
            for file in sources:
                (Path(work) / file.relative_to(PROJECT)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, Path(work) / file.relative_to(PROJECT))
            vite = workshop / "node_modules" / "vite" / "bin" / "vite.js"
            command = [node(), str(vite), "build", "--logLevel", "warn"]
            run(command, what="vite build", cwd=Path(work), timeout_seconds=BUILD_SECONDS)
            shutil.copy(PROJECT / SHOOT, Path(work) / "dist")
            rename_or_leave(Path(work) / "dist", page)
    return page


# Serve


@contextmanager
def served(page: Path, dashboards: Mapping[str, Json], prometheus: str) -> Iterator[str]:
    """Serve the page, the dashboards, and the API of Prometheus, from one address on loopback; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urllib.parse.urlsplit(self.path).path
            if path.startswith("/api/v1/"):
                self._send(*_asked(f"{prometheus.rstrip('/')}{self.path}"), "application/json")
            elif path.startswith("/dashboards/"):
                dashboard = dashboards[urllib.parse.unquote(path.removeprefix("/dashboards/")).removesuffix(".json")]
                self._send(200, json.dumps(dashboard).encode(), "application/json")
            else:
                file = (page / (path.removeprefix(ICONS).lstrip("/") or "index.html")).resolve()
                if file.is_file() and page in file.parents:
                    self._send(200, file.read_bytes(), TYPES.get(file.suffix, "application/octet-stream"))
                else:
                    self._send(404, b"", "text/plain")

        def _send(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 (the name is http.server's)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="pictures")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _asked(address: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(address, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 (given by the caller)
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:  # Prometheus explains in the body what is wrong with a query
        return error.code, error.read()
    except OSError as error:
        trouble = {"status": "error", "errorType": "unreachable", "error": f"Prometheus: {error}"}
        return 502, json.dumps(trouble).encode()


def main(arguments: Sequence[str]) -> int:
    """Write the pictures; return 3 if one cannot be taken, or shows an error."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.pictures", description=__doc__)
    known = sorted(file.stem for file in (DASHBOARDS / LANGUAGES[0]).glob("*.json"))
    parser.add_argument("--prometheus", required=True, metavar="URL")
    parser.add_argument("--state", required=True, help="the middle of the files' names, such as healthy")
    parser.add_argument("--boards", nargs="+", default=known, choices=known, metavar="BOARD")
    parser.add_argument("--languages", nargs="+", default=LANGUAGES, choices=LANGUAGES, metavar="LANGUAGE")
    parser.add_argument("--from", default="now-5m", dest="start", metavar="TIME", help="such as now-5m (the default)")
    variables = parser.add_argument("--variable", action="append", default=[], dest="variables", metavar="NAME=VALUE")
    variables.help = "choose a value of a variable; the others are All"
    parser.add_argument("--folder", type=Path, default=PICTURES)
    parser.add_argument(
        "--scrape-seconds", type=float, default=15, help="the scrape interval of Prometheus (%(default)s)"
    )
    chosen = vars(parser.parse_args(arguments))
    chosen["variables"] = dict(variable.split("=", 1) for variable in chosen["variables"])
    exit_on_sigterm()
    try:
        for drawn in draw(**chosen):
            print(*drawn.files, sep="\n")
            for title in drawn.without_data:
                print(f"  no data: {title}")
    except LabError as error:
        print(f"ERROR {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
