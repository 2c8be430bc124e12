"""What the queries of the boards have returned, in ``recorded/dashboards``, and whether that proves them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from dashboards.boards import BOARDS
from dashboards.classic import panel_ids
from dashboards.grafana import Asked, queries_of
from dashboards.model import AlertList, Board
from kafka_producer_exporter.pack import dashboards

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "recorded" / "dashboards"
HEALTH = "health"

Key = tuple[str, str, str, str]
"""How a query is asked, its text, the label whose values it asks for, and where: a changed query has no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a query has returned: at least one sample, with All, with one value and with two values of each variable."""

    kind: str
    expr: str
    values_of: str = ""
    """The label whose values were asked for."""
    proven_in: str
    """``health``, or the name of a fault."""
    series: int
    labels: Sequence[str] = ()
    """The labels of every series."""
    others: Sequence[str] = ()
    """The labels of some of the series."""
    one_value: Mapping[str, str] = field(default_factory=dict)
    """The values of variables for which it was asked again."""

    @property
    def key(self) -> Key:
        """What it is known by."""
        return self.kind, self.expr, self.values_of, self.proven_in


@dataclass(frozen=True, slots=True)
class Recorded:
    """The answers to a board's queries, and the versions of the parts that took part."""

    versions: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[Key, Answer] = field(default_factory=dict)

    def answer(self, asked: Asked, places: Sequence[str]) -> Answer | None:
        """Return the answer to a query in one of the *places*, or, without any, wherever it was asked."""
        keys = [key_of(asked, place) for place in places] or [
            key for key in self.answers if key[:-1] == key_of(asked, "")[:-1]
        ]
        return next((self.answers[key] for key in keys if key in self.answers), None)


@dataclass(frozen=True, slots=True)
class Proven:
    """A board with its queries, as they are shipped."""

    board: Board
    queries: Sequence[Asked]

    def answers(self, recorded: Recorded) -> list[Answer | None]:
        """Return the answer to each of the queries."""
        return [recorded.answer(asked, self.places(asked)) for asked in self.queries]

    def places(self, asked: Asked) -> Sequence[str]:
        """Return where a query must have data: ``health``, or one of the faults; nothing if that does not matter."""
        if asked.place != "panel":
            return ()
        panel = dict(panel_ids(self.board))[asked.number]
        if isinstance(panel, AlertList) and not panel.fault:
            return ()
        return panel.fault.split() or (HEALTH,)

    def lists_alerts(self, asked: Asked) -> bool:
        """Return whether a query lists alerts, which have few labels in common."""
        return asked.place == "annotation" or isinstance(dict(panel_ids(self.board)).get(asked.number), AlertList)


@cache
def shipped(language: str = "en") -> Mapping[str, Proven]:
    """Return every board by its key, with the queries of its JSON."""
    contents = dashboards.render(language=language)
    return {board.key: Proven(board, list(queries_of(board.key, contents[f"{board.key}.json"]))) for board in BOARDS}


def key_of(asked: Asked, proven_in: str) -> Key:
    """Return what the answer to a query is known by."""
    return asked.kind, asked.expr, asked.labels[0] if asked.kind == "labels" else "", proven_in


def load(board: str, folder: Path = FOLDER) -> Recorded:
    """Return what is recorded of a board."""
    file = folder / f"{board}.json"
    if not file.exists():
        return Recorded()
    content = json.loads(file.read_text(encoding="utf-8"))
    answers = [Answer(**answer) for answer in content["answers"]]
    return Recorded(content["versions"], {answer.key: answer for answer in answers})


def save(
    proven: Proven,
    answers: Iterable[Answer],
    *,
    failed: Iterable[Key] = (),
    versions: Mapping[str, str],
    folder: Path = FOLDER,
) -> None:
    """Record answers. Others stay, but for those to queries that *failed* or are on the board no more."""
    known: dict[Key, Answer] = {**load(proven.board.key, folder).answers}
    for key in failed:
        known.pop(key, None)
    known |= {answer.key: answer for answer in answers}
    found = proven.answers(Recorded(versions, known))
    kept = {answer.key: asdict(answer) for answer in found if answer is not None}
    folder.mkdir(parents=True, exist_ok=True)
    content = {"versions": dict(versions), "answers": list(kept.values())}
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (folder / f"{proven.board.key}.json").write_text(f"{text}\n", encoding="utf-8")


def unproven(proven: Proven, recorded: Recorded) -> Iterator[str]:
    """Yield what is not proven of a board, one line each."""
    answers = proven.answers(recorded)
    for asked, answer in zip(proven.queries, answers, strict=True):
        if answer is None:
            where = " or ".join(proven.places(asked)) or "any fault"
            yield f"{asked.where}: {' '.join(asked.expr.split())}: not proven in {where}; run make dashboards"
            continue
        if missing := _missing(proven, asked, answer, answers):
            yield f"{asked.where}: the series have no label {', '.join(missing)}"


def _missing(proven: Proven, asked: Asked, answer: Answer, answers: Sequence[Answer | None]) -> list[str]:
    """Return the labels that a legend or a table names and that the series do not have.

    A table is joined from all of its queries. Where a query has one thing *or* another, not each has all labels.
    """
    if asked.kind == "labels":
        return []
    same = [(asked, answer)]
    if asked.is_table:
        same = [
            (other, one)
            for other, one in zip(proven.queries, answers, strict=True)
            if one is not None and (other.place, other.number) == (asked.place, asked.number)
        ]
    found: set[str] = set()
    for other, one in same:
        is_mixed = proven.lists_alerts(other) or re.search(r"\bor\b", other.expr)
        found |= {*one.labels, *(one.others if is_mixed else ())}
    return [label for label in asked.labels if label not in found]
