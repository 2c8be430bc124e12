from kafka_producer_exporter.broker.cluster.hanging import HangingTransaction
from kafka_producer_exporter.broker.log.outcomes import AbortReason, Event, IdChangeReason, OpenTransaction
from kafka_producer_exporter.broker.log.records import TransactionState
from kafka_producer_exporter.commands.transactions import SHOWN, as_rows, as_text

NOW = 1_000_000.0
OPEN = OpenTransaction(
    "orders-1", "orders-1", 4001, 7, TransactionState.ONGOING, 0, 42.0, 60.0, 2, (("orders", (0, 3)),)
)
HANGING = HangingTransaction("orders", 3, 4002, 1, 311, 999_990_000, 12)
ABORT = Event(999_940_000, "orders-1", AbortReason.FENCED, 4001, 7)


def text(**sections):
    return "".join(as_text({name: as_rows(rows) for name, rows in sections.items()}, (), now_seconds=NOW))


def test_an_open_transaction_shows_its_age_beside_its_time_out():
    line = text(open=[OPEN]).splitlines()[2]

    assert line.split() == ["orders-1", "ongoing", "42", "s", "60", "s", "4001", "7", "2", "orders-0", "orders-3"]


def test_an_event_shows_what_why_and_when():
    found = text(recent=[ABORT, ABORT._replace(reason=IdChangeReason.ROLLOVER)]).splitlines()

    assert found[2].split() == ["orders-1", "abort", "fenced", "60", "s", "ago", "4001", "7"]
    assert found[3].split()[1:5] == ["new", "producer", "id", "rollover"]


def test_a_hanging_transaction_shows_what_it_holds_back():
    line = text(hanging=[HANGING]).splitlines()[2]

    assert line.split() == ["orders-3", "4002", "1", "311", "10", "s", "ago", "12"]


def test_an_empty_section_says_so_and_one_that_was_not_seen_is_not_called_empty():
    assert text(open=[]) == "Open transactions: none\n"
    assert "".join(as_text({"open": None}, ["open transactions: no right"], now_seconds=NOW)) == (
        "not seen: open transactions: no right\n"
    )


def test_a_long_section_is_cut_and_says_where_the_rest_is():
    lines = text(recent=[ABORT] * (SHOWN + 5)).splitlines()

    assert lines[0].endswith(f": {SHOWN + 5}")
    assert lines[-1] == "  … and 5 more; --format json has all"
