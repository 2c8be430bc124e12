import gzip
import json
import time
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.model import Family, Kind, Labels, Metric
from kafka_producer_exporter.server.application import ProbeRefused, TargetStatus
from kafka_producer_exporter.server.connections import Response
from kafka_producer_exporter.server.messages import Request
from kafka_producer_exporter.server.page import targets_page
from kafka_producer_exporter.server.routes import GZIP_FROM_BYTES, deadline, metrics_handler, pages_handler

UP = Metric(name="kafka_producer_up", kind=Kind.GAUGE, help="Whether the target answered.", section="test")
CHECKOUT = TargetStatus(name="checkout", address="checkout:9999", up=True, clients=2, series=1234, last_scrape=990.0)
ORDERS = TargetStatus(
    name="orders",
    address="orders:9999",
    up=False,
    reason="refused",
    advice="nothing listens on orders:9999; was the JVM started with -Dcom.sun.management.jmxremote.port=9999?",
)
BAD = ConfigError("exporter.yml", [Problem("targets[0].jmx.port", "99999 is not a port; use 1 to 65535")])


class Program:
    """An application with the targets checkout and orders."""

    def __init__(self, *, series=1, broken=None):
        self.series = series
        self.broken = broken
        self.asked = {}

    def collect(self, *, deadline):
        self.asked = {"deadline": deadline}
        return [Family(UP, [(Labels({"target": f"t{number}"}), 1.0) for number in range(self.series)])]

    def probe(self, target, *, deadline):
        if target != "checkout":
            raise ProbeRefused(f"{target} is no configured target")
        return [Family(UP, [(Labels({"target": target}), 1.0)])]

    def statuses(self, *, max_age_seconds, deadline):
        self.asked = {"max_age_seconds": max_age_seconds, "deadline": deadline}
        return [CHECKOUT, ORDERS]

    def reload(self):
        if self.broken:
            raise self.broken

    def config_error(self):
        return self.broken and str(self.broken)


def ask(handler, target, *, method="GET", from_loopback=False, **headers):
    path, _, query = target.partition("?")
    request = Request(
        method=method,
        path=path,
        query=query,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        keep_alive=True,
        received=100.0,
        from_loopback=from_loopback,
    )
    answer = handler(request)
    return answer if isinstance(answer, Response) else answer()


def metrics(target, *, application=None, **options):
    return ask(metrics_handler(application or Program()), target, **options)


def pages(target, *, application=None, own_host="127.0.0.1", **options):
    return ask(pages_handler(application or Program(), own_host=own_host), target, **options)


def page_text(**options):
    return targets_page([ORDERS, CHECKOUT], now=1000.0, **{"config_error": None} | options).decode()


def test_metrics_are_served_as_text():
    response = metrics("/metrics")

    assert response.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert b'\nkafka_producer_up{target="t0"} 1.0\n' in response.body


