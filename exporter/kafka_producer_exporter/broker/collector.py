"""The broker view: every source of one cluster. A scrape reads what is known, and never waits for a broker."""

import time
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from kafka_producer_exporter.broker.client.connection import MAX_RESPONSE_BYTES, Client
from kafka_producer_exporter.broker.client.fetch import FETCH_BYTES, LogReader
from kafka_producer_exporter.broker.log.clock import BrokerClock
from kafka_producer_exporter.broker.log.room import HeldRoom, Room
from kafka_producer_exporter.broker.log.tracker import TransactionTracker
from kafka_producer_exporter.broker.sources.bootstrap_servers import BootstrapServers
from kafka_producer_exporter.broker.sources.coordinators import Coordinators
from kafka_producer_exporter.broker.sources.partitions import Partitions
from kafka_producer_exporter.broker.sources.samples import MAX_KEPT_LABELS, LabelTexts, Samples
from kafka_producer_exporter.broker.sources.source import Moment, Source
from kafka_producer_exporter.broker.sources.state import Statuses
from kafka_producer_exporter.broker.sources.topics import Topics
from kafka_producer_exporter.broker.sources.transaction_counts import TransactionCounts, group_function
from kafka_producer_exporter.broker.sources.transaction_log import TransactionLog
from kafka_producer_exporter.broker.sources.worker import Turns, Worker
from kafka_producer_exporter.catalogue import broker as catalogue
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.model import Family
from kafka_producer_exporter.settings import Broker, IdGroup, Limits

LARGEST_BATCH_BYTES = 5 << 18
"""A batch of the usual maximum (``max.message.bytes``, 1 MiB), and what is around it in a response."""


class Sizes(NamedTuple):
    """How much memory the answers of brokers may take, as a part of the memory limit."""

    fetch_bytes: int = FETCH_BYTES
    """One fetch of the transaction log, of all brokers together."""
    log_response_bytes: int = MAX_RESPONSE_BYTES
    """One response to a fetch. A broker sends a whole batch even if it is larger than requested."""
    response_bytes: int = MAX_RESPONSE_BYTES
    """The responses to any other request, of all brokers together."""
    kept_labels: int = MAX_KEPT_LABELS


def sizes_within(limit: int | None) -> Sizes:
    """Return the sizes for a memory limit in bytes.

    Decoding takes up to five times the size of a fetch, and fifteen to twenty times that of another response: see
    docs/benchmark.md, "Memory of a collector".
    """
    if limit is None:
        return Sizes()
    fetch_bytes = min(FETCH_BYTES, limit // 60)
    return Sizes(
        fetch_bytes=fetch_bytes,
        log_response_bytes=max(2 * fetch_bytes, LARGEST_BATCH_BYTES),
        response_bytes=min(MAX_RESPONSE_BYTES, limit // 200),
        kept_labels=min(MAX_KEPT_LABELS, limit // 4000),
    )


def sources_of(
    broker: Broker,
    limits: Limits,
    id_groups: Sequence[IdGroup],
    texts: LabelTexts,
    *,
    clock: BrokerClock,
    budget: MemoryBudget,
    room: Room,
    sizes: Sizes,
) -> list[Source]:
    """Return every source of the broker view. A new source gets its line here. The log's source sets the *clock*.

    Shards divide the transactional ids. What is not by transactional id is served by shard 0 alone, so that sums over
    the shards count nothing twice.
    """
    tracker = TransactionTracker(limit=limits.transactional_ids, group_of=group_function(id_groups), room=room)
    counts = TransactionCounts(tracker, texts, budget)
    open_reader = partial(LogReader, fetch_bytes=sizes.fetch_bytes)
    log = TransactionLog(broker, counts, texts, clock=clock, open_reader=open_reader)
    divided = [log, Coordinators(broker, counts), BootstrapServers(broker, texts)]
    undivided = [Partitions(broker, texts, log.open_transactions, clock=clock), Topics(broker, texts)]
    return [*divided, *(undivided if broker.shard == 0 else ())]


class BrokerCollector:
    """Polls the sources of one cluster, each in a thread of its own, and returns what they know.

    While a source is down its counters stay, and its gauges disappear after two failed polls.
    """

    def __init__(
        self,
        broker: Broker,
        limits: Limits,
        id_groups: Sequence[IdGroup] = (),
        *,
        budget: MemoryBudget | None = None,
    ) -> None:
        """Prepare to poll; *budget* bounds the memory, and None does not."""
        budget = budget or MemoryBudget(None)
        self._room = HeldRoom(budget)
        sizes = sizes_within(budget.limit_bytes)
        self._texts = LabelTexts(broker.labels, max_kept=sizes.kept_labels)
        self._clock = BrokerClock()
        self._shard = {"shard": str(broker.shard), "total_shards": str(broker.total_shards)}
        turns = Turns() if budget.limit_bytes is not None else None

        def worker_of(source: Source) -> Worker:
            if isinstance(source, TransactionLog):  # its responses are bounded by what it requests
                open_client = partial(Client, broker, max_response_bytes=sizes.log_response_bytes)
                return Worker(source, open_client, self._statuses)
            open_client = partial(Client, broker, max_response_bytes=sizes.response_bytes, shared=True)
            return Worker(source, open_client, self._statuses, turns=turns)

        sources = sources_of(
            broker, limits, id_groups, self._texts, clock=self._clock, budget=budget, room=self._room, sizes=sizes
        )
        self._workers = [worker_of(source) for source in sources]
        self._started = False

    def start(self) -> None:
        """Start to poll."""
        self._started = True
        for worker in self._workers:
            worker.start()

    def close(self, *, wait_seconds: float = 0.0) -> None:
        """End the threads after the calls in progress. Wait up to *wait_seconds* for all of them together."""
        deadline = time.monotonic() + wait_seconds
        for worker in self._workers:
            worker.close()
        for worker in self._workers:
            worker.close(wait_seconds=max(0.0, deadline - time.monotonic()))
        self._room.release_all()

    def families(self) -> list[Family]:
        """Return what is known now, within milliseconds."""
        if self._started:
            self.start()  # a thread that could not be started, or that has died, gets another chance
        our_ms = time.time_ns() // 1_000_000
        brokers_ms = self._clock.time_ms(int(time.monotonic() * 1000))
        moment = Moment(our_ms if brokers_ms is None else brokers_ms, self._statuses())
        sources = [worker.source for worker in self._workers if worker.source.wanted(moment.statuses)]
        samples = Samples(self._texts)
        samples.add(catalogue.SHARD, 1, **self._shard)
        if brokers_ms is not None:
            samples.add(catalogue.CLOCK_SKEW, (our_ms - brokers_ms) / 1000)
        for source in sources:
            reason = moment.statuses[source.name].reason
            samples.add(catalogue.SOURCE_UP, float(reason is None), source=source.name)
            if reason is not None:
                samples.add(catalogue.SOURCE_ERROR, 1, source=source.name, reason=reason)
        return [*samples.families(), *(family for source in sources for family in source.families(moment))]

    def _statuses(self) -> Statuses:
        now = time.monotonic()
        return {worker.source.name: worker.state.status(now) for worker in self._workers}
