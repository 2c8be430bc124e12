import errno
import logging
import threading

import pytest

from kafka_producer_exporter.broker.sources.source import Source
from kafka_producer_exporter.broker.sources.worker import IDLE_SECONDS, RENEW_SECONDS, RETRY_SECONDS, Turns, Worker
from kafka_producer_exporter.net.errors import Reason, TransportError
from tests.waiting import wait_until

CLOSED = TransportError(Reason.CLOSED, "broker 1: the connection was closed")


class FakeClient:
    def __init__(self):
        self.closed = 0

    def close(self):
        self.closed += 1


class FakeSource(Source):
    name = "fake"
    silent_seconds = 20.0

    def __init__(self):
        self.outcomes = []
        self.clients = []
        self.is_wanted = True
        self.connects = True

    def poll(self, session):
        if self.connects:
            self.clients.append(session.client())
        outcome = self.outcomes.pop(0) if self.outcomes else 30.0
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def wanted(self, statuses):
        return self.is_wanted


class World:
    """A worker of a fake source, its clients, and its clock."""

    def __init__(self):
        self.source = FakeSource()
        self.opened = []
        self.refusal = None
        self.now = 1000.0
        self.worker = Worker(self.source, self.open, dict, clock=lambda: self.now)

    def open(self):
        if self.refusal:
            raise self.refusal
        self.opened.append(FakeClient())
        return self.opened[-1]

    def steps(self, count):
        return [self.worker.step() for _ in range(count)]

    @property
    def status(self):
        return self.worker.state.status(self.now)


@pytest.fixture
def world():
    return World()


def test_a_source_is_polled_as_often_as_it_asks_for_with_one_client(world):
    world.source.outcomes = [30.0, 0.0, 7.0]

    assert world.steps(3) == [30.0, 0.0, 7.0]
    assert world.source.clients == world.opened * 3
    assert world.status.reason is None


def test_failures_back_off_and_each_brings_a_new_client(world):
    world.source.outcomes = [CLOSED] * 6 + [30.0, CLOSED]

    waits = world.steps(8)

    assert waits == [*RETRY_SECONDS, RETRY_SECONDS[-1], RETRY_SECONDS[-1], 30.0, RETRY_SECONDS[0]]
    assert [client.closed for client in world.opened] == [1] * 6 + [1]
    assert world.status.reason is Reason.CLOSED


def test_a_cluster_that_cannot_be_reached_is_a_failure_of_the_source(world):
    world.refusal = TransportError(Reason.REFUSED, "127.0.0.1:9092: nothing listens there")

    assert world.steps(1) == [RETRY_SECONDS[0]]
    assert world.status.reason is Reason.REFUSED

    world.refusal = None
    world.steps(1)
    assert world.status.reason is None


def test_a_source_that_needs_no_client_gets_none(world):
    world.source.connects = False
    world.refusal = CLOSED

    world.steps(1)

    assert world.status.reason is None


def test_a_client_is_renewed_after_a_few_minutes(world):
    world.steps(1)
    world.now += RENEW_SECONDS - 1
    world.steps(1)
    world.now += 1
    world.steps(1)

    assert [client.closed for client in world.opened] == [1, 0]
    assert world.source.clients == [world.opened[0], world.opened[0], world.opened[1]]


def test_a_source_that_is_not_wanted_is_not_polled_and_gives_its_client_back(world):
    world.steps(1)
    world.source.is_wanted = False

    assert world.steps(2) == [IDLE_SECONDS, IDLE_SECONDS]
    assert len(world.source.clients) == 1
    assert world.opened[0].closed == 1

    world.source.is_wanted = True
    assert world.steps(1) == [30.0]
    assert len(world.opened) == 2


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE])
def test_a_poll_without_a_free_descriptor_is_no_bug(world, caplog, code):
    world.refusal = OSError(code, "Too many open files")

    waits = world.steps(1)

    assert (waits, world.status.reason) == ([RETRY_SECONDS[0]], Reason.LIMIT)
    assert "please report it" not in caplog.text


def test_a_bug_in_a_poll_is_logged_and_does_not_end_the_source(world, caplog):
    world.source.outcomes = [ZeroDivisionError("a bug"), 30.0]

    with caplog.at_level(logging.ERROR):
        waits = world.steps(1)
        reason = world.status.reason
        waits += world.steps(1)

    assert (waits, reason) == ([RETRY_SECONDS[0], 30.0], Reason.INTERNAL)
    assert "a bug" in caplog.text
    assert world.status.reason is None


def test_closing_ends_the_thread_and_the_client(world):
    world.source.outcomes = [0.0] * 3

    world.worker.start()
    world.worker.close(wait_seconds=10)

    assert not world.worker._thread.is_alive()
    assert all(client.closed == 1 for client in world.opened)


def test_a_source_whose_thread_cannot_start_is_down_until_it_can(world, monkeypatch):
    with monkeypatch.context() as no_threads:
        no_threads.setattr(threading.Thread, "start", out_of_threads)
        world.worker.start()
    assert world.status.reason is Reason.LIMIT

    for _ in range(2):
        world.worker.start()
    wait_until(lambda: world.status.reason is None)
    world.worker.close(wait_seconds=5.0)

    assert len(world.opened) == 1


def out_of_threads(thread):
    raise RuntimeError("can't start new thread")


class SlowSource(FakeSource):
    """A source whose poll lasts until it is let go."""

    def __init__(self):
        super().__init__()
        self.polling = threading.Event()
        self.let_go = threading.Event()

    def poll(self, session):
        self.polling.set()
        assert self.let_go.wait(10)
        return 30.0


@pytest.mark.parametrize(("patience_seconds", "is_delayed"), [(10.0, True), (0.05, False)])
def test_sources_that_take_turns_poll_one_after_the_other_and_one_that_hangs_loses_its_turn(
    patience_seconds, is_delayed
):
    slow, other = SlowSource(), FakeSource()
    turns = Turns(patience_seconds=patience_seconds)
    workers = [Worker(source, FakeClient, dict, turns=turns) for source in (slow, other)]
    workers[0].start()
    assert slow.polling.wait(10)
    thread = threading.Thread(target=workers[1].step)
    thread.start()
    thread.join(0.3 if is_delayed else 10)

    assert bool(other.clients) is not is_delayed

    slow.let_go.set()
    thread.join(10)
    assert other.clients
    workers[0].close(wait_seconds=10)
