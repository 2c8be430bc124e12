"""The page ``/``: what it shows, in which order, and that nothing on it comes from elsewhere as it came."""

import re
from dataclasses import replace

import pytest

from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.languages import LANGUAGES, Text
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.server.guide_numbers import OF_PRODUCER
from kafka_producer_exporter.server.last_diagnosis import KEPT_SECONDS, LastDiagnosis
from kafka_producer_exporter.server.status_page import SHOWN_OF_TARGET, SHOWN_PRODUCERS
from tests.server.asking import BAD, UNREAD, checkout, family, orders, status_text
from tests.server.reading import read

EVIL = "</code></caption><script>\"&'\x1b[2J\u202e\n"


def with_producers(status, clients, *, name="kafka_producer_record_send_rate", value=50.0):
    """Return a status with these clients, each of which has one number."""
    samples = [({"target": status.name, "client_id": client}, value) for client in clients]
    families = [*status.scrape.families, family(METRICS[name], *samples)]
    return replace(status, scrape=status.scrape._replace(families=families, clients=len(clients)))


def test_trouble_comes_first_with_reason_advice_and_runbook():
    text = status_text(checkout(), orders())

    first, second = read(text).all("section")
    assert first.only("h2").text == "orders orders:9999 down: refused"
    assert "<code>-Dcom.sun.management.jmxremote.port=9999</code> and" in text
    assert first.only("a").attributes["href"] == "runbooks/KafkaProducerTargetDown?lang=en"
    assert second.only("h2").text == "checkout checkout:9999 up"
    assert "<title>1 down · Kafka producers</title>" in text
    assert "1 of 2 targets up, 1 down. " in text


def test_a_target_that_is_up_shows_why_one_of_its_producers_has_no_metrics():
    status = checkout()
    hidden = replace(status, scrape=status.scrape._replace(detail="orders: alive, but without metrics because …"))

    section = read(status_text(hidden)).only("section", class_="target up")

    assert section.only("p", class_="advice").text == "orders: alive, but without metrics because …"


def test_a_target_shows_when_it_was_scraped_and_what_it_has():
    facts = read(status_text(checkout())).only("dl")

    assert [pair.text for pair in facts.inside] == [
        "producers2",
        "series1,234",
        "last scrape1970-01-01 00:16:30 UTC, 10 s ago",
        "took12.3 ms",
    ]


def test_a_target_that_has_not_been_read_shows_no_number():
    text = status_text(UNREAD)

    assert "not read yet" in text
    assert "<dt>" not in text


def test_an_invalid_configuration_is_shown_line_by_line():
    text = status_text(config_error=f"{BAD}\n<b>")

    assert "targets[0].jmx.port: 99999 is not a port; use 1 to 65535\n&lt;b&gt;</pre>" in text
    assert "No targets are configured" not in text


def test_without_targets_the_page_says_how_to_add_one():
    assert "--target NAME=HOST:PORT" in status_text()


def test_the_age_of_a_scrape_survives_a_step_of_the_clock():
    assert "10 s ago" in status_text(checkout(), now=1000.0 + 86_400)


def test_each_producer_has_a_table_with_the_guides_numbers():
    status = with_producers(checkout(), ["orders-1", "orders-2"])

    tables = read(status_text(status)).all("table")

    assert [table.only("caption").text for table in tables] == ["orders-1", "orders-2"]
    assert tables[0].rows()[:2] == [
        ["records sent record-send-rate", "50 per second"],
        ["latency of produce requests, average request-latency-avg", "no value"],
    ]
    assert len(tables[0].rows()) == len(OF_PRODUCER)


def test_producers_with_errors_come_first_and_the_others_are_counted():
    calm = [f"calm-{number}" for number in range(SHOWN_OF_TARGET + 4)]
    status = with_producers(with_producers(checkout(), calm), ["zeal"], name="kafka_producer_record_error_rate")

    page = read(status_text(status))

    captions = [caption.text for caption in page.all("caption")]
    assert (captions[0], len(captions)) == ("zeal", SHOWN_OF_TARGET)
    assert "and 5 more, which the metrics page has" in page.text


def test_the_page_stays_small_however_many_producers_there_are():
    names = [f"client-{number}" for number in range(100)]
    statuses = [replace(with_producers(checkout(), names), name=f"target-{number}") for number in range(20)]

    text = status_text(*statuses)

    assert text.count("<table>") == SHOWN_PRODUCERS
    assert "and 100 more, which the metrics page has" in text
    assert len(text) < 200_000


