import time

import pytest

from kafka_producer_exporter.settings import Jmx, Target
from kafka_producer_exporter.targets.probed import IDLE_SECONDS, MAX_READERS, ProbedReaders, at_most

MIB = 1 << 20


class Reader:
    def __init__(self):
        self.reads = self.closed = 0

    def begin(self, *, deadline):
        self.reads += 1
        return self.reads

    def close(self):
        self.closed += 1


class Probed:
    """Readers that are asked for at the times of a clock that the test sets."""

    def __init__(self, **options):
        self.now = 0.0
        self.made = {}
        self.readers = ProbedReaders(clock=lambda: self.now, **options)

    def ask(self, name, *, at=0.0):
        self.now = at
        target = Target(name=name, jmx=Jmx(port=9999))
        return self.readers.begin(target, reader_of=self._make, deadline=time.monotonic() + 1)

    def _make(self, target):
        self.made.setdefault(target.name, []).append(Reader())
        return self.made[target.name][-1]

    def closed(self, name):
        return [reader.closed for reader in self.made[name]]


def test_the_next_request_for_an_address_gets_the_same_reader():
    probed = Probed()

    first, first_ticket = probed.ask("a")
    second, second_ticket = probed.ask("a", at=IDLE_SECONDS)

    assert first is second
    assert (first_ticket, second_ticket) == (1, 2)


def test_an_address_that_nobody_asks_for_any_more_is_forgotten_at_another_request():
    probed = Probed()
    probed.ask("gone")
    probed.ask("stays")
    probed.ask("stays", at=IDLE_SECONDS - 1)

    probed.ask("stays", at=IDLE_SECONDS + 1)

    assert (probed.closed("gone"), probed.closed("stays")) == ([1], [0])
    assert probed.readers.readers() == probed.made["stays"]


def test_without_any_request_an_idle_address_is_forgotten_when_the_owner_says_so():
    probed = Probed()
    probed.ask("gone")

    probed.now = IDLE_SECONDS + 1
    probed.readers.end_idle()

    assert probed.closed("gone") == [1]
    assert probed.readers.readers() == []


def test_an_address_that_comes_back_gets_a_new_reader():
    probed = Probed()
    probed.ask("a")

    probed.ask("a", at=IDLE_SECONDS + 1)

    assert probed.closed("a") == [1, 0]


def test_beyond_the_limit_the_least_recently_used_session_ends():
    probed = Probed(at_most=2)
    for name in ("a", "b", "a", "c"):
        probed.ask(name)

    assert (probed.closed("a"), probed.closed("b"), probed.closed("c")) == ([0], [1], [0])


@pytest.mark.parametrize(
    ("memory_limit", "max_descriptors", "expected"),
    [
        (None, 1 << 16, MAX_READERS),
        (64 * MIB, 1 << 16, 256),
        (256 * MIB, 1 << 16, 1024),
        (8192 * MIB, 1 << 16, MAX_READERS),
        (None, 1024, 256),
        (1, 1, 1),
    ],
)
def test_there_are_as_many_readers_as_memory_and_descriptors_allow(memory_limit, max_descriptors, expected):
    assert at_most(memory_limit=memory_limit, max_descriptors=max_descriptors) == expected
