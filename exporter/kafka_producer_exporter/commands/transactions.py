"""The verb ``transactions``: what is open, hanging, or lately aborted or reset in a cluster, by raw id."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence

from kafka_producer_exporter.commands.arguments import add_settings_arguments, settings_from
from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.text import human_seconds, table

SECTIONS = ("open", "hanging", "recent")
SHOWN = 20
"""Lines of a section; the JSON has all."""

Row = Mapping[str, str | int | float | None]
Sections = Mapping[str, Sequence[Row] | None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own arguments."""
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--open", action="store_const", const="open", dest="only", help="only those that are open")
    only.add_argument("--hanging", action="store_const", const="hanging", dest="only", help="only those that hang")
    only.add_argument("--recent", action="store_const", const="recent", dest="only", help="only what happened lately")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="default: %(default)s")
    add_settings_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """List and print; returns 1 where a transaction hangs, 3 where the cluster cannot be asked, else 0."""
    broker = settings_from(arguments).broker
    if broker is None:
        raise ConfigError("broker", [Problem("--bootstrap-server", "there is no cluster; give HOST:PORT of a broker")])
    # Here, so that what is wrong with the arguments is told without loading kafka-python.
    from kafka_producer_exporter.broker.listing import list_transactions_now
    from kafka_producer_exporter.net.errors import TransportError

    try:
        listing = list_transactions_now(broker)
    except TransportError as error:
        print(f"{error.reason}: {error}", file=sys.stderr)
        return 3
    found: Sections = {
        "open": as_rows(listing.opened),
        "hanging": None
        if listing.hanging is None
        else [
            {**one._asdict(), "abort_command": one.abort_command(str(broker.bootstrap_servers[0]))}
            for one in listing.hanging
        ],
        "recent": as_rows(listing.recent),
    }
    shown = {name: rows for name, rows in found.items() if arguments.only in (None, name)}
    if arguments.format == "json":
        sys.stdout.write(
            json.dumps({**shown, "unseen": listing.unseen}, indent=2, ensure_ascii=False, default=str) + "\n"
        )
    else:
        sys.stdout.writelines(as_text(shown, listing.unseen, now_seconds=time.time()))
    return 1 if listing.hanging else 0


def as_text(sections: Sections, unseen: Sequence[str], *, now_seconds: float) -> Iterator[str]:
    """Yield the sections as tables; ``now_seconds`` since the epoch."""
    for name, rows in sections.items():
        if rows is not None:
            yield f"{_TITLES[name]}: {len(rows) or 'none'}\n"
            if rows:
                yield table(_TABLES[name](rows[:SHOWN], now_seconds))
            if len(rows) > SHOWN:
                yield f"  … and {len(rows) - SHOWN} more; --format json has all\n"
            yield from (f"  to end it: {row['abort_command']}\n" for row in rows if "abort_command" in row)
    for line in unseen:
        yield f"not seen: {line}\n"


def _open_table(rows: Sequence[Row], _: float) -> list[Sequence[str]]:
    head = ("transactional id", "state", "age", "time-out", "producer id", "epoch", "protocol", "partitions")
    return [
        head,
        *(
            (
                str(row["transactional_id"]),
                str(row["state"]),
                human_seconds(_number(row, "age_seconds")),
                human_seconds(_number(row, "timeout_seconds")),
                str(row["producer_id"]),
                str(row["epoch"]),
                "?" if row["protocol"] is None else str(row["protocol"]),
                str(row["partitions"]),
            )
            for row in rows
        ),
    ]


def _hanging_table(rows: Sequence[Row], now_seconds: float) -> list[Sequence[str]]:
    head = ("partition", "producer id", "epoch", "start offset", "last write", "records held back")
    return [
        head,
        *(
            (
                f"{row['topic']}-{row['partition']}",
                str(row["producer_id"]),
                str(row["epoch"]),
                str(row["start_offset"]),
                _ago(_number(row, "last_timestamp_ms"), now_seconds),
                str(row["records_held_back"]),
            )
            for row in rows
        ),
    ]


def _recent_table(rows: Sequence[Row], now_seconds: float) -> list[Sequence[str]]:
    head = ("transactional id", "what", "reason", "when", "producer id", "epoch")
    return [
        head,
        *(
            (
                str(row["transactional_id"]),
                str(row["what"]),
                str(row["reason"]),
                _ago(_number(row, "at_ms"), now_seconds),
                str(row["producer_id"]),
                str(row["epoch"]),
            )
            for row in rows
        ),
    ]


_TITLES = {"open": "Open transactions", "hanging": "Hanging transactions", "recent": "Aborts and resets, newest first"}
_TABLES = {"open": _open_table, "hanging": _hanging_table, "recent": _recent_table}
_WHAT = {"AbortReason": "abort", "SessionReason": "session", "IdChangeReason": "new producer id"}


def as_rows(values: Sequence[object] | None) -> list[Row] | None:
    """Return values of the broker view as rows: partitions by name, an event with the kind that its reason is of."""
    if values is None:
        return None
    rows: list[Row] = []
    for value in values:
        row = dict(value._asdict())  # type: ignore[attr-defined]
        if "partitions" in row:
            row["partitions"] = " ".join(f"{topic}-{n}" for topic, numbers in row["partitions"] for n in numbers)
            row["state"] = row["state"].name.replace("_", " ").lower()
        if "reason" in row:
            row["what"] = _WHAT[type(row["reason"]).__name__]
        rows.append(row)
    return rows


def _number(row: Row, name: str) -> float:
    return float(row[name] or 0)


def _ago(at_ms: float, now_seconds: float) -> str:
    return f"{human_seconds(max(0.0, now_seconds - at_ms / 1000))} ago"
