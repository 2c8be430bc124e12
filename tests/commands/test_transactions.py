import json

import pytest

from kafka_producer_exporter.broker.cluster.hanging import HangingTransaction
from kafka_producer_exporter.broker.listing import TransactionOverview
from kafka_producer_exporter.broker.log.outcomes import AbortReason, IdChangeReason, OpenTransaction
from kafka_producer_exporter.broker.log.recent import EventSummary
from kafka_producer_exporter.broker.log.records import TransactionState
from kafka_producer_exporter.commands.transactions import SHOWN, as_json, as_text

NOW = 1_000_000.0
SERVER = "kafka-1:9092"
OPEN = OpenTransaction(
    "orders-1", "orders-1", 4001, 7, TransactionState.ONGOING, 0, 42.0, 60.0, 2, (("orders", (0, 3)),)
)
HANGING = HangingTransaction("orders", 3, 4002, 1, 311, 999_990_000, 12)
ABORT = EventSummary("orders-1", AbortReason.FENCED, 3, 999_900_000, 999_940_000, 4001, 7)


def overview(*, opened=None, hanging=None, recent=None, unseen=(), max_timeout_ms=None):
    return TransactionOverview(opened, hanging, recent, unseen, max_timeout_ms)


def text(only=None, **sections):
    return "".join(as_text(overview(**sections), SERVER, only=only, now_seconds=NOW))


def test_an_open_transaction_shows_its_age_beside_its_timeout():
    line = text(opened=[OPEN]).splitlines()[2]

    assert line.split() == ["orders-1", "ongoing", "42", "s", "60", "s", "4001", "7", "2", "orders-0", "orders-3"]


def test_a_long_list_of_partitions_is_cut_in_the_table_and_whole_in_the_json():
    wide = OPEN._replace(partitions=(("orders", tuple(range(100))),))

    line = text(opened=[wide]).splitlines()[2]
    (row,) = as_json(overview(opened=[wide]), SERVER, only="open", now_seconds=NOW)["open"]

    assert line.endswith("orders-0 orders-1 orders-2 orders-3 orders-4 … and 95 more")
    assert len(row["partitions"].split()) == 100


def test_an_event_shows_what_happened_why_how_often_and_when():
    found = text(recent=[ABORT, ABORT._replace(reason=IdChangeReason.ROLLOVER)]).splitlines()

    assert found[2].split() == ["orders-1", "abort", "fenced", "3", "100", "s", "ago", "60", "s", "ago", "4001", "7"]
    assert found[3].split()[1:5] == ["new", "producer", "id", "rollover"]


def test_a_hanging_transaction_shows_what_it_holds_back_and_the_command_that_aborts_it_after_what_to_check():
    lines = text(hanging=[HANGING], max_timeout_ms=9_000).splitlines()

    assert lines[2].split() == ["orders-3", "4002", "1", "311", "10", "s", "ago", "12"]
    assert lines[3] == "  orders-3, producer id 4002: before aborting it, check that"
    assert lines[4:-1] == [f"    - {check}" for check in HANGING.checks(SERVER)]
    assert lines[-1] == f"    then run: {HANGING.abort_command(SERVER)}"


@pytest.mark.parametrize(
    ("max_timeout_ms", "why"),
    [
        (900_000, "it is younger than transaction.max.timeout.ms (900 s)"),
        (None, "grant DescribeConfigs on the cluster"),
    ],
)
def test_the_command_is_not_shown_while_the_transaction_may_be_healthy(max_timeout_ms, why):
    found = text(hanging=[HANGING], max_timeout_ms=max_timeout_ms)
    (row,) = as_json(
        overview(hanging=[HANGING], max_timeout_ms=max_timeout_ms), SERVER, only="hanging", now_seconds=NOW
    )["hanging"]

    assert "no command to abort it yet" in found
    assert why in found
    assert HANGING.abort_command(SERVER) not in found
    assert row["abort_command"] is None
    assert why in row["why_no_command"]


def test_a_result_without_the_log_says_that_it_is_weaker():
    found = text(hanging=[HANGING._replace(weaker="the user may not read it")])

    assert "  orders-3, producer id 4002: weaker than usual, because the user may not read it\n" in found


def test_an_empty_section_says_so_and_an_unseen_one_is_not_called_empty():
    assert text(opened=[]) == "Open transactions: none\n"
    assert text(unseen=["open transactions: no right"]) == "not shown: open transactions: no right\n"


def test_a_long_section_is_cut_and_says_where_the_rest_is():
    lines = text(recent=[ABORT] * (SHOWN + 5)).splitlines()

    assert lines[0].endswith(f": {SHOWN + 5}")
    assert lines[-1] == "  … and 5 more; --format json has all"


def test_a_single_section_is_shown_alone():
    assert text(only="hanging", opened=[OPEN], hanging=[], recent=[ABORT]) == "Hanging transactions: none\n"


def test_the_json_has_every_field_and_null_for_what_the_user_may_not_see():
    everything = overview(opened=[OPEN], hanging=[HANGING], unseen=["recent events: no right"], max_timeout_ms=9_000)

    found = as_json(everything, SERVER, only=None, now_seconds=NOW)

    assert json.loads(json.dumps(found)) == {
        "open": [
            {
                "transactional_id": "orders-1",
                "name": "orders-1",
                "producer_id": 4001,
                "epoch": 7,
                "state": "ongoing",
                "start_ms": 0,
                "age_seconds": 42.0,
                "timeout_seconds": 60.0,
                "protocol": 2,
                "partitions": "orders-0 orders-3",
            }
        ],
        "hanging": [
            {
                "topic": "orders",
                "partition": 3,
                "producer_id": 4002,
                "epoch": 1,
                "start_offset": 311,
                "last_timestamp_ms": 999_990_000,
                "records_held_back": 12,
                "weaker": None,
                "abort_command": HANGING.abort_command(SERVER),
                "check_first": HANGING.checks(SERVER),
            }
        ],
        "recent": None,
        "unseen": ["recent events: no right"],
    }


def test_an_event_in_the_json_says_what_happened():
    (event,) = as_json(overview(recent=[ABORT]), SERVER, only="recent", now_seconds=NOW)["recent"]

    assert (event["what"], event["reason"], event["times"]) == ("abort", "fenced", 3)
    assert (event["first_ms"], event["last_ms"]) == (999_900_000, 999_940_000)
