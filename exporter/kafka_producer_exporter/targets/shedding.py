"""What one target leaves out so that the process stays within its memory limit."""

import collections
from collections.abc import Collection, Mapping

from kafka_producer_exporter.catalogue import mbean_kinds
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.model import MBeanKind
from kafka_producer_exporter.targets.mbean_costs import NAME_BYTES, mbean_bytes

SHED_KINDS: Mapping[MBeanKind | None, str] = {mbean_kinds.TOPIC: "topic", mbean_kinds.NODE: "node"}
"""The kinds of MBeans that are left out first."""

LAST_RESORT = "client"
"""Any other kind. It is left out only where one more would let the kernel kill the process."""

REVIEW_READS = 20
"""While something is left out, every 20th read lists the MBeans again: some may be gone, or there may be room now."""


class Shedder:
    """Admits MBeans while there is memory for them. First come, first kept: a page never loses a series that it had."""

    def __init__(self, budget: MemoryBudget, *, label_length: int) -> None:
        """*label_length* is the length of the labels that all series of the target have."""
        self._budget = budget
        self._label_length = label_length
        self._generation = budget.generation
        self._costs: dict[str, int] = {}
        self._needed: dict[str, int] = {}  # of those that took a part of the other shares
        self._needed_cost = 0
        self._shed: dict[str, str] = {}
        self._reads = 0
        self._listed = 0

    def admits(self, name: ObjectName, attributes: int) -> bool:
        """Return whether an MBean may be read, and if so reserve memory for it.

        An MBean that was admitted before is admitted again, at the cost of its present number of attributes.
        """
        shed_kind = SHED_KINDS.get(mbean_kinds.kind_of(name))
        cost = mbean_bytes(attributes, len(name.text) + self._label_length)
        before = self._give_back(name.text)
        if self._budget.admit(cost):
            self._costs[name.text] = cost
            return True
        if (before > 0 or shed_kind is None) and self._budget.admit(cost, needed=True, own=self._needed_cost):
            self._costs[name.text] = cost
            self._needed[name.text] = cost
            self._needed_cost += cost
            return True
        self._shed[name.text] = shed_kind or LAST_RESORT
        return False

    def _give_back(self, name: str) -> int:
        """Give back the reservation of an MBean. Return its cost, which is 0 if it had none."""
        cost = self._costs.pop(name, 0)
        self._budget.release(cost)
        self._needed_cost -= self._needed.pop(name, 0)
        return cost

    def budget_shrank(self) -> bool:
        """Return whether the process needs more memory than estimated.

        If so all reservations are given back, and the caller must list the MBeans again.
        """
        if self._generation == self._budget.generation:
            return False
        self._generation = self._budget.generation
        self.release()
        return True

    def review_due(self) -> bool:
        """Return whether this read should list the MBeans again, for those that were left out."""
        self._reads += 1
        if not self._shed or self._reads % REVIEW_READS:
            return False
        self._shed.clear()
        return True

    def retain(self, names: Collection[str], *, listed: int = 0) -> None:
        """Give back the reservations of all MBeans except these. The JVM has *listed* MBeans, read or not."""
        unread = NAME_BYTES * max(0, listed - len(names))
        self._budget.release(self._listed)
        self._budget.take(unread)
        self._listed = unread
        for name in self._costs.keys() - names:
            self._give_back(name)

    def release(self) -> None:
        """Give back all reservations."""
        self.retain(())
        self._shed.clear()

    def counts(self) -> Mapping[str, int]:
        """Return the number of MBeans of each kind that are left out. A kind without any is missing."""
        return collections.Counter(self._shed.values())
