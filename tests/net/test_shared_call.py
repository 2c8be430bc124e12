import threading
import time

import pytest

from kafka_producer_exporter.net.shared_call import SharedCall

SOON = 5.0


class Source:
    """A call that waits for a permit and then returns its own number."""

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
    read = SharedCall("test", source)
    yield read
    source.permits.release(10)
    read.close()


def later(seconds=SOON):
    return time.monotonic() + seconds


def test_a_second_caller_shares_the_call_in_progress(shared, source):
    first = shared.begin(deadline=later())
    second = shared.begin(deadline=later())
    source.permits.release()

    assert shared.wait(first, deadline=later()) == 1
    assert shared.wait(second, deadline=later()) == 1
    assert len(source.deadlines) == 1


def test_a_caller_after_the_end_of_a_call_starts_a_new_one(shared, source):
    source.permits.release(2)

    assert shared.wait(shared.begin(deadline=later()), deadline=later()) == 1
    assert shared.wait(shared.begin(deadline=later()), deadline=later()) == 2


def test_each_caller_keeps_its_own_deadline(shared, source):
    ticket = shared.begin(deadline=later())

    with pytest.raises(TimeoutError):
        shared.wait(ticket, deadline=later(0.01))

    source.permits.release()
    assert shared.wait(ticket, deadline=later()) == 1


def test_a_call_that_hangs_is_joined_and_not_started_again(shared, source):
    for _ in range(3):
        ticket = shared.begin(deadline=later(0.01))
        with pytest.raises(TimeoutError):
            shared.wait(ticket, deadline=later(0.01))

    assert len(source.deadlines) == 1


def test_closing_lets_the_call_in_progress_end_and_then_calls_end(source):
    ended = threading.Event()
    shared = SharedCall("closing", source, end=ended.set)
    ticket = shared.begin(deadline=later())

    shared.close()
    assert not ended.is_set()
    source.permits.release()

    assert shared.wait(ticket, deadline=later()) == 1
    assert ended.wait(SOON)
    shared.close(wait_seconds=SOON)
    assert not any(thread.name == "closing" for thread in threading.enumerate())


def test_no_call_begins_after_closing(source):
    shared = SharedCall("closed", source)
    shared.close()

    with pytest.raises(RuntimeError, match="closed"):
        shared.begin(deadline=later())


@pytest.mark.parametrize(("keep", "expected"), [(True, 1), (False, 2)])
def test_a_late_result_goes_to_the_next_caller_only_if_it_is_kept(source, keep, expected):
    shared = SharedCall("late", source, idle_seconds=0.0, keep_late_result=keep)
    ticket = shared.begin(deadline=later())
    with pytest.raises(TimeoutError):
        shared.wait(ticket, deadline=later(0.01))
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "late")
    source.permits.release(2)
    thread.join(SOON)

    assert shared.wait(shared.begin(deadline=later()), deadline=later()) == expected


def test_every_caller_gets_the_exception_of_the_call_and_the_next_caller_a_new_call():
    outcomes = iter([ValueError("first"), None])

    def call(deadline):
        outcome = next(outcomes)
        if outcome:
            raise outcome
        return "second"

    shared = SharedCall("failing", call)
    ticket = shared.begin(deadline=later())
    for _ in range(2):
        with pytest.raises(ValueError, match="first"):
            shared.wait(ticket, deadline=later())

    assert shared.wait(shared.begin(deadline=later()), deadline=later()) == "second"
    shared.close(wait_seconds=SOON)


def test_an_idle_thread_ends_and_the_next_call_starts_another():
    shared = SharedCall("idle", lambda deadline: threading.current_thread(), idle_seconds=0.0)

    first = shared.wait(shared.begin(deadline=later()), deadline=later())
    first.join(SOON)

    assert not first.is_alive()
    assert shared.wait(shared.begin(deadline=later()), deadline=later()) is not first


def test_a_call_whose_thread_could_not_start_leaves_the_next_one_possible(monkeypatch):
    shared = SharedCall("no-threads", lambda deadline: "answer")
    with monkeypatch.context() as no_threads:
        no_threads.setattr(threading.Thread, "start", out_of_threads)
        with pytest.raises(RuntimeError, match="can't start"):
            shared.begin(deadline=later())

    assert shared.wait(shared.begin(deadline=later()), deadline=later()) == "answer"
    shared.close(wait_seconds=SOON)


def test_a_call_gets_the_latest_deadline_of_its_callers_and_at_least_the_floor(source):
    shared = SharedCall("patient", source, floor_seconds=100.0)
    source.permits.release(2)
    began = time.monotonic()

    shared.wait(shared.begin(deadline=later()), deadline=later())
    shared.begin(deadline=later(200.0))
    shared.wait(shared.begin(deadline=later()), deadline=later())
    shared.close(wait_seconds=SOON)

    first, second = (deadline - began for deadline in source.deadlines)
    assert 100.0 <= first < 110.0
    assert 200.0 <= second < 210.0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_replaced():
    outcomes = iter([SystemExit, None])

    def call(deadline):
        outcome = next(outcomes)
        if outcome:
            raise outcome
        return "answer"

    shared = SharedCall("dying", call)
    ticket = shared.begin(deadline=later())
    with pytest.raises(TimeoutError):
        shared.wait(ticket, deadline=later(0.05))

    assert shared.wait(shared.begin(deadline=later()), deadline=later()) == "answer"
    shared.close(wait_seconds=SOON)


def out_of_threads(thread):
    raise RuntimeError("can't start new thread")