def test_who_asks_for_openmetrics_gets_it():
    response = metrics("/metrics", accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")

    assert response.content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert response.body.endswith(b"# EOF\n")


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
def test_the_deadline_is_a_little_before_prometheus_gives_up(header, seconds):
    headers = {} if header is None else {"x-prometheus-scrape-timeout-seconds": header}
    request = Request(method="GET", path="/metrics", query="", headers=headers, keep_alive=True, received=100.0)

    assert deadline(request) == 100.0 + seconds


def test_a_scrape_has_its_deadline_from_the_time_it_came_in():
    application = Program()

    metrics("/metrics", application=application, x_prometheus_scrape_timeout_seconds="3")

    assert application.asked == {"deadline": 102.5}


@pytest.mark.parametrize("accepted", ["gzip", "br;q=1.0, GZIP; q=0.5", "gzip;q=1"])
def test_a_large_page_for_another_machine_is_compressed(accepted):
    application = Program(series=5000)
    plain = metrics("/metrics", application=application)

    packed = metrics("/metrics", application=application, accept_encoding=accepted)

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 5
    assert len(plain.body) > GZIP_FROM_BYTES


@pytest.mark.parametrize(
    ("series", "accepted", "from_loopback"),
    [(1, "gzip", False), (5000, "gzip", True), (5000, "identity", False), (5000, "gzip;q=0.0", False)],
    ids=["a small page", "the same machine", "not accepted", "ruled out"],
)
def test_compression_is_left_out_where_it_only_costs(series, accepted, from_loopback):
    response = metrics(
        "/metrics", application=Program(series=series), accept_encoding=accepted, from_loopback=from_loopback
    )

    assert "Content-Encoding" not in response.headers
    assert b"kafka_producer_up" in response.body


def test_a_probe_reads_the_target_that_it_names():
    assert b'{target="checkout"}' in metrics("/probe?target=checkout&module=ignored").body


def test_a_probe_of_what_is_not_allowed_is_refused_with_the_reason():
    response = metrics("/probe?target=10.0.0.1%3A9999")

    assert (response.status, response.body) == (403, b"10.0.0.1:9999 is no configured target\n")


@pytest.mark.parametrize("target", ["/probe", "/probe?target=", "/probe?target=a&target=b"])
def test_a_probe_names_one_target(target):
    response = metrics(target)

    assert (response.status, response.body) == (400, b"say which target: /probe?target=NAME\n")


def test_the_process_is_healthy_even_without_a_configuration():
    assert metrics("/-/healthy", application=Program(broken=BAD)).status == 200


def test_the_process_is_ready_once_a_configuration_is_in_force():
    assert metrics("/-/ready").status == 200

    response = metrics("/-/ready", application=Program(broken=BAD))

    assert (response.status, response.body) == (503, f"{BAD}\n".encode())


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_reload_says_how_it_went(method):
    assert metrics("/-/reload", method=method).status == 200

    response = metrics("/-/reload", method=method, application=Program(broken=BAD))

    assert response.status == 500
    assert response.body.decode() == f"the running configuration stays in force\n{BAD}\n"


@pytest.mark.parametrize(
    ("target", "method", "allowed"),
    [("/metrics", "POST", "GET, HEAD"), ("/-/reload", "GET", "POST, PUT"), ("/", "DELETE", "GET, HEAD")],
)
def test_a_wrong_method_is_told_the_right_ones(target, method, allowed):
    response = metrics(target, method=method)

    assert (response.status, response.headers["Allow"]) == (405, allowed)


def test_a_wrong_path_is_told_the_right_ones():
    response = metrics("/metricz")

    assert response.status == 404
    assert b"\n  /metrics      the metrics of all targets\n" in response.body


def test_the_front_page_links_to_what_can_be_read():
    body = metrics("/").body.decode()

    assert '<a href="/metrics">' in body
    assert '<a href="/-/reload">' not in body


def test_the_page_reads_no_jvm_whose_last_read_is_younger_than_five_seconds():
    application = Program()

    for target in ("/", "/targets.json"):
        pages(target, application=application)

        assert application.asked == {"max_age_seconds": 5.0, "deadline": 105.0}


def test_the_page_may_load_and_run_nothing():
    headers = pages("/").headers

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline';")


def test_a_program_gets_what_a_person_sees():
    response = pages("/targets.json")

    content = json.loads(response.body)
    assert response.content_type == "application/json"
    assert content["config_error"] is None
    assert [target["name"] for target in content["targets"]] == ["checkout", "orders"]
    assert content["targets"][1]["reason"] == "refused"


@pytest.mark.parametrize("host", ["localhost:9798", "127.0.0.1:9798", "[::1]:9798", "LOCALHOST", "10.0.0.1", "[::1]"])
def test_the_pages_answer_who_came_by_an_address(host):
    assert pages("/", host=host).status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9798", "localhost.evil.example", ""])
def test_a_foreign_name_that_was_bound_to_this_machine_reads_nothing(host):
    response = pages("/", host=host)

    assert response.status == 403
    assert b"orders" not in response.body


def test_pages_that_are_open_to_others_answer_any_name():
    assert pages("/", own_host=None, host="producers.example").status == 200


def test_the_page_shows_trouble_first_with_reason_and_advice():
    text = page_text()

    assert text.index("orders") < text.index("checkout")
    assert "down: refused" in text
    assert "<code>-Dcom.sun.management.jmxremote.port=9999</code>?" in text
    assert "<title>1 down · Kafka producers</title>" in text
    assert "1 of 2 targets up, 1 down" in text


def test_the_page_shows_when_a_target_was_scraped_and_what_it_has():
    text = page_text()

    assert "1970-01-01 00:16:30 UTC, 10 s ago" in text
    assert "<dt>producers</dt><dd>2</dd>" in text
    assert "<dt>series</dt><dd>1,234</dd>" in text


@pytest.mark.parametrize(
    ("age_seconds", "text"),
    [(-5, "just now"), (59, "59 s ago"), (61, "1 min ago"), (7200, "2 h ago"), (200_000, "2 d ago")],
)
def test_a_time_is_given_in_its_largest_unit(age_seconds, text):
    status = replace(CHECKOUT, last_scrape=1_000_000.0 - age_seconds)

    assert f", {text}<" in targets_page([status], config_error=None, now=1_000_000.0).decode()


def test_a_target_that_was_not_read_shows_no_number():
    text = targets_page([TargetStatus(name="new", address="new:1", up=None)], config_error=None, now=1000.0).decode()

    assert "not read yet" in text
    assert "<dt>" not in text


def test_the_page_shows_why_no_configuration_is_in_force():
    text = targets_page([], config_error=str(BAD), now=1000.0).decode()

    assert "targets[0].jmx.port: 99999 is not a port" in text
    assert "No targets are configured" not in text


def test_without_targets_the_page_says_how_to_add_one():
    assert "--target NAME=HOST:PORT" in targets_page([], config_error=None).decode()


def test_nothing_that_others_wrote_becomes_markup():
    evil = '</code><script>"&'
    status = TargetStatus(name=evil, address=evil, up=False, reason=evil, advice=f"{evil} -D{evil}")
    tags = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: tags.add(tag)

    parser.feed(targets_page([status], config_error=evil, now=time.time()).decode())

    assert "code" in tags
    assert "script" not in tags
