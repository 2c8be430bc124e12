"""What is known of the MBeans of one selection: what each lists, what is asked of it, and which are left out.

Pure: names, listed attributes and answers go in; which MBeans to look at again, and readings, come out.
"""

from collections.abc import Callable, Sequence
from typing import Final

from kafka_producer_exporter.jmx import requests
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import Reading, Selection
from kafka_producer_exporter.jmx.templates import Answer, AnswerReader, SameBytesReader, extract_names

REST_SECONDS: Final = 600.0
"""How long an MBean that cannot be read is left alone."""
_REVIEW_PART: Final = 20
"""One MBean in so many is looked at again in each read: Kafka adds attributes to an MBean during its life."""


class Shape:
    """A list of attributes to ask for: the end of each request for it, and the reader of all its answers."""

    __slots__ = ("attributes", "reader", "request_tail")

    def __init__(self, attributes: tuple[str, ...]) -> None:
        self.attributes = attributes
        self.reader = AnswerReader()
        self.request_tail = requests.attributes_tail(attributes)


class MBean:
    """One MBean that is read."""

    __slots__ = ("answered", "listed", "name", "request_name", "shape")

    def __init__(self, name: ObjectName, listed: tuple[str, ...], shape: Shape) -> None:
        self.name = name
        self.listed = listed
        self.shape = shape
        self.request_name = requests.object_name(name.text)
        self.answered = len(shape.attributes)
        """How many attributes it is known to answer with; fewer than that, and it is looked at again."""


class Watched:
    """The MBeans of one selection, from read to read."""

    def __init__(self, selection: Selection, shape_of: Callable[[tuple[str, ...]], Shape]) -> None:
        """Raise ValueError for a pattern that is no ObjectName: a JVM ends the connection over one."""
        ObjectName(selection.pattern)
        self.selection = selection
        self.mbeans: dict[str, MBean] = {}
        self.names_reader = SameBytesReader(extract_names, keep=1)
        self._shape_of = shape_of
        self._names: tuple[str, ...] = ()
        self._unread: dict[str, tuple[str, ...]] = {}  # what it lists, of which nothing was chosen
        self._resting: dict[str, float] = {}  # until when
        self._suspect: set[str] = set()  # answered with less than they listed
        self._young: list[str] = []  # met in the last read
        self._turn = 0

    def update_names(self, names: tuple[str, ...], now: float) -> list[str]:
        """Take the names of this read; return those that must list their attributes before we ask for any."""
        if names is not self._names:
            there = set(names)
            for known in (self.mbeans, self._unread, self._resting):
                for name in known.keys() - there:
                    del known[name]
            self._suspect &= there
            self._young = [name for name in self._young if name in there]
            self._names = names
        for name in [name for name, until in self._resting.items() if until <= now]:
            del self._resting[name]
        first = self._unknown()
        first += self._suspect.difference(first)
        self._suspect.clear()
        return first

    def _unknown(self) -> list[str]:
        read, unread, resting = self.mbeans, self._unread, self._resting
        if len(read) + len(unread) + len(resting) == len(self._names):
            return []
        return [name for name in self._names if not (name in read or name in unread or name in resting)]

    def names_to_review(self, new: Sequence[str]) -> list[str]:
        """Return the names whose attributes are listed again, at leisure; ``new`` were met in this read.

        Their turn comes at the next, since they may have been met while Kafka was still adding attributes to them.
        """
        self._turn = (self._turn + 1) % _REVIEW_PART
        names = dict.fromkeys([*self._young, *self._names[self._turn :: _REVIEW_PART]])
        self._young = list(new)
        return [name for name in names if name in self.mbeans or name in self._unread]

    def update_listed(self, name: str, listed: tuple[str, ...]) -> None:
        """Take the attributes that an MBean lists, and choose what to ask of it unless it listed the same before."""
        known = self.mbeans.get(name)
        if name in self._resting:
            return
        if (known.listed if known else self._unread.get(name)) == listed:
            return
        self.drop(name)
        try:
            object_name = known.name if known else ObjectName(name)
        except ValueError:  # no real JVM has such an MBean
            self._unread[name] = listed
            return
        chosen = tuple(self.selection.choose(object_name, listed))
        if chosen:
            self.mbeans[name] = MBean(object_name, listed, self._shape_of(chosen))
        else:
            self._unread[name] = listed

    def reading(self, mbean: MBean, answer: Answer) -> Reading:
        """Return what an MBean answered; one that answers with less than it lists is looked at before the next read."""
        if len(answer.attributes) != mbean.answered:
            mbean.answered = len(answer.attributes)
            self._suspect.add(mbean.name.text)
        return Reading(mbean.name, answer.attributes, answer.values)

    def rest(self, name: str, now: float) -> None:
        """Leave an MBean alone for a while: it cannot be read."""
        self.drop(name)
        self._resting[name] = now + REST_SECONDS

    def drop(self, name: str) -> None:
        """Forget an MBean."""
        self.mbeans.pop(name, None)
        self._unread.pop(name, None)
