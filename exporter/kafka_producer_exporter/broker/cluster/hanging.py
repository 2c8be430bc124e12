"""Hanging transactions: open on a partition, but unknown to every coordinator, so nothing will ever end them.

A healthy transaction that is called hanging can lose its data, because the remedy aborts it. So these rules hold:

Rule 1: a look proves something only if every partition of the transaction log has a leader that lists its transactions,
        and if every broker names the same leaders before and after the look (``sightings``).
Rule 2: a transaction is called hanging only if two looks, a poll apart and with the same leaders, found it open with
        the same epoch and start offset, and unknown to every coordinator. Within each look, the partition is asked
        before and after the coordinators, so that a transaction that was about to end is not found.
Rule 3: never if the exporter's own copy of the transaction log has it open. This holds, too, for transactional ids that
        an ACL hides from us: Kafka omits them silently. The copy must have been read to its end since the first look.
Rule 4: where the log is not read, or not as a whole, rules 1 and 2 alone decide, and the result says that it is weaker.
Rule 5: a result stays while its transaction is suspect, even if a look proves nothing.
Rule 6: the command that aborts a transaction is shown only if the transaction is older than any healthy one may be
        (``transaction.max.timeout.ms``), which is the rule of ``kafka-transactions.sh find-hanging``.
"""

import shlex
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from kafka_producer_exporter.broker.cluster.sightings import Settled, Sightings
from kafka_producer_exporter.broker.cluster.snapshots import (
    PartitionEnd,
    ProducerState,
    TopicPartition,
    TransactionDescription,
)
from kafka_producer_exporter.net.printable import printable

NOT_READ_YET = "the transaction log has not been read to its end since the first look"

Identity = tuple[str, int, int, int, int]
"""Topic, partition, producer id, epoch and start offset of a transaction that is open on a partition."""


class HangingTransaction(NamedTuple):
    """A transaction that hangs on one partition."""

    topic: str
    partition: int
    producer_id: int
    epoch: int
    start_offset: int
    last_timestamp_ms: int
    records_held_back: int
    """Offsets from the last stable offset to the end, which ``read_committed`` consumers do not receive."""
    weaker: str | None = None
    """Why the transaction log could not confirm it, for a person; None if it did."""

    @property
    def identity(self) -> Identity:
        """What no other open transaction shares."""
        return self.topic, self.partition, self.producer_id, self.epoch, self.start_offset

    def is_older_than(self, max_timeout_ms: int | None, now_ms: int) -> bool:
        """Return whether it is older than any healthy transaction may be; False if *max_timeout_ms* is unknown."""
        return max_timeout_ms is not None and now_ms - self.last_timestamp_ms > max_timeout_ms

    def why_no_command(self, max_timeout_ms: int | None) -> str:
        """Return why ``abort_command`` is not to be shown yet, for a person."""
        if max_timeout_ms is None:
            return "transaction.max.timeout.ms is unknown (grant DescribeConfigs on the cluster), so it may be healthy"
        return f"it is younger than transaction.max.timeout.ms ({max_timeout_ms // 1000} s), so wait before aborting it"

    def abort_command(self, bootstrap_server: str) -> str:
        """Return the command that aborts the transaction, quoted for a shell: the topic's name comes from a broker."""
        return f"{self._tool(bootstrap_server, 'abort')} --start-offset {self.start_offset}"

    def checks(self, bootstrap_server: str) -> list[str]:
        """Return what to check before running ``abort_command``, one sentence each."""
        server = shlex.quote(bootstrap_server)
        return [
            f"{self._tool(bootstrap_server, 'find-hanging')} lists producer id {self.producer_id}",
            f"kafka-topics.sh --bootstrap-server {server} --describe --topic __transaction_state "
            "--unavailable-partitions lists nothing",
            f"no application still uses producer id {self.producer_id}: it would lose the records of this transaction",
        ]

    def _tool(self, bootstrap_server: str, action: str) -> str:
        place = f"--topic {shlex.quote(printable(self.topic, limit=None))} --partition {self.partition}"
        return f"kafka-transactions.sh --bootstrap-server {shlex.quote(bootstrap_server)} {action} {place}"


class OpenInLog(NamedTuple):
    """An open transaction of the transaction log."""

    start_ms: int
    partitions: frozenset[TopicPartition]


class LogAnswer(NamedTuple):
    """What the exporter's copy of the transaction log has on some producer ids."""

    open: Mapping[int, OpenInLog]
    """By producer id."""
    read_at: float | None = None
    """The last time at which the copy had everything, by ``time.monotonic()``. None: not yet."""
    weaker: str | None = None
    """Why the copy is not the whole log, for a person; None if it is."""


