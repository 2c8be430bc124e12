"""The verb ``transactions``: lists open and hanging transactions and recent events, by ungrouped transactional id."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from kafka_producer_exporter.commands.arguments import add_settings_arguments, settings_from
from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.net.printable import printable
from kafka_producer_exporter.text import human_ago, human_seconds, table

if TYPE_CHECKING:
    from kafka_producer_exporter.broker.cluster.hanging import HangingTransaction
    from kafka_producer_exporter.broker.listing import TransactionOverview
    from kafka_producer_exporter.broker.log.outcomes import OpenTransaction
    from kafka_producer_exporter.broker.log.recent import EventSummary

Value = TypeVar("Value")

SHOWN = 20
"""The most lines of a section in the table; the JSON has all."""
SHOWN_PARTITIONS = 5
"""The most partitions of a transaction in the table; the JSON has all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own arguments."""
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--open", action="store_const", const="open", dest="only", help="list only open transactions")
    only.add_argument(
        "--hanging", action="store_const", const="hanging", dest="only", help="list only hanging transactions"
    )
    only.add_argument("--recent", action="store_const", const="recent", dest="only", help="list only recent events")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="default: %(default)s")
    add_settings_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the lists. Return 1 if a transaction is found to hang, 3 if the cluster cannot be asked, else 0."""
    broker = settings_from(arguments).broker
    if broker is None:
        raise ConfigError("broker", [Problem("--bootstrap-server", "there is no cluster; give HOST:PORT of a broker")])
    # Imported here, so that a wrong argument is reported without loading kafka-python.
    from kafka_producer_exporter.broker.listing import transaction_overview
    from kafka_producer_exporter.net.errors import TransportError

    try:
        overview = transaction_overview(broker, hanging=arguments.only in (None, "hanging"), report=_report)
    except TransportError as error:
        print(printable(f"{error.reason}: {error}", limit=None), file=sys.stderr)
        return 3
    server = str(broker.bootstrap_servers[0])
    if arguments.format == "json":
        found = as_json(overview, server, only=arguments.only, now_seconds=time.time())
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        sys.stdout.writelines(as_text(overview, server, only=arguments.only, now_seconds=time.time()))
    return 1 if overview.hanging else 0


def _report(line: str) -> None:
    print(printable(line, limit=None), file=sys.stderr, flush=True)


def as_json(overview: "TransactionOverview", server: str, *, only: str | None, now_seconds: float) -> dict[str, Any]:
    """Return the overview, or one section of it, as JSON values. A section that the user may not see is null."""
    now_ms = round(now_seconds * 1000)
    sections = {
        "open": _rows(overview.opened, _open_json),
        "hanging": _rows(overview.hanging, lambda one: {**one._asdict(), **_abort_json(one, overview, server, now_ms)}),
        "recent": _rows(overview.recent, lambda one: {**one._asdict(), "what": one.kind}),
    }
    shown = {name: rows for name, rows in sections.items() if only in (None, name)}
    return {**shown, "unseen": list(overview.unseen)}


def as_text(overview: "TransactionOverview", server: str, *, only: str | None, now_seconds: float) -> Iterator[str]:
    """Yield the overview, or one section of it, as tables. *now_seconds* is the time since the epoch."""
    if only in (None, "open") and overview.opened is not None:
        yield from _section("Open transactions", overview.opened, _open_table(overview.opened[:SHOWN]))
    if only in (None, "hanging") and overview.hanging is not None:
        rows = _hanging_table(overview.hanging[:SHOWN], now_seconds)
        yield from _section("Hanging transactions", overview.hanging, rows)
        for one in overview.hanging:
            yield from _hanging_lines(one, overview.max_timeout_ms, server, round(now_seconds * 1000))
    if only in (None, "recent") and overview.recent is not None:
        rows = _recent_table(overview.recent[:SHOWN], now_seconds)
        yield from _section("Aborts, sessions and new producer ids, rare ones first", overview.recent, rows)
    for line in overview.unseen:
        yield f"not shown: {printable(line, limit=None)}\n"


