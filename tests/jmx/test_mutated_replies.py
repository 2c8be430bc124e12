"""Replies that a bad wire or a hostile peer has changed: each ends in one of two errors, soon, and in little memory."""

import random
import resource
import time

import pytest

from kafka_producer_exporter.jmx.javastream import JavaStreamError, NeedMore
from kafka_producer_exporter.jmx.replies import decode_listed_attributes, decode_names
from kafka_producer_exporter.jmx.stubs import read_stub
from kafka_producer_exporter.jmx.templates import AttributesReader, RepeatedReplyReader
from tests.fuzz.mutations import mutated
from tests.jmx.conversation import (
    GET_ATTRIBUTES,
    GET_MBEAN_INFO,
    JAVA_8_FILE,
    LOOKUP,
    QUERY_NAMES,
    RecordedConversation,
)


def _small_replies() -> list[tuple[bytes, object]]:
    """Return recorded replies, the smallest of each kind, each with a function that makes a reader for it."""
    conversation = RecordedConversation.load()
    by_size = sorted(conversation.replies.items(), key=lambda item: len(item[1]))

    def smallest(mark: bytes) -> bytes:
        return next(reply for request, reply in by_size if mark in request)

    return [
        (smallest(LOOKUP), lambda: read_stub),
        (RecordedConversation.load(JAVA_8_FILE).reply(LOOKUP), lambda: read_stub),
        (smallest(QUERY_NAMES), lambda: RepeatedReplyReader(decode_names, keep=1)),
        (smallest(GET_MBEAN_INFO), lambda: RepeatedReplyReader(decode_listed_attributes, keep=1)),
        (smallest(GET_ATTRIBUTES), AttributesReader),
        (conversation.failures["NoSuchObjectException"], lambda: read_stub),
    ]


def test_100_000_mutated_replies_raise_nothing_but_the_two_intended_errors():
    seed = 13
    chance = random.Random(seed)
    replies = _small_replies()
    memory_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest, intended = 0.0, 0
    fresh = [make() for _, make in replies]

    for number in range(100_000):
        which = chance.randrange(len(replies))
        broken = mutated(replies[which][0], chance)
        began = time.perf_counter()
        try:
            fresh[which](broken, 0)
        except (NeedMore, JavaStreamError):
            intended += 1
        except Exception as error:  # noqa: BLE001 - the point of the test
            pytest.fail(f"seed {seed}, reply {number}: {error!r} of {broken.hex()}")
        slowest = max(slowest, time.perf_counter() - began)
        if number % 100 == 0:  # readers must not remember broken replies for the rest of the run
            fresh = [make() for _, make in replies]

    assert intended > 50_000
    assert slowest < 2.0, f"seed {seed}"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory_before < 64 * 1024, f"seed {seed}"
