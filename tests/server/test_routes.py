import gzip
import json
import subprocess
import sys
import time

import pytest

from kafka_producer_exporter.server.connections import LongWait
from kafka_producer_exporter.server.messages import Request
from kafka_producer_exporter.server.metrics_pages import GZIP_FROM_BYTES
from kafka_producer_exporter.server.page_time import PageTime
from kafka_producer_exporter.server.routes import deadline, metrics_handler, status_pages_handler
from tests.server.asking import BAD, Program, ask


def page_of(response):
    return b"".join(response.chunks)


def metrics(target, *, application=None, **options):
    return ask(metrics_handler(application or Program(), http_reload=True), target, **options)


def pages(target, *, application=None, own_host="127.0.0.1", **options):
    return ask(status_pages_handler(application or Program(), own_host=own_host), target, **options)


def test_metrics_are_served_as_text():
    response = metrics("/metrics")

    assert response.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert b'\nkafka_producer_up{target="t0"} 1.0\n' in page_of(response)


def test_openmetrics_is_served_to_those_who_prefer_it():
    response = metrics("/metrics", accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")

    assert response.content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert page_of(response).endswith(b"# EOF\n")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("10", 9.5),
        ("1", 0.5),
        ("0.5", 0.25),
        ("604800", 60.0),
        (None, 10.0),
        ("", 10.0),
        ("soon", 10.0),
        ("0", 10.0),
        ("-3", 10.0),
        ("nan", 10.0),
        ("inf", 10.0),
    ],
)
def test_the_deadline_is_shortly_before_prometheus_gives_up(header, seconds):
    headers = {} if header is None else {"x-prometheus-scrape-timeout-seconds": header}
    request = Request(method="GET", path="/metrics", query="", headers=headers, keep_alive=True, received=100.0)

    assert deadline(request, PageTime()) == 100.0 + seconds


def test_the_deadline_of_a_scrape_counts_from_its_arrival():
    application = Program()

    metrics("/metrics", application=application, x_prometheus_scrape_timeout_seconds="3")

    assert application.asked == {"deadline": 102.5}


@pytest.mark.parametrize("accepted", ["gzip", "br;q=1.0, GZIP; q=0.5", "gzip;q=1"])
def test_a_large_page_for_another_machine_is_compressed(accepted):
    application = Program(series=5000)
    plain = metrics("/metrics", application=application)

    compressed = metrics("/metrics", application=application, accept_encoding=accepted)

    assert compressed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(page_of(compressed)) == page_of(plain)
    assert len(page_of(compressed)) < len(page_of(plain)) / 5
    assert len(page_of(plain)) > GZIP_FROM_BYTES


@pytest.mark.parametrize(
    ("series", "accepted", "from_loopback"),
    [(1, "gzip", False), (5000, "gzip", True), (5000, "identity", False), (5000, "gzip;q=0.0", False)],
    ids=["a small page", "the same machine", "not accepted", "weight zero"],
)
def test_a_page_is_not_compressed_where_that_only_costs(series, accepted, from_loopback):
    response = metrics(
        "/metrics", application=Program(series=series), accept_encoding=accepted, from_loopback=from_loopback
    )

    assert "Content-Encoding" not in response.headers
    assert b"kafka_producer_up" in page_of(response)


def test_a_probe_reads_the_named_target():
    assert b'{target="checkout"}' in page_of(metrics("/probe?target=checkout&module=ignored"))


def test_a_probe_that_is_not_allowed_is_refused_with_the_reason():
    response = metrics("/probe?target=10.0.0.1%3A9999")

    assert (response.status, response.body) == (403, b"10.0.0.1:9999 is not a configured target\n")


@pytest.mark.parametrize("target", ["/probe", "/probe?target=", "/probe?target=a&target=b"])
def test_a_probe_must_name_one_target(target):
    response = metrics(target)

    assert (response.status, response.body) == (400, b"name one target: /probe?target=NAME\n")


def test_the_process_is_healthy_even_without_a_valid_configuration():
    assert metrics("/-/healthy", application=Program(broken=BAD)).status == 200


def test_the_process_is_ready_once_a_valid_configuration_is_loaded():
    assert metrics("/-/ready").status == 200

    response = metrics("/-/ready", application=Program(broken=BAD))

    assert (response.status, response.body) == (503, f"{BAD}\n".encode())


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_reload_reports_its_result(method):
    assert metrics("/-/reload", method=method).status == 200

    response = metrics("/-/reload", method=method, application=Program(broken=BAD))

    assert response.status == 500
    assert response.body.decode() == (
        "the new configuration is invalid; the current one stays in force\n"
        "exporter.yml: 1 problem; the log says what\n  targets[0].jmx.port\n"
    )


