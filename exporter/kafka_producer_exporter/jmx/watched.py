"""The known MBeans of one selection: what each one lists, which attributes are read, and which MBeans are skipped.

Pure: names, listed attributes and attribute values go in; readings, and the MBeans to list again, come out.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from kafka_producer_exporter.jmx import requests
from kafka_producer_exporter.jmx.javastream import FREE_BYTES, LIMITS, Limits
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import LeftOut, Reading, Selection
from kafka_producer_exporter.jmx.replies import MAX_NAMES_BYTES, Names, decode_names
from kafka_producer_exporter.jmx.templates import AttributesReader, AttributeValues, RepeatedReplyReader

QUARANTINE_SECONDS = 600.0
"""How long an MBean that cannot be read is skipped."""
_REFRESH_READS = 20
"""Each MBean lists its attributes again once in this many reads, because Kafka adds attributes to existing MBeans."""


class AttributeQuery:
    """A list of attributes to read: the end of each request for it, and the reader of all replies."""

    __slots__ = ("__weakref__", "attributes", "reader", "request_tail")

    def __init__(self, attributes: tuple[str, ...], reader: AttributesReader) -> None:
        self.attributes = attributes
        self.reader = reader
        self.request_tail = requests.attributes_tail(attributes)


class MBean:
    """One MBean that is read."""

    __slots__ = ("answered_count", "listed", "name", "query", "request_name")

    def __init__(self, name: ObjectName, listed: int, query: AttributeQuery) -> None:
        self.name = name
        self.listed = listed
        """The hash of what it lists, which may be large."""
        self.query = query
        self.request_name = requests.object_name(name.text)
        self.answered_count = len(query.attributes)
        """How many attributes its last reply contained, or should contain. If that changes, it is listed again."""


class WatchedMBeans:
    """The MBeans of one selection, from read to read."""

    def __init__(
        self,
        selection: Selection,
        query_for: Callable[[tuple[str, ...]], AttributeQuery],
        *,
        limits: Limits = LIMITS,
    ) -> None:
        """Raise ValueError if the pattern is not an ObjectName, because a JVM would close the connection."""
        ObjectName(selection.pattern)
        self.selection = selection
        self.mbeans: dict[str, MBean] = {}
        arriving = limits.size // 2 + 2 * FREE_BYTES  # the bytes of a reply that are in memory beside the names
        names = partial(
            decode_names,
            last=selection.last,
            max_bytes=min(MAX_NAMES_BYTES, limits.size),
            max_kept_bytes=max(limits.memory // 4, (limits.memory - arriving) // 2),
        )
        self.names_reader = RepeatedReplyReader(names, keep=1, max_bytes=limits.size, limits=limits)
        self._query_for = query_for
        self._found = Names(())
        self._parsed: dict[str, ObjectName] = {}  # of those that have not listed their attributes yet
        self._unusable: set[str] = set()
        self._not_chosen: dict[str, int] = {}  # the hash of what they list; ``choose`` returned none of it
        self._quarantined: dict[str, float] = {}  # until when
        self._incomplete: set[str] = set()  # their replies contained fewer attributes than were requested
        self._recent: list[str] = []  # new in the last read
        self._refresh_turn = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the last read, whether the MBeans are read or not."""
        return self._found.texts

    @property
    def complete(self) -> bool:
        """Whether all names are known, apart from those that are left out first."""
        return self._found.complete

    @property
    def left_out(self) -> Mapping[LeftOut, int]:
        """How many MBeans are left out, by reason."""
        found = self._found
        return {
            LeftOut.TOO_MANY: found.too_many,
            LeftOut.NAME: found.unusable + len(self._unusable),
            LeftOut.UNREADABLE: len(self._quarantined),
        }

    def update_names(self, found: Names, now: float) -> list[str]:
        """Take over the names of this read. Return the MBeans that must list their attributes before they are read."""
        if found is not self._found:
            current = set(found.texts)
            for known in (self.mbeans, self._not_chosen, self._quarantined, self._parsed):
                for name in known.keys() - current:
                    del known[name]
            self._incomplete &= current
            self._recent = [name for name in self._recent if name in current]
            self._unusable &= current
            self._found = found
        for name in [name for name, until in self._quarantined.items() if until <= now]:
            del self._quarantined[name]
        if self.selection.choose is None:
            return []
        to_list = self._unknown()
        to_list += self._incomplete.difference(to_list)
        self._incomplete.clear()
        last = self.selection.last
        return sorted(to_list, key=lambda name: any(text in name for text in last)) if last else to_list

    def _unknown(self) -> list[str]:
        read, not_chosen, quarantined, unusable = self.mbeans, self._not_chosen, self._quarantined, self._unusable
        if len(read) + len(not_chosen) + len(quarantined) + len(unusable) == len(self.names):
            return []
        return [
            name
            for name in self.names
            if not (name in read or name in not_chosen or name in quarantined or name in unusable)
        ]

    def usable(self, name: str) -> bool:
        """Return whether a request can name this MBean. Called only for those that are asked next.

        A parsed name needs some kB until its MBean has listed its attributes, and there can be many thousands.
        """
        if not (name in self._parsed or name in self.mbeans or name in self._not_chosen):
            try:
                requests.object_name(name)
                self._parsed[name] = ObjectName(name)
            except ValueError:
                self._unusable.add(name)
                return False
        return True

    def names_to_refresh(self, new: Sequence[str]) -> list[str]:
        """Return the MBeans that list their attributes again at the end of this read.

        *new* are those that were new in this read. They are refreshed in the next one, because Kafka may still have
        been adding attributes to them.
        """
        self._refresh_turn = (self._refresh_turn + 1) % _REFRESH_READS
        names = dict.fromkeys([*self._recent, *self.names[self._refresh_turn :: _REFRESH_READS]])
        self._recent = list(new)
        return [name for name in names if name in self.mbeans or name in self._not_chosen]

    def update_listed(self, name: str, listed: tuple[str, ...]) -> None:
        """Take over the attributes that an MBean lists. If they have changed, choose again which ones to read."""
        known, fingerprint = self.mbeans.get(name), hash(listed)
        if name in self._quarantined:
            return
        if (known.listed if known else self._not_chosen.get(name)) == fingerprint:
            return
        parsed = self._parsed.pop(name, None)
        object_name = known.name if known else parsed or ObjectName(name)
        self.drop(name)
        chosen = tuple(self.selection.choose(object_name, listed)) if self.selection.choose is not None else ()
        if chosen:
            self.mbeans[name] = MBean(object_name, fingerprint, self._query_for(chosen))
        else:
            self._not_chosen[name] = fingerprint

    def reading(self, mbean: MBean, reply: AttributeValues) -> Reading:
        """Return the reading of an MBean. If its attributes have changed, it is listed again before the next read."""
        if len(reply.attributes) != mbean.answered_count:
            mbean.answered_count = len(reply.attributes)
            self._incomplete.add(mbean.name.text)
        return Reading(mbean.name, reply.attributes, reply.values)

    def quarantine(self, name: str, now: float) -> None:
        """Skip an MBean that cannot be read, for QUARANTINE_SECONDS."""
        self.drop(name)
        self._quarantined[name] = now + QUARANTINE_SECONDS

    def drop(self, name: str) -> None:
        """Forget an MBean."""
        self.mbeans.pop(name, None)
        self._not_chosen.pop(name, None)