def test_a_target_that_is_down_or_a_broker_has_no_table():
    broker = with_producers(checkout(), ["orders-1"])
    broker = replace(broker, scrape=broker.scrape._replace(clients=None))

    assert "<table>" not in status_text(orders(), broker)


def test_the_last_findings_are_shown_with_their_age_and_lead_to_the_diagnosis():
    now = [500.0]
    diagnosed = LastDiagnosis(clock=lambda: now[0])
    diagnosed.keep({"checkout": [Text("<A quota> slows it down", "쿼터")], "orders": []})
    now[0] += 60

    page = read(status_text(checkout(), orders(), diagnosed=diagnosed))
    now[0] += KEPT_SECONDS
    later = read(status_text(checkout(), orders(), diagnosed=diagnosed))

    assert "Diagnosed 60 s ago: <A quota> slows it down" in page.text
    assert "Diagnosed 60 s ago: nothing was found" in page.text
    assert [one.text for one in page.all("a", href="diagnose?lang=en")][2:] == [
        "nothing was found",
        "<A quota> slows it down",
    ]
    assert "Diagnosed" not in later.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_the_landmarks_and_headings_that_a_screen_reader_jumps_to(language):
    status = with_producers(checkout(), ["orders-1"])

    page = read(status_text(status, orders(), UNREAD, language=language))

    assert page.only("html").attributes["lang"] == language
    assert page.only("meta", name="viewport").attributes["content"] == "width=device-width, initial-scale=1"
    body = page.only("body")
    assert [one.tag for one in body.inside] == ["header", "main", "footer"]
    assert body.only("nav").attributes["aria-label"]
    assert body.only("a", aria_current="page").attributes["href"] == f"./?lang={language}"
    assert [one.tag for one in body.below() if re.fullmatch("h[1-6]", one.tag)] == ["h1", "h2", "h2", "h2"]
    for table in body.all("table"):
        assert table.only("caption").text
        assert all(cell.attributes["scope"] in ("row", "col") for cell in table.all("th"))
    assert {one.attributes["lang"] for one in body.all("p", class_="advice") if "listens" in one.text} == {"en"}


def test_every_link_stays_on_this_server_and_in_this_language():
    status = with_producers(checkout(), ["orders-1"], name="kafka_producer_record_error_rate")

    links = read(status_text(status, orders(), language="ko", refreshes=True)).all("a")

    places = [one.attributes["href"] for one in links]
    assert not [place for place in places if ":" in place or place.startswith("/")]
    assert [place for place in places if "lang=ko" not in place] == ["?lang=en&refresh=on", "targets.json"]


def test_the_korean_page_is_korean():
    text = status_text(with_producers(checkout(), ["orders-1"]), orders(), language="ko")

    main = read(text).only("main")
    assert main.only("h1").text == "Kafka 프로듀서"
    assert "대상 2개 중 1개 정상, 1개 응답 없음" in main.text
    assert "초당 50건" in main.text
    assert "10초 전" in main.text
    assert not re.search(r"\b(ago|per second|up|down|no value|s|min)\b", main.text)


def test_nothing_from_elsewhere_becomes_markup_or_keeps_a_control_character():
    status = replace(orders(detail=f"{EVIL} -D{EVIL}"), name=EVIL, address=Address(EVIL, 1))
    up = with_producers(replace(checkout(), name=f"up{EVIL}"), [EVIL])
    tags = {one.tag for one in read(status_text(orders(), with_producers(checkout(), ["a"]), config_error="a")).below()}

    text = status_text(status, up, config_error=EVIL)

    assert {one.tag for one in read(text).below()} == tags
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_half_of_a_surrogate_pair_does_not_break_the_page():
    assert "up\N{QUESTION MARK}" in status_text(replace(checkout(), name="up\ud800"))


def test_the_page_is_refreshed_only_if_asked_and_says_how_to_change_that():
    still, refreshing = read(status_text(checkout())), read(status_text(checkout(), refreshes=True))

    assert not still.all("meta", http_equiv="refresh")
    assert still.only("a", href="./?lang=en&refresh=on").text == "refresh every 10 s"
    assert refreshing.only("meta", http_equiv="refresh").attributes["content"] == "10"
    assert refreshing.only("footer").only("a", href="./?lang=en").text == "do not refresh"
