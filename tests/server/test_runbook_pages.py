"""The runbooks, as both listeners serve them."""

import subprocess
import sys

import pytest

from kafka_producer_exporter.server.routes import metrics_handler, status_pages_handler
from tests.server.asking import Program, ask
from tests.two_runbooks import two_runbooks

__all__ = ["two_runbooks"]


@pytest.fixture(params=["metrics", "pages"])
def get(request, two_runbooks):
    if request.param == "metrics":
        handler = metrics_handler(Program())
    else:
        handler = status_pages_handler(Program(), own_host="127.0.0.1")
    return lambda target, **options: ask(handler, target, **options)


def test_a_runbook_is_served_as_a_page_that_may_load_and_run_nothing(get):
    response = get("/runbooks/KafkaClockSkew")

    assert response.status == 200
    assert response.content_type == "text/html; charset=utf-8"
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert b"<h1>KafkaClockSkew</h1>" in response.body


@pytest.mark.parametrize(
    ("target", "header", "language"),
    [
        ("/runbooks/KafkaClockSkew", "ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("/runbooks/KafkaClockSkew", "fr", "en"),
        ("/runbooks/KafkaClockSkew?lang=ko", "en", "ko"),
        ("/runbooks/KafkaClockSkew?lang=en", "ko", "en"),
        ("/runbooks/KafkaClockSkew?lang=fr", "ko", "ko"),
        ("/runbooks/", "ko", "ko"),
        ("/runbooks/?lang=ko", "", "ko"),
    ],
)
def test_the_language_is_that_of_the_reader_or_of_the_link(get, target, header, language):
    response = get(target, accept_language=header)

    assert f'<html lang="{language}">'.encode() in response.body
    assert response.headers["Content-Language"] == language
    assert response.headers["Vary"] == "Accept-Language"


def test_all_runbooks_are_listed(get):
    body = get("/runbooks/").body.decode()

    assert '<dt><a href="KafkaClockSkew?lang=en">KafkaClockSkew</a></dt>\n<dd>The clock is wrong.</dd>' in body


def test_a_list_without_its_slash_is_found_so_that_its_links_work(get):
    response = get("/runbooks?lang=ko")

    assert response.status == 308
    assert response.headers["Location"] == "runbooks/?lang=ko"


@pytest.mark.parametrize(
    ("path", "meant"),
    [("/runbooks/KafkaClockSkews", "/runbooks/KafkaClockSkew"), ("/runbooks/throttled", "KafkaProducerThrottled")],
)
def test_an_unknown_runbook_is_answered_with_the_one_that_was_meant(get, path, meant):
    response = get(path)

    assert response.status == 404
    assert response.content_type == "text/plain; charset=utf-8"
    assert meant in response.body.decode()
    assert "all runbooks are listed at /runbooks/" in response.body.decode()


@pytest.mark.parametrize("path", ["/runbooks/../en/KafkaClockSkew", "/runbooks/KafkaClockSkew/", "/metrics/", "/x"])
def test_a_path_below_another_is_not_found(get, path):
    response = get(path)

    assert response.status == 404
    assert b"  /runbooks/    what each alert means and what to do about it\n" in response.body


def test_a_runbook_cannot_be_changed(get):
    assert get("/runbooks/KafkaClockSkew", method="POST").status == 405
    assert get("/runbooks/KafkaClockSkew", method="HEAD").status == 200


def test_an_exporter_that_serves_no_runbook_does_not_pay_for_its_memory():
    program = (
        "import sys, kafka_producer_exporter.commands.serve\n"
        "from kafka_producer_exporter.server.routes import metrics_handler\n"
        "metrics_handler(None)\n"
        "print([name for name in sys.modules if '.pack' in name or name in ('importlib.resources', 'markdown_it')])"
    )

    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
