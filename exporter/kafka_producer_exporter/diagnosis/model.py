"""What a cause is, and what a rule finds. Values only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple

from kafka_producer_exporter.diagnosis.evidence import Client, Evidence, Fact
from kafka_producer_exporter.languages import Text


class Certainty(IntEnum):
    """How certain a finding is."""

    POSSIBLE = 1
    """It fits, and so do others."""
    LIKELY = 2
    """It explains what is seen, which hardly anything else does."""
    CERTAIN = 3
    """The client or a broker says so."""


CERTAINTIES: Mapping[Certainty, Text] = {
    Certainty.CERTAIN: Text("certain", "확실"),
    Certainty.LIKELY: Text("likely", "유력"),
    Certainty.POSSIBLE: Text("possible", "가능"),
}


class Owner(StrEnum):
    """Whose job a change is."""

    APPLICATION = "application"
    PLATFORM = "platform"
    NETWORK = "network"


OWNERS: Mapping[Owner, Text] = {
    Owner.APPLICATION: Text("owner of the application", "애플리케이션 담당자"),
    Owner.PLATFORM: Text("Kafka platform team", "Kafka 플랫폼 팀"),
    Owner.NETWORK: Text("network or cluster team", "네트워크·클러스터 팀"),
}


class Change(NamedTuple):
    """What to change."""

    option: str
    """A setting, an ACL, or another thing that has a name."""
    value: Text
    """What to do with it."""
    owner: Owner


class Match(NamedTuple):
    """What a rule found."""

    certainty: Certainty
    facts: Sequence[Fact]


ClientRule = Callable[[Client, Evidence], Match | None]
"""Looks at one producer. Returns None if it does not match, and raises CannotKnowError if the evidence is missing."""
WholeRule = Callable[[Evidence], Match | None]
"""The same for the whole target, or for the brokers alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason why events are not published, or not as they should be."""

    id: str
    title: Text
    explanation: Text
    changes: Sequence[Change]
    runbook: str
    """The alert that watches it, whose runbook says more."""
    rule: ClientRule | None = None
    whole: WholeRule | None = None
    explains: Sequence[str] = ()
    """Ids of causes that are only its consequences while it lasts."""


class Pair(NamedTuple):
    """Causes that some sources cannot tell apart, and what does."""

    ids: frozenset[str]
    apart: Text
