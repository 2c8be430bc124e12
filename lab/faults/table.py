"""The table of faults, ``lab/faults.yaml``: which alerts a fault must fire, and which it may."""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab.faults.fault import Fault

TABLE = Path(__file__).parent.with_suffix(".yaml")
NOT_FAULTS = {"__init__", "__main__", "fault", "page", "runner", "table", "trial", "world"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A fault. Every alert that is in neither list must stay silent, but the watchdog."""

    name: str
    what: str
    """What it does, as a sentence."""
    fires: Sequence[str] = ()
    may_fire: Sequence[str] = ()
    alone: bool = False
    """If True, it hurts what all faults share, such as the brokers, and no other runs at the same time."""
    pages: int | None = None
    """The notifications with critical alerts that may be sent, if that is to be checked."""
    lasts: float = 5
    """Seconds from the last of the alerts (or from the beginning, if there is none) to the repair."""
    fires_within: float = 180
    resolves_within: float = 300
    panel: str = ""
    """The panel that shows it: ``BOARD: TITLE``."""
    finding: str = ""
    """The cause that ``diagnose`` must name first; or ``nothing``, ``idle`` or ``unreachable``."""
    finding_by: str = "jmx"
    """``brokers`` if JMX alone does not show the cause."""
    no_finding: str = ""
    """Why ``diagnose`` has nothing to name; empty if there is a finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All faults, and for the alerts that none fires the test that stands in."""

    rows: Mapping[str, Row] = field(default_factory=dict)
    stand_ins: Mapping[str, str] = field(default_factory=dict)


def read_table(text: str | None = None) -> Table:
    """Return the table in the text, or that of the repository."""
    content: dict[str, Any] = yaml.safe_load(TABLE.read_text() if text is None else text)
    rows = {name: Row(name=name, **row) for name, row in content["faults"].items()}
    return Table(rows=rows, stand_ins=content.get("stand_ins") or {})


def mistakes(table: Table, alerts: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with the table for a pack with these alerts, one line each."""
    for row in table.rows.values():
        unknown = [name for name in (*row.fires, *row.may_fire) if name not in alerts]
        yield from (f"{row.name}: no alert is named {name}" for name in unknown)
        both = sorted(set(row.fires) & set(row.may_fire))
        yield from (f"{row.name}: {name} is both in fires and in may_fire" for name in both)
        if bool(row.finding) == bool(row.no_finding):
            yield f"{row.name}: set either finding or no_finding"
        if module_of(row.name) not in modules():
            yield f"{row.name}: lab/faults/{module_of(row.name)}.py does not exist"
    for module in sorted(modules() - {module_of(name) for name in table.rows}):
        yield f"lab/faults/{module}.py: no row of the table is named {module.replace('_', '-')}"
    fired = {name for row in table.rows.values() for name in row.fires}
    for name in alerts:
        if name not in fired and name not in table.stand_ins:
            yield f"{name}: no fault fires it, and no test stands in for one"
    yield from (f"stand_ins: no alert is named {name}" for name in table.stand_ins if name not in alerts)
    yield from (f"stand_ins: a fault fires {name}" for name in sorted(fired & table.stand_ins.keys()))


def modules() -> set[str]:
    """Return the names of the modules with a fault."""
    return {file.stem for file in Path(__file__).parent.glob("*.py")} - NOT_FAULTS


def module_of(name: str) -> str:
    """Return the module of a fault: ``broker-frozen`` is in ``broker_frozen``."""
    return name.replace("-", "_")


def class_of(name: str) -> type[Fault]:
    """Return the class of a fault: ``broker-frozen`` is ``BrokerFrozen``."""
    module = importlib.import_module(f"lab.faults.{module_of(name)}")
    found: type[Fault] = getattr(module, "".join(word.capitalize() for word in name.split("-")))
    return found