def _section(title: str, values: Sequence[object], rows: list[Sequence[str]]) -> Iterator[str]:
    yield f"{title}: {len(values) or 'none'}\n"
    if values:
        yield table(rows)
    if len(values) > SHOWN:
        yield f"  … and {len(values) - SHOWN} more; --format json has all\n"


def _open_table(transactions: Sequence["OpenTransaction"]) -> list[Sequence[str]]:
    head = ("transactional id", "state", "age", "timeout", "producer id", "epoch", "protocol", "partitions")
    return [
        head,
        *(
            (
                one.transactional_id,
                _state(one),
                human_seconds(one.age_seconds),
                human_seconds(one.timeout_seconds),
                str(one.producer_id),
                str(one.epoch),
                "?" if one.protocol is None else str(one.protocol),
                _partitions(one, most=SHOWN_PARTITIONS),
            )
            for one in transactions
        ),
    ]


def _hanging_table(transactions: Sequence["HangingTransaction"], now_seconds: float) -> list[Sequence[str]]:
    head = ("partition", "producer id", "epoch", "start offset", "last write", "records held back")
    return [
        head,
        *(
            (
                f"{one.topic}-{one.partition}",
                str(one.producer_id),
                str(one.epoch),
                str(one.start_offset),
                _ago(one.last_timestamp_ms, now_seconds),
                str(one.records_held_back),
            )
            for one in transactions
        ),
    ]


def _hanging_lines(one: "HangingTransaction", max_timeout_ms: int | None, server: str, now_ms: int) -> Iterator[str]:
    """Yield how sure the result is and, once the transaction is old enough, how to abort it and what to check first."""
    name = f"{printable(one.topic, limit=None)}-{one.partition}, producer id {one.producer_id}"
    if one.weaker:
        yield f"  {name}: weaker than usual, because {one.weaker}\n"
    if not one.is_older_than(max_timeout_ms, now_ms):
        yield f"  {name}: no command to abort it yet: {one.why_no_command(max_timeout_ms)}\n"
        return
    yield f"  {name}: before aborting it, check that\n"
    yield from (f"    - {check}\n" for check in one.checks(server))
    yield f"    then run: {one.abort_command(server)}\n"


def _abort_json(one: "HangingTransaction", overview: "TransactionOverview", server: str, now_ms: int) -> dict[str, Any]:
    if one.is_older_than(overview.max_timeout_ms, now_ms):
        return {"abort_command": one.abort_command(server), "check_first": one.checks(server)}
    return {"abort_command": None, "why_no_command": one.why_no_command(overview.max_timeout_ms)}


def _recent_table(events: Sequence["EventSummary"], now_seconds: float) -> list[Sequence[str]]:
    head = ("transactional id", "what", "reason", "times", "first", "last", "producer id", "epoch")
    return [
        head,
        *(
            (
                one.transactional_id,
                one.kind,
                one.reason,
                str(one.times),
                _ago(one.first_ms, now_seconds),
                _ago(one.last_ms, now_seconds),
                str(one.producer_id),
                str(one.epoch),
            )
            for one in events
        ),
    ]


def _open_json(transaction: "OpenTransaction") -> dict[str, Any]:
    return {**transaction._asdict(), "state": _state(transaction), "partitions": _partitions(transaction)}


def _rows(values: Sequence[Value] | None, row: Callable[[Value], dict[str, Any]]) -> list[dict[str, Any]] | None:
    return None if values is None else [row(value) for value in values]


def _state(transaction: "OpenTransaction") -> str:
    return transaction.state.name.replace("_", " ").lower()


def _partitions(transaction: "OpenTransaction", *, most: int | None = None) -> str:
    names = [f"{topic}-{number}" for topic, numbers in transaction.partitions for number in numbers]
    more = len(names) - len(names[:most])
    return " ".join([*names[:most], *([f"… and {more} more"] if more else [])])


def _ago(at_ms: int, now_seconds: float) -> str:
    return human_ago(now_seconds - at_ms / 1000)
