"""What can be checked of the pictures without a browser: the server around the page, the errors, the lock file."""

import http.server
import json
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from http import HTTPStatus

import pytest

from dashboards.pictures import PROJECT, errors_of, served

DASHBOARD = {"title": "Overview"}
BAD_QUERY = {"status": "error", "errorType": "bad_data", "error": "1:4: parse error"}


@contextmanager
def answering(status, content):
    """Serve one answer to every request; yield the address and the list of requested paths."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def fetched(address):
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.fixture
def page(tmp_path):
    folder = tmp_path / "page"
    (folder / "img").mkdir(parents=True)
    (folder / "index.html").write_text("the page")
    (folder / "img" / "bell.svg").write_text("an icon")
    (tmp_path / "secret").write_text("outside")
    return folder


def test_the_page_its_icons_and_the_dashboard_come_from_one_address(page):
    with served(page, {"overview-healthy-en": DASHBOARD}, "http://127.0.0.1:1") as address:
        assert fetched(f"{address}/?dashboard=overview-healthy-en") == (HTTPStatus.OK, b"the page")
        assert fetched(f"{address}/public/build/img/bell.svg") == (HTTPStatus.OK, b"an icon")
        status, content = fetched(f"{address}/dashboards/overview-healthy-en.json")

    assert (status, json.loads(content)) == (HTTPStatus.OK, DASHBOARD)


def test_a_file_outside_the_page_is_not_found(page):
    with served(page, {}, "http://127.0.0.1:1") as address:
        assert fetched(f"{address}/../secret")[0] == HTTPStatus.NOT_FOUND
        assert fetched(f"{address}/nothing.js")[0] == HTTPStatus.NOT_FOUND


def test_queries_go_to_prometheus_and_its_explanation_of_a_bad_one_comes_back(page):
    with answering(400, BAD_QUERY) as (prometheus, asked), served(page, {}, prometheus) as address:
        status, content = fetched(f"{address}/api/v1/query?query=up%7B")

    assert (status, json.loads(content)) == (HTTPStatus.BAD_REQUEST, BAD_QUERY)
    assert asked == ["/api/v1/query?query=up%7B"]


def test_a_prometheus_that_cannot_be_reached_is_an_error_of_the_query(page):
    with served(page, {}, "http://127.0.0.1:1") as address:
        status, content = fetched(f"{address}/api/v1/query?query=up")

    assert status == HTTPStatus.BAD_GATEWAY
    assert "Connection refused" in json.loads(content)["error"]


def test_an_error_names_the_panel_that_shows_it():
    panels = [
        {"id": 3, "title": "Lost records", "error": "bad_data: parse error"},
        {"id": 4, "title": "fine", "error": ""},
    ]

    errors = errors_of({"errors": ["variable target: unreachable"], "panels": panels})

    assert errors == ["variable target: unreachable", "panel 3 (Lost records): bad_data: parse error"]


def test_the_lock_file_pins_every_package_by_its_checksum_and_names_no_registry():
    text = (PROJECT / "package-lock.json").read_text()
    packages = {path: package for path, package in json.loads(text)["packages"].items() if path}

    assert len(packages) > 100
    assert [path for path, package in packages.items() if not package.get("integrity")] == []
    assert '"resolved"' not in text


def test_the_versions_of_grafanas_packages_are_exact_and_agree():
    dependencies = json.loads((PROJECT / "package.json").read_text())["dependencies"]

    assert all(version[0].isdigit() for version in dependencies.values())
    assert len({dependencies[f"@grafana/{name}"] for name in ("data", "i18n", "runtime", "schema", "ui")}) == 1
