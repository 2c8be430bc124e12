"""The page ``/diagnose``."""

from html.parser import HTMLParser

import pytest

from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.diagnosis.evidence import provided_by
from kafka_producer_exporter.model import Family, Labels
from kafka_producer_exporter.server.application import Collected
from kafka_producer_exporter.server.connections import LongWait
from kafka_producer_exporter.server.diagnose_page import INTERVAL_SECONDS, diagnose_response
from kafka_producer_exporter.server.last_diagnosis import LastDiagnosis
from kafka_producer_exporter.server.messages import Request
from kafka_producer_exporter.server.routes import status_pages_handler
from tests.diagnosis.hand_made import evidence
from tests.server.reading import read


def families_of(page):
    return [
        Family(METRICS[name], [(Labels({"target": "checkout", **labels}), value) for labels, value in series])
        for name, series in page.items()
    ]


class Program:
    """An application whose pages are those of an evidence, and which remembers when it was asked."""

    def __init__(self, found, *, view=None, more=()):
        up = ("kafka_producer_up", {"target": "checkout"}, 1.0)
        self.pages = []
        for reading in (found.first, found.second):
            page = dict(reading.page)
            for name, labels, value in (up, *more):
                page[name] = [*page.get(name, ()), (labels, value)]
            self.pages.append(page)
        self.view = view
        self.last = LastDiagnosis()
        self.waited = 0.0

    def collect(self, *, deadline):
        page = families_of(self.pages.pop(0))
        return Collected(object(), lambda: page)

    def broker_families(self):
        return self.view

    def sleep(self, seconds):
        self.waited += seconds

    def clock(self):
        return self.waited


def request_for(query="", **headers):
    return Request(
        method="GET", path="/diagnose", query=query, headers=headers, keep_alive=True, received=0.0, from_loopback=True
    )


def shown(program, query="", **headers):
    request = request_for(query, **headers)
    response = diagnose_response(program, request, program.last, sleep=program.sleep, clock=program.clock)
    return b"".join(response.chunks).decode() if response.chunks else response.body.decode()


def test_a_finding_is_shown_with_its_numbers_changes_and_runbook():
    program = Program(evidence(produce_throttle_time_max_seconds=2.4))

    text = shown(program)

    assert program.waited == INTERVAL_SECONDS
    assert "A quota slows the producer down (certain)" in text
    assert "orders: kafka_producer_produce_throttle_time_max_seconds = 2.4 s" in text
    assert "producer_byte_rate: raise it" in text
    assert '<a href="runbooks/KafkaProducerThrottled?lang=en">' in text


def test_what_is_found_is_kept_for_the_status_page():
    found, healthy = Program(evidence(produce_throttle_time_max_seconds=2.4)), Program(evidence())

    for program in (found, healthy):
        assert program.last.of("checkout") is None
        shown(program)

    (title,) = found.last.of("checkout").titles
    assert title == ("A quota slows the producer down (certain)", "쿼터가 프로듀서를 늦추고 있습니다 (확실)")
    assert healthy.last.of("checkout").titles == []


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_page_has_landmarks_headings_and_a_label_for_each_list(language):
    page = read(shown(Program(evidence(produce_throttle_time_max_seconds=2.4)), f"lang={language}"))

    body = page.only("body")
    assert page.only("meta", name="viewport")
    assert [one.tag for one in body.inside] == ["header", "main", "footer"]
    assert [one.tag for one in body.below() if one.tag in ("h1", "h2", "h3")] == ["h1", "h2", "h3"]
    assert body.only("a", aria_current="page").attributes["href"] == f"diagnose?lang={language}"
    labels = {"en": ["Seen:", "Change:"], "ko": ["근거:", "조치:"]}
    assert [one.text for one in body.all("p", class_="advice soft")] == labels[language]


def test_a_target_with_findings_comes_before_a_healthy_one():
    more = [(name, {"target": "second"}, value) for name, value in [("kafka_producer_up", 0.0)]]

    sections = read(shown(Program(evidence(), more=more))).all("section")

    assert [section.only("h2").text.partition(" ")[0] for section in sections] == ["second", "checkout"]


def test_a_word_between_backticks_is_shown_as_code():
    found = evidence(buffer_exhausted_total=3.0, waiting_threads=2.0, buffer_available_bytes=0.0)

    assert "<code>send</code> blocks" in shown(Program(found))


def test_a_healthy_producer_shows_that_nothing_was_found_and_what_is_not_known():
    text = shown(Program(evidence()))

    assert "nothing was found" in text
    assert "hanging-transaction" in text


@pytest.mark.parametrize(("query", "headers"), [("lang=ko", {}), ("", {"accept-language": "ko-KR,ko;q=0.9"})])
def test_the_page_is_korean_for_those_who_want_it(query, headers):
    text = shown(Program(evidence(produce_throttle_time_max_seconds=2.4)), query, **headers)

    assert '<html lang="ko">' in text
    assert "쿼터가 프로듀서를 늦추고 있습니다" in text


def test_a_target_that_is_down_shows_the_reason():
    found = evidence()
    empty = type(found)(first=found.first._replace(page={}), second=found.second._replace(page={}))
    program = Program(
        empty, more=[("kafka_producer_exporter_target_error", {"target": "checkout", "reason": "dns"}, 1)]
    )
    program.pages[1]["kafka_producer_up"] = [({"target": "checkout"}, 0.0)]

    assert "cannot be read (dns)" in shown(program)


def test_counters_of_the_broker_view_are_events():
    more = [
        (
            "kafka_transactional_producer_session_total",
            {"target": "", "transactional_id": "orders-0", "reason": "takeover"},
            3.0,
        )
    ]
    program = Program(evidence(), view=[], more=more)
    program.pages[0]["kafka_transactional_producer_session_total"] = [
        ({"target": "", "transactional_id": "orders-0", "reason": "takeover"}, 1.0)
    ]

    text = shown(program)

    assert "Two instances use one transactional.id (certain)" in text


def test_no_name_becomes_markup():
    text = shown(Program(evidence(client="<script>alert(1)</script>", produce_throttle_time_max_seconds=2.4)))

    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: tags.append(tag)
    parser.feed(text)
    assert "script" not in tags
    assert "&lt;script&gt;" in text


def test_the_page_waits_as_a_long_wait_so_that_it_blocks_no_other_page():
    handler = status_pages_handler(Program(evidence()), own_host="127.0.0.1")

    assert isinstance(handler(request_for()), LongWait)


def test_what_a_page_can_have_follows_from_its_profile():
    default = {"kafka_producer_buffer_total_bytes": [], "kafka_producer_connections": []}

    assert "kafka_producer_batch_size_max_bytes" in provided_by(default | {"kafka_producer_network_io_total": []})
    assert "kafka_producer_network_io_total" not in provided_by({"kafka_producer_up": []})