@pytest.mark.parametrize(
    ("target", "method", "allowed"),
    [("/metrics", "POST", "GET, HEAD"), ("/-/reload", "GET", "POST, PUT"), ("/", "DELETE", "GET, HEAD")],
)
def test_a_wrong_method_is_answered_with_the_allowed_ones(target, method, allowed):
    response = metrics(target, method=method)

    assert (response.status, response.headers["Allow"]) == (405, allowed)


def test_an_unknown_path_is_answered_with_the_known_ones():
    response = metrics("/metricz")

    assert response.status == 404
    assert b"\n  /metrics      the metrics of all targets\n" in response.body


def test_the_landing_page_links_to_what_can_be_read():
    body = metrics("/").body.decode()

    assert '<a href="/metrics">' in body
    assert '<a href="/-/reload">' not in body


def test_the_status_page_reads_no_jvm_that_was_read_within_five_seconds():
    application = Program()

    for target in ("/", "/targets.json"):
        pages(target, application=application)

        assert application.asked == {"max_age_seconds": 5.0, "deadline": 105.0}


@pytest.mark.parametrize(("target", "language"), [("/", "ko"), ("/?lang=en", "en")])
def test_the_status_page_is_in_the_language_of_the_reader_or_of_the_link(target, language):
    response = pages(target, accept_language="ko-KR,ko;q=0.9")

    assert f'<html lang="{language}">'.encode() in response.body
    assert (response.headers["Content-Language"], response.headers["Vary"]) == (language, "Accept-Language")


@pytest.mark.parametrize(
    ("target", "refreshes"), [("/", False), ("/?refresh=on", True), ("/?lang=ko&refresh=on", True)]
)
def test_the_status_page_loads_itself_again_only_if_the_reader_asks_for_it(target, refreshes):
    assert (b'http-equiv="refresh"' in pages(target).body) is refreshes


def test_an_exporter_that_serves_no_page_for_people_does_not_pay_for_its_memory():
    program = (
        "import sys, kafka_producer_exporter.commands.serve\n"
        "from kafka_producer_exporter.server.routes import metrics_handler, status_pages_handler\n"
        "metrics_handler(None), status_pages_handler(None, own_host=None)\n"
        "print([name for name in sys.modules if 'diagnos' in name or name.endswith(('status_page', 'guide_numbers'))])"
    )

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert loaded == "['kafka_producer_exporter.server.last_diagnosis']\n"


def test_the_status_page_may_load_and_run_nothing():
    headers = pages("/").headers

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline';")


def test_the_status_is_available_as_json():
    response = pages("/targets.json")

    content = json.loads(response.body)
    assert response.content_type == "application/json"
    assert content["config_error"] is None
    checkout, orders, unread = content["targets"]
    assert checkout == {
        "name": "checkout",
        "address": "checkout:9999",
        "up": True,
        "reason": "",
        "advice": "",
        "clients": 2,
        "series": 1234,
        "last_scrape": pytest.approx(time.time() - (time.monotonic() - 990.0), abs=1.0),
        "duration_seconds": 0.0123,
    }
    assert (orders["up"], orders["reason"], orders["clients"]) == (False, "refused", None)
    assert orders["advice"].startswith("nothing listens on orders:9999;")
    assert (unread["address"], unread["up"], unread["series"]) == ("[::1]:1", None, None)


@pytest.mark.parametrize("host", ["localhost:9798", "127.0.0.1:9798", "[::1]:9798", "LOCALHOST", "10.0.0.1", "[::1]"])
def test_the_status_pages_are_served_to_own_names_and_addresses(host):
    assert pages("/", host=host).status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9798", "localhost.evil.example", ""])
def test_a_foreign_name_that_resolves_to_this_machine_reads_nothing(host):
    response = pages("/", host=host)

    assert response.status == 403
    assert b"orders" not in response.body


def test_status_pages_on_a_public_address_are_served_under_any_name():
    assert pages("/", own_host=None, host="producers.example").status == 200


@pytest.mark.parametrize(("timeout", "is_long"), [("10", False), ("60", True), (None, False)])
def test_a_scrape_with_a_long_timeout_is_marked_as_such(timeout, is_long):
    headers = {} if timeout is None else {"x-prometheus-scrape-timeout-seconds": timeout}
    handler = metrics_handler(Program())

    answer = handler(Request(method="GET", path="/metrics", query="", headers=headers, keep_alive=True, received=100.0))

    assert isinstance(answer, LongWait) is is_long


def test_a_reload_over_http_is_refused_unless_it_is_enabled():
    program = Program(broken=BAD)  # a reload would raise

    response = ask(metrics_handler(program), "/-/reload", method="POST")

    assert response.status == 403
    assert b"--http-reload on" in response.body
