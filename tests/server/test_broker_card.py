"""The brokers' card of the status page."""

import pytest

from kafka_producer_exporter.catalogue import broker
from kafka_producer_exporter.server.broker_card import SHOWN_ROWS
from tests.server.asking import family, status_text
from tests.server.reading import read


def card(*families, language="en"):
    return read(status_text(brokers=families, language=language)).only("section")


def facts(*families, language="en"):
    """Return the facts of the card by their names."""
    pairs = card(*families, language=language).only("dl").inside
    return {pair.only("dt").text: pair.only("dd").text for pair in pairs}


def test_a_shard_that_looks_for_no_hanging_transactions_does_not_claim_that_there_are_none():
    found = facts(family(broker.SHARD, ({"shard": "1", "total_shards": "4"}, 1)))

    assert (found["shard"], found["hanging transactions"]) == ("1 of 4", "see shard 0")


def test_a_poll_that_cannot_judge_does_not_claim_that_nothing_hangs():
    assert facts(family(broker.HANGING_JUDGED, ({}, 0)))["hanging transactions"] == "cannot be judged now"


SOURCES = (
    family(broker.SOURCE_UP, ({"source": "transaction_log"}, 1), ({"source": "topics"}, 0)),
    family(broker.SOURCE_ERROR, ({"source": "topics", "reason": "timeout"}, 1)),
    family(broker.COUNTING_SINCE, ({}, 880.0)),
    family(broker.EXACT, ({}, 1)),
    family(broker.LOG_LAG, ({}, 1234)),
    family(broker.OPEN, ({"transactional_id": "a"}, 2), ({"transactional_id": "b"}, 1)),
)


def test_the_card_shows_the_sources_and_since_when_they_count():
    section = card(*SOURCES)

    assert section.only("h2").text == "Brokers 1 of 2 sources up"
    assert section.attributes["class"] == "target down"
    assert section.only("a").attributes["href"] == "runbooks/KafkaProducerExporterSourceDown?lang=en"
    assert facts(*SOURCES) == {
        "sources": "transaction_log up, topics down: timeout",
        "counting": "exactly, began 120 s ago",
        "log lag": "1,234 records",
        "open transactions": "3",
        "hanging transactions": "0",
    }


def test_the_card_is_korean_for_those_who_want_it():
    assert facts(*SOURCES, language="ko")["집계"] == "정확함, 120초 전 시작"


def test_a_view_without_targets_does_not_ask_for_one():
    assert "No targets are configured" not in status_text(brokers=[])


def test_a_view_that_does_not_count_yet_says_so():
    found = facts(family(broker.SOURCE_UP, ({"source": "transaction_log"}, 0)))

    assert found["counting"] == "not yet"
    assert "log lag" not in found


def test_open_transactions_are_listed_with_their_age_and_timeout_the_oldest_first():
    ids = [{"transactional_id": name} for name in ("new", "old")]
    ages = zip(ids, (5.0, 1800.0), strict=True)

    table = card(
        family(broker.OPEN, (ids[0], 1), (ids[1], 3)),
        family(broker.OPEN_SECONDS, *ages),
        family(broker.TIMEOUT_SECONDS, (ids[1], 3600.0)),
    ).only("table")

    assert table.only("caption").text == "Open transactions"
    assert table.rows() == [
        ["transactional id", "open", "oldest open for", "timeout"],
        ["old", "3", "30 min", "60 min"],
        ["new", "1", "5 s", ""],
    ]


def test_hanging_transactions_are_listed_with_what_waits_behind_them_and_what_to_do():
    places = [{"topic": "orders<1>", "partition": str(number), "producer_id": "7"} for number in range(SHOWN_ROWS + 2)]

    section = card(
        family(broker.HANGING, *((place, 1) for place in places)),
        family(broker.HANGING_SECONDS, (places[3], 7200.0)),
        family(broker.HANGING_RECORDS, (places[3], 12345)),
    )

    assert section.only("h2").text == f"Brokers 0 of 0 sources up, hanging transactions: {len(places)}"
    assert section.only("table").rows()[:2] == [
        ["partition", "producer id", "last record", "records behind it"],
        ["orders<1>-3", "7", "2 h 0 min ago", "12,345"],
    ]
    assert len(section.only("table").rows()) == SHOWN_ROWS + 1
    assert "and 2 more" in section.text
    assert "kafka-producer-exporter transactions --hanging shows the commands" in section.text
    assert section.only("a").attributes["href"] == "runbooks/KafkaTransactionHanging?lang=en"


def test_each_transactional_id_has_the_guides_numbers_and_most_aborts_come_first():
    calm, other = {"transactional_id": "calm"}, {"transactional_id": "other"}

    tables = card(
        family(broker.STARTED, (calm, 1200.0), (other, 4.0)),
        family(broker.ABORTED, ({**other, "reason": "fenced"}, 1.0), ({**other, "reason": "timeout"}, 2.0)),
        family(broker.EPOCH, (calm, 12.0)),
        family(broker.INFO, ({**calm, "producer_id": "1234567"}, 1.0)),
    ).all("table")

    assert [table.only("caption").text for table in tables] == ["other", "calm"]
    assert [row[1] for row in tables[0].rows()] == ["no value", "no value", "4 in total", "3 in total"]
    assert tables[1].rows()[:3] == [
        ["producer id producer-id", "1234567"],
        ["epoch epoch", "12"],
        ["transactions begun transaction-start-rate", "1200 in total"],
    ]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_healthy_view_has_nothing_to_do(language):
    section = card(family(broker.SOURCE_UP, ({"source": "topics"}, 1)), language=language)

    assert section.attributes["class"] == "target up"
    assert not section.all("a")
    assert not section.all("table")
