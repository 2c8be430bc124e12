import threading
import time

import pytest

from kafka_producer_exporter.net.shared_call import SharedRead

SOON = 5.0


class Source:
    """Reads when it is let: each read takes a permit, and its result is its number."""

    def __init__(self):
        self.permits = threading.Semaphore(0)
        self.deadlines = []

    def __call__(self, deadline):
        self.deadlines.append(deadline)
        assert self.permits.acquire(timeout=SOON)
        return len(self.deadlines)


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def shared(source):
    read = SharedRead("test", source)
    yield read
    source.permits.release(10)
    read.close()


def later(seconds=SOON):
    return time.monotonic() + seconds


def test_a_second_caller_shares_the_read_that_is_under_way(shared, source):
    first = shared.begin(deadline=later())
    second = shared.begin(deadline=later())
    source.permits.release()

    assert shared.wait(first, deadline=later()) == 1
    assert shared.wait(second, deadline=later()) == 1
    assert len(source.deadlines) == 1


def test_a_caller_that_comes_after_the_end_starts_a_new_read(shared, source):
    source.permits.release(2)

    assert shared.wait(shared.begin(deadline=later()), deadline=later()) == 1
    assert shared.wait(shared.begin(deadline=later()), deadline=later()) == 2


def test_each_caller_keeps_its_own_deadline(shared, source):
    ticket = shared.begin(deadline=later())

    assert shared.wait(ticket, deadline=later(0.01)) is None

    source.permits.release()
    assert shared.wait(ticket, deadline=later()) == 1


def test_a_read_that_hangs_is_joined_and_not_started_again(shared, source):
    for _ in range(3):
        assert shared.wait(shared.begin(deadline=later(0.01)), deadline=later(0.01)) is None

    assert len(source.deadlines) == 1


def test_closing_lets_the_read_under_way_end_and_then_ends_the_source(source):
    ended = threading.Event()
    shared = SharedRead("closing", source, ended.set)
    ticket = shared.begin(deadline=later())

    shared.close()
    assert not ended.is_set()
    source.permits.release()

    assert shared.wait(ticket, deadline=later()) == 1
    assert ended.wait(SOON)
    shared.close(wait_seconds=SOON)
    assert not any(thread.name == "read-closing" for thread in threading.enumerate())


def test_nothing_is_read_after_closing(source):
    shared = SharedRead("closed", source)
    shared.close()

    with pytest.raises(RuntimeError, match="closed"):
        shared.begin(deadline=later())
