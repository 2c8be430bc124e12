"""What one target leaves out so that the process stays within its memory limit."""

import collections
from collections.abc import Collection, Mapping

from kafka_producer_exporter.catalogue import mbean_kinds
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.model import MBeanKind
from kafka_producer_exporter.targets.memory import MemoryGuard, mbean_bytes

SHED_KINDS: Mapping[MBeanKind | None, str] = {mbean_kinds.TOPIC: "topic", mbean_kinds.NODE: "node"}
"""What may be left out. The numbers of the producers themselves never are."""

REVIEW_READS = 20
"""While something is left out, every so many reads the JVM is asked anew: some may be gone, or have room by now."""


class Shedder:
    """Lets MBeans in while there is memory for them. First come, first kept: a page loses no series that it had."""

    def __init__(self, guard: MemoryGuard, *, label_length: int) -> None:
        """``label_length`` is that of the labels that all series of the target have."""
        self._guard = guard
        self._label_length = label_length
        self._generation = guard.generation
        self._costs: dict[str, int] = {}
        self._shed: dict[str, str] = {}
        self._reads = 0

    def admits(self, name: ObjectName, attributes: int) -> bool:
        """Whether an MBean may be read, now with so many attributes; may be asked again, and is then answered alike."""
        shed_kind = SHED_KINDS.get(mbean_kinds.kind_of(name))
        cost = mbean_bytes(attributes, len(name.text) + self._label_length)
        before = self._costs.pop(name.text, 0)
        self._guard.release(before)
        if self._guard.admit(cost, needed=before > 0 or shed_kind is None):
            self._costs[name.text] = cost
            return True
        self._shed[name.text] = str(shed_kind)
        return False

    def shrunk(self) -> bool:
        """Whether the process needs more than was reckoned. All is then given back: the JVM must be asked anew."""
        if self._generation == self._guard.generation:
            return False
        self._generation = self._guard.generation
        self.release()
        return True

    def review_due(self) -> bool:
        """Whether this read should ask the JVM anew, for what was left out."""
        self._reads += 1
        if not self._shed or self._reads % REVIEW_READS:
            return False
        self._shed.clear()
        return True

    def retain(self, names: Collection[str]) -> None:
        """Give back all MBeans but these."""
        for name in self._costs.keys() - names:
            self._guard.release(self._costs.pop(name))

    def release(self) -> None:
        """Give back everything."""
        self.retain(())
        self._shed.clear()

    def counts(self) -> Mapping[str, int]:
        """Return how many of each kind are left out; a kind of which nothing is left out is not there."""
        return collections.Counter(self._shed.values())
