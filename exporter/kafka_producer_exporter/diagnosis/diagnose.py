"""Applies every rule to the evidence, and puts the findings in order."""

from collections.abc import Sequence
from dataclasses import dataclass

from kafka_producer_exporter.diagnosis.evidence import BROKERS, CannotKnowError, Client, Evidence, Fact
from kafka_producer_exporter.diagnosis.model import Cause, Certainty, Match
from kafka_producer_exporter.diagnosis.signs import is_idle
from kafka_producer_exporter.diagnosis.table import CAUSES, PAIRS
from kafka_producer_exporter.languages import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A cause that was found, in one or several producers."""

    cause: Cause
    certainty: Certainty
    facts: Sequence[tuple[str, Sequence[Fact]]]
    """By client id, those with the most certain match first. The id is empty for the whole target."""
    consequence_of: Sequence[str] = ()
    """Ids of findings that explain this one."""
    apart: Sequence[tuple[str, Text]] = ()
    """Ids of findings that the evidence cannot separate from this one, and what does."""

    @property
    def clients(self) -> list[str]:
        """The producers that it was found in."""
        return [client for client, _ in self.facts if client]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What was found, what was not, and what cannot be known."""

    findings: Sequence[Finding]
    """The most likely first."""
    clients: Sequence[str]
    """Every producer that was looked at."""
    idle: Sequence[str]
    """Producers that the application does not use at present. That is no finding."""
    unknown: Sequence[tuple[str, Sequence[str]]]
    """Ids of causes that could not be judged, with what the evidence lacks: names of metrics, or BROKERS."""


def diagnose(evidence: Evidence) -> Diagnosis:
    """Return what the evidence says."""
    clients = evidence.clients()
    found: list[Finding] = []
    unknown: list[tuple[str, Sequence[str]]] = []
    for cause in CAUSES:
        matches: list[tuple[str, Match]] = []
        lacks: list[str] = []
        if cause.rule is not None:
            for client in clients:
                try:
                    match = cause.rule(client, evidence)
                except CannotKnowError as error:
                    lacks += error.needs
                    continue
                if match is not None:
                    matches.append((client.client_id, match))
        if cause.whole is not None:
            try:
                match = cause.whole(evidence)
            except CannotKnowError as error:
                lacks += error.needs
            else:
                if match is not None:
                    matches.append(("", match))
        if matches:
            found.append(_finding(cause, matches))
        elif lacks:
            unknown.append((cause.id, sorted(set(lacks))))
    busy = {client for finding in found for client in finding.clients}
    idle = [client.client_id for client in clients if client.client_id not in busy and _is_idle(client)]
    return Diagnosis(
        findings=in_order(found), clients=[client.client_id for client in clients], idle=idle, unknown=unknown
    )


def in_order(found: Sequence[Finding]) -> list[Finding]:
    """Return findings in order: the certain ones first, and each before what it explains.

    What the evidence cannot separate from the first one comes directly after it.
    """
    by_certainty = sorted(found, key=lambda finding: (-finding.certainty, CAUSE_ORDER[finding.cause.id]))
    ordered: list[Finding] = []
    late: list[Finding] = []
    for finding in by_certainty:
        reasons = [
            other.cause.id
            for other in found
            if finding.cause.id in other.cause.explains and other.certainty >= max(finding.certainty, Certainty.LIKELY)
        ]
        (late if reasons else ordered).append(_explained(finding, reasons))
    ordered += late
    if not ordered:
        return []
    first, *rest = ordered
    beside = {finding.cause.id: apart for finding in rest if (apart := _apart(first, finding)) is not None}
    first = _beside(first, list(beside.items()))
    tied = [
        _beside(finding, [(first.cause.id, beside[finding.cause.id])]) for finding in rest if finding.cause.id in beside
    ]
    return [first, *tied, *(finding for finding in rest if finding.cause.id not in beside)]


CAUSE_ORDER = {cause.id: place for place, cause in enumerate(CAUSES)}


def needs_brokers(diagnosis: Diagnosis) -> list[str]:
    """Return the causes that only brokers could tell."""
    return [cause for cause, needs in diagnosis.unknown if BROKERS in needs]


def _finding(cause: Cause, matches: Sequence[tuple[str, Match]]) -> Finding:
    ordered = sorted(matches, key=lambda one: -one[1].certainty)
    facts = [(client, match.facts) for client, match in ordered]
    return Finding(cause=cause, certainty=ordered[0][1].certainty, facts=facts)


def _explained(finding: Finding, reasons: Sequence[str]) -> Finding:
    return Finding(cause=finding.cause, certainty=finding.certainty, facts=finding.facts, consequence_of=tuple(reasons))


def _beside(finding: Finding, apart: Sequence[tuple[str, Text]]) -> Finding:
    return Finding(
        cause=finding.cause,
        certainty=finding.certainty,
        facts=finding.facts,
        consequence_of=finding.consequence_of,
        apart=tuple(apart),
    )


def _apart(first: Finding, other: Finding) -> Text | None:
    """Return what tells two findings apart if the evidence does not."""
    if first.certainty is Certainty.CERTAIN or other.certainty is Certainty.CERTAIN:
        return None
    ids = frozenset({first.cause.id, other.cause.id})
    return next((pair.apart for pair in PAIRS if pair.ids == ids), None)


def _is_idle(client: Client) -> bool:
    try:
        return is_idle(client)
    except CannotKnowError:
        return False
