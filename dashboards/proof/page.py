"""The page docs/dashboard-proof.md, written from what is recorded."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from dashboards.grafana import Asked
from dashboards.proof.record import ROOT, Answer, Proven, Recorded, load, shipped, unproven

PAGE = ROOT / "docs" / "dashboard-proof.md"
HEADER = """\
# The dashboards, proven query by query

<!-- Written by `make dashboards`; do not edit. -->

Every query of every panel, variable and annotation was asked of a real Prometheus that scraped the lab: a cluster of
three brokers, JVMs with real producers, an exporter beside each, and a collector with the broker view.
The queries are those of the shipped JSON. Variables were filled in as Grafana does, with All, with one value each and
with two; every time there had to be data, with the labels that the legend or the table names.
"Proven in" is health, or the fault of [`lab/faults.yaml`](../lab/faults.yaml) that the panel is for, where samples from
before the fault do not count. Windows of the alert rules are divided by 20, as in the [fault matrix](fault-matrix.md),
and graphs show five minutes.

"Series" is the number of series that each query returned, and "Labels" are those that all of them have.

`make dashboards` asks all of it again, `make dashboards BOARDS=producer FAULTS='health quota'` a part.
A test fails if a query was changed after it was proven.
"""


def write_page() -> None:
    """Write the page."""
    boards = list(shipped().values())
    PAGE.write_text(text_of(boards, [load(proven.board.key) for proven in boards]), encoding="utf-8")


def text_of(boards: Sequence[Proven], records: Sequence[Recorded]) -> str:
    """Return the page."""
    parts = [HEADER]
    for proven, recorded in zip(boards, records, strict=True):
        lines = "\n".join(_rows(proven, recorded))
        parts.append(
            f"## {proven.board.title.en}\n\n| Panel | Queries | Proven in | Series | Labels |\n"
            f"| --- | --- | --- | --- | --- |\n{lines}\n"
        )
    missing = [line for proven, recorded in zip(boards, records, strict=True) for line in unproven(proven, recorded)]
    parts.append("## Not proven\n\n" + ("\n".join(f"- {line}" for line in missing) or "Nothing.") + "\n")
    versions = {name: version for recorded in records for name, version in recorded.versions.items()}
    parts.append("## Versions\n\n" + ", ".join(f"{name} {version}" for name, version in versions.items()) + ".\n")
    return "\n".join(parts)


def _rows(proven: Proven, recorded: Recorded) -> Iterator[str]:
    answered = list(zip(proven.queries, proven.answers(recorded), strict=True))
    answered.sort(key=lambda pair: _place(pair[0]))
    for (_, _, title), group in groupby(answered, key=lambda pair: _place(pair[0])):
        asked, answers = zip(*group, strict=True)
        found = [answer for answer in answers if answer is not None]
        kind = "" if asked[0].place == "panel" else f"{asked[0].place} "
        proven_in = ", ".join(dict.fromkeys(answer.proven_in for answer in found)) or "-"
        series = ", ".join("-" if answer is None else str(answer.series) for answer in answers)
        yield f"| {kind}{title} | {len(asked)} | {proven_in} | {series} | {_labels(found)} |"


def _place(asked: Asked) -> tuple[int, int, str]:
    return ("panel", "variable", "annotation").index(asked.place), asked.number, asked.title.replace("|", "\\|")


def _labels(answers: Sequence[Answer]) -> str:
    names = {tuple(sorted({*answer.labels} - {"__name__"})) or ("none",) for answer in answers}
    return "; ".join(", ".join(labels) for labels in sorted(names)) or "-"
