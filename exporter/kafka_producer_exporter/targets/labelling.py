"""The labels of an MBean's series: static labels, groups of client ids, and limits on the number of each.

First come, first kept. A name that got its own series keeps them for as long as its MBeans live, and a name that was
folded stays folded, because a counter that moved from one series to another would look like a reset.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.model import Labels, MBeanKind
from kafka_producer_exporter.settings import IdGroup, Limits, Target

OTHER = "other"
"""The label value that stands for everything over a limit. A client or a topic with this name shares its series."""

BOUNDS = {"cipher": 50, "protocol": 10, "request": 50, "error": 250, "version": 50}
"""Limits of the labels that have none in the configuration: more values than any JDK or Kafka has in use."""


def static_labels(target: Target) -> dict[str, str]:
    """Return the labels that all series of a target have: the configured ones, and its name."""
    return {**target.labels, "target": target.name}


MAX_LABEL_LENGTH = 1000
"""Characters of a label. A longer name is folded: it would be on the page, and in memory, once for each of its series.
Kafka allows 249 for a topic."""


class Placement(NamedTuple):
    """The labels of an MBean's series, and why it shares them with other MBeans, if it does."""

    labels: Labels
    client_id: str
    """The client's own id, whatever its label became; empty for an MBean of a broker."""
    folded: str | None
    """``group``, ``client``, ``topic``, ``node`` or another label. None: the series belong to this MBean alone."""


class Labeller:
    """Places the MBeans of one target. Pure: it remembers only which names it has kept."""

    def __init__(self, static: Mapping[str, str], *, limits: Limits, groups: Sequence[IdGroup]) -> None:
        self._static = dict(static)
        self._limits = {"client_id": limits.clients, "topic": limits.topics, "node_id": limits.nodes, **BOUNDS}
        self._groups = [(group.pattern, group.group) for group in groups]
        self._kept: dict[tuple[str, str], set[str]] = {}

    def place(self, kind: MBeanKind, name: ObjectName) -> Placement:
        """Return the placement of a new MBean. The caller keeps it for as long as the MBean lives.

        Two MBeans of a kind may get the same labels: client ids that differ only in their quotes, or a client that has
        the name of a group. The caller folds them (see ``families``).
        """
        values = {label: name.properties.get(key, "") for key, label in kind.labels}  # Kafka omits an empty tag
        if "node_id" in values:
            values["node_id"] = values["node_id"].removeprefix("node-")
        client_id, folded = values.get("client_id", ""), None
        if "client_id" in values:
            values["client_id"], folded = self._client(client_id)
        for label, value in values.items():
            if label != "client_id" and not self._keep(label, values.get("client_id", ""), value):
                values[label], folded = OTHER, label.removesuffix("_id")
        return Placement(Labels(self._static | values), client_id, folded)

    def retain(self, placements: Iterable[Placement]) -> None:
        """Forget all names except those of these placements, so that others can take their room."""
        self._kept.clear()
        for placement in placements:
            labels = dict(placement.labels.pairs)
            client = labels.get("client_id", "")
            for label in self._limits.keys() & labels.keys():
                self._keep(label, "" if label == "client_id" else client, labels[label])

    def client_label(self, client_id: str) -> str:
        """Return the label of a client without MBeans of its own, within the limit of clients."""
        return self._client(client_id)[0]

    def _client(self, client_id: str) -> tuple[str, str | None]:
        for pattern, group in self._groups:
            if match := pattern.fullmatch(client_id):
                name = match.expand(group)
                return (name, "group") if self._keep("client_id", "", name) else (OTHER, "client")
        return (client_id, None) if self._keep("client_id", "", client_id) else (OTHER, "client")

    def _keep(self, label: str, scope: str, value: str) -> bool:
        if value == OTHER:  # takes no room, because everything over the limit is there
            return True
        if len(value) > MAX_LABEL_LENGTH:
            return False
        kept = self._kept.setdefault((label, scope), set())
        if value not in kept and len(kept) >= self._limits[label]:
            return False
        kept.add(value)
        return True
