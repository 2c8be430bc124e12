import logging

import pytest

from kafka_producer_exporter.broker.sources.state import SourceState, Status
from kafka_producer_exporter.logs import fields_of, logfmt_line
from kafka_producer_exporter.net.errors import Reason, TransportError

REFUSED = TransportError(Reason.REFUSED, "127.0.0.1:9092: nothing listens there")


@pytest.fixture
def state():
    return SourceState("transaction_log", silent_seconds=20.0, now=100.0)


def test_before_the_first_poll_a_source_is_down(state):
    assert state.status(101.0).reason is Reason.UNAVAILABLE


def test_a_failure_is_reported_at_once_and_gauges_are_stale_after_two(state):
    state.succeeded(100.0)
    assert state.status(101.0) == Status(None, fresh=True)

    assert state.failed(REFUSED, 102.0) == 1
    once = state.status(102.0)
    assert state.failed(REFUSED, 103.0) == 2
    twice = state.status(103.0)
    state.succeeded(104.0)

    assert once == Status(Reason.REFUSED, fresh=True)
    assert twice == Status(Reason.REFUSED, fresh=False)
    assert state.status(104.0) == Status(None, fresh=True)


def test_a_source_that_has_been_silent_for_too_long_is_down(state):
    state.succeeded(100.0)

    assert state.status(120.0).reason is None
    assert state.status(120.1) == Status(Reason.TIMEOUT, fresh=False)


def test_changes_are_logged_and_repetitions_are_not(state, caplog):
    caplog.set_level(logging.INFO)

    for _ in range(2):
        for _ in range(3):
            state.failed(REFUSED, 100.0)
        for _ in range(3):
            state.succeeded(101.0)

    assert caplog.messages == [
        "127.0.0.1:9092: nothing listens there",
        "the source is up",
        "127.0.0.1:9092: nothing listens there",
        "the source is up again",
    ]


def test_the_source_and_the_reason_are_keys_of_the_line(state, caplog):
    state.failed(REFUSED, 100.0)

    line = logfmt_line(fields_of(caplog.records[-1]))
    assert ' source=transaction_log reason=refused message="127.0.0.1:9092: nothing listens there"' in line