class Look(NamedTuple):
    """One look at the transactions that no coordinator knows."""

    ended_at: float
    """By ``time.monotonic()``."""
    settled: Settled
    suspects: Collection[ProducerState]
    """The producers whose transaction was open before and after no coordinator knew it."""
    log: LogAnswer
    """Asked before the partitions were asked for the last time."""
    answered: Collection[TopicPartition]
    """The partitions whose leader answered."""
    ends: Mapping[TopicPartition, PartitionEnd]
    """Of the partitions with suspects."""
    max_timeout_ms: int | None
    """``transaction.max.timeout.ms``. None if the user may not see it, or if there are no suspects."""


class Verdict(NamedTuple):
    """What is known after a look."""

    hanging: list[HangingTransaction]
    obstacle: str | None
    """Why not every suspect could be judged, for a person; None if each was, or has its second look to come."""
    awaits_look: bool
    """Whether another look may find more."""
    max_timeout_ms: int | None


class PartitionScan(NamedTuple):
    """What one poll of all partitions found."""

    look: Look
    producers: list[ProducerState]
    transactional: frozenset[int]
    """The producer ids that belong to a transactional id."""
    described: frozenset[TopicPartition]
    """The partitions whose leader was asked for its producers."""
    denied: frozenset[TopicPartition]
    """Those of them that gave no answer, because a right is missing or the leader is moving."""


class HangingTracker:
    """Compares each look with the ones before it. Not thread-safe."""

    def __init__(self) -> None:
        self._sightings: Sightings[Identity, tuple[float, int | None]] = Sightings()
        """When a suspect was first seen, and when the transaction began that its producer id had open in the log."""
        self._found: set[Identity] = set()

    def take_in(self, look: Look) -> Verdict:
        """Return what hangs as of this look."""
        suspects = {_identity(producer): producer for producer in look.suspects}
        noted = {
            identity: (look.ended_at, opened.start_ms if (opened := look.log.open.get(producer.producer_id)) else None)
            for identity, producer in suspects.items()
        }
        seen_before = self._sightings.take_in(noted, look.settled.leaders)
        obstacle, awaits_look = None, False
        hanging = []
        for identity, producer in suspects.items():
            is_new = identity not in self._found
            if _is_open_in_log(producer, look.log, seen_before.get(identity), is_new=is_new):
                self._found.discard(identity)
                continue
            if is_new and identity not in seen_before:
                obstacle, awaits_look = look.settled.obstacle, True
                continue
            if is_new and not _is_read(look.log, since=seen_before[identity][0]):
                obstacle, awaits_look = NOT_READ_YET, True
                continue
            self._found.add(identity)
            hanging.append(_hanging(producer, look.ends.get((producer.topic, producer.partition)), look.log.weaker))
        self._found = {one for one in self._found if one in suspects or one[:2] not in look.answered}
        return Verdict(sorted(hanging), obstacle, awaits_look, look.max_timeout_ms)


def with_open_transaction(producers: Iterable[ProducerState]) -> list[ProducerState]:
    """Return the producers that have an open transaction."""
    return [producer for producer in producers if producer.start_offset >= 0]


def unknown_to_coordinators(
    producers: Iterable[ProducerState], known: Iterable[TransactionDescription]
) -> list[ProducerState]:
    """Return the producers whose open transaction no coordinator knows, or knows only on other partitions."""
    pending = {(transaction.producer_id, partition) for transaction in known for partition in transaction.partitions}
    return [
        producer
        for producer in with_open_transaction(producers)
        if (producer.producer_id, (producer.topic, producer.partition)) not in pending
    ]


def still_open(suspects: Iterable[ProducerState], now: Iterable[ProducerState]) -> list[ProducerState]:
    """Return the suspects whose transaction is still open *now*, with the same epoch and the same start offset."""
    open_now = {_identity(producer): producer for producer in with_open_transaction(now)}
    return [open_now[identity] for identity in map(_identity, suspects) if identity in open_now]


def _is_open_in_log(
    producer: ProducerState, log: LogAnswer, first: tuple[float, int | None] | None, *, is_new: bool
) -> bool:
    """Return whether the log has the transaction open.

    A producer id that has another transaction open counts as well, unless that one began after the suspect was first
    seen: then the suspect is a remainder of an earlier transaction.
    """
    opened = log.open.get(producer.producer_id)
    if opened is None:
        return False
    if (producer.topic, producer.partition) in opened.partitions:
        return True
    return is_new and (first is None or first[1] == opened.start_ms)


def _is_read(log: LogAnswer, *, since: float) -> bool:
    return log.weaker is not None or (log.read_at is not None and log.read_at >= since)


def _hanging(producer: ProducerState, end: PartitionEnd | None, weaker: str | None) -> HangingTransaction:
    return HangingTransaction(
        producer.topic,
        producer.partition,
        producer.producer_id,
        producer.epoch,
        producer.start_offset,
        producer.last_timestamp_ms,
        end.end_offset - end.last_stable_offset if end else 0,
        weaker,
    )


def _identity(producer: ProducerState) -> Identity:
    return producer.topic, producer.partition, producer.producer_id, producer.epoch, producer.start_offset
