"""The values of the page: what a metric is, where it comes from, and its samples.

Values only: nothing here reads, renders or keeps state.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NamedTuple

from kafka_producer_exporter.net.errors import Reason


class Kind(StrEnum):
    """The Prometheus type of a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    INFO = "info"


class Unit(Enum):
    """The unit of a value at its *source*. The suffix of the metric's name and the divisor follow from it.

    A value is divided, never multiplied: 9 / 1000 is 0.009, but 9 * 0.001 is 0.009000000000000001.
    """

    NONE = ("", 1.0)
    SECONDS = ("seconds", 1.0)
    MILLISECONDS = ("seconds", 1e3)
    NANOSECONDS = ("seconds", 1e9)
    BYTES = ("bytes", 1.0)

    def __init__(self, base: str, divisor: float) -> None:
        self.base = base
        self.divisor = divisor


class Profile(StrEnum):
    """How much is served. Each profile includes the one before it."""

    MINIMAL = "minimal"
    """What alerts need, and every name of the operating guide."""
    DEFAULT = "default"
    FULL = "full"
    """Every numeric attribute of any client version, except those that add no information (``IGNORED``)."""

    def includes(self, other: "Profile") -> bool:
        """Return whether this profile serves a metric that belongs to the other one."""
        order = list(Profile)
        return order.index(other) <= order.index(self)


class Fold(StrEnum):
    """How the series of several clients become one, when they are folded into a group or into ``other``."""

    SUM = "sum"
    MAX = "max"
    """For a maximum, and for an average of which the worst member says more than the mean."""
    MEAN = "mean"
    """The mean of the members, for an average that describes a member rather than its traffic."""
    REQUEST_MEAN = "mean by requests"
    """The mean, weighted by each member's produce requests per second in the client's own window.

    For averages over requests and over batches, which the client does not count by themselves.
    """
    DROP = "drop"
    """No single value is meaningful, as for a version: the folded series is omitted."""


class MBeanKind(NamedTuple):
    """A kind of MBean: its domain, its ``type`` property, and the label that each other key property becomes.

    An ObjectName is of a kind only if it has exactly these properties: ``client-id=*,*`` would match the TLS MBeans.
    """

    domain: str
    type: str
    labels: tuple[tuple[str, str], ...]
    """Key property and label, in the order of the ObjectName: ``(("client-id", "client_id"), ("topic", "topic"))``."""
    name: str = ""
    """The ``name`` property, which a broker's Yammer metrics have beside ``type``; empty if there is none."""


class Attribute(NamedTuple):
    """An MBean attribute that a metric comes from. ``older`` has its names in earlier clients, newest first."""

    mbean: MBeanKind
    name: str
    older: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Metric:
    """A catalogue entry: everything that the page, the documentation and the checks need to know about a metric.

    There is one object per metric, so equality is identity, and hashing costs nothing.
    """

    name: str
    """The name in the Prometheus text format: a counter ends in ``_total``, an info in ``_info``."""
    kind: Kind
    help: str
    section: str
    """The heading in ``docs/metrics.md`` that lists it."""
    unit: Unit = Unit.NONE
    labels: tuple[str, ...] = ()
    """The names of the labels that every series has, in the order of the documentation.

    If omitted they follow from the source: ``target``, then the labels of its kind of MBean.
    """
    source: Attribute | str = ""
    """The MBean attribute that the value comes from; for any other source, a description in words."""
    guide: str = ""
    """The name of the metric in the operating guide."""
    profile: Profile = Profile.DEFAULT
    fold: Fold | None = None
    """If omitted it is derived: counters are summed, ``_max`` takes the maximum, anything else is dropped."""
    absent_above: float = math.inf
    """A value above this, in the unit of the source, means "never": the sample is omitted."""

    def __post_init__(self) -> None:
        stem = self.name
        if (self.kind is Kind.COUNTER) != stem.endswith("_total"):
            raise ValueError(f"{self.name}: counters, and only counters, end in _total")
        if (self.kind is Kind.INFO) != stem.endswith("_info"):
            raise ValueError(f"{self.name}: infos, and only infos, end in _info")
        stem = stem.removesuffix("_total")
        if self.unit.base and not stem.endswith(f"_{self.unit.base}"):
            raise ValueError(f"{self.name}: the name must end in _{self.unit.base}")
        if not self.help.endswith("."):
            raise ValueError(f"{self.name}: the help must be a sentence and end with a full stop")
        if self.fold is None:
            fold = Fold.SUM if self.kind is Kind.COUNTER else Fold.MAX if "_max" in self.name else Fold.DROP
            object.__setattr__(self, "fold", fold)
        if not self.labels and self.attribute is not None:
            object.__setattr__(self, "labels", ("target", *(label for _, label in self.attribute.mbean.labels)))

    @property
    def attribute(self) -> Attribute | None:
        """The MBean attribute that the metric comes from, or None if it has another source."""
        return self.source if isinstance(self.source, Attribute) else None


def escape_label(value: str) -> str:
    """Return the value of a label as both text formats write it between the quotes."""
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


class Labels:
    """The labels of a series as sorted pairs and as text. They are equal if their texts are equal.

    They are made once for each MBean and kept between scrapes, because making the text costs more than a sample.
    Half of a surrogate pair, which Java allows in a name and UTF-8 does not, becomes a question mark here, so that two
    names that look the same on a page have equal labels.
    """

    __slots__ = ("pairs", "text")

    def __init__(self, labels: Mapping[str, str]) -> None:
        self.pairs = tuple(sorted((name, value.encode("utf-8", "replace").decode()) for name, value in labels.items()))
        inner = ",".join(f'{name}="{escape_label(value)}"' for name, value in self.pairs)
        self.text = f"{{{inner}}}" if inner else ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Labels) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Labels({dict(self.pairs)!r})"

    def __getitem__(self, name: str) -> str:
        return dict(self.pairs)[name]


NO_LABELS = Labels({})


class Family(NamedTuple):
    """A metric and its samples. Values are in the base unit, finite, and never invented."""

    metric: Metric
    samples: list[tuple[Labels, float]]


class Scrape(NamedTuple):
    """The result of reading one target once: its families, or why it failed and what to do."""

    target: str
    families: Sequence[Family]
    """What the read found, and the metrics about the read itself. Nothing stale is ever served."""
    reason: Reason | None
    """None means that the target answered."""
    detail: str
    """One line for a person: what is wrong and what to do. Empty if the target answered and hides no producer."""
    clients: int | None
    """The number of live producers. None means that the target is a broker."""
    started: float
    """An instant of ``time.monotonic()``, in seconds, so that its age is right after a step of the clock."""
    duration_seconds: float
