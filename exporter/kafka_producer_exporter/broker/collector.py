"""The broker view: every source of one cluster. A scrape reads what is known, and never waits for a broker."""

import time
from collections.abc import Sequence

from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.log.clock import BrokerClock
from kafka_producer_exporter.broker.log.tracker import TransactionTracker
from kafka_producer_exporter.broker.sources.bootstrap_servers import BootstrapServers
from kafka_producer_exporter.broker.sources.coordinators import Coordinators
from kafka_producer_exporter.broker.sources.partitions import Partitions
from kafka_producer_exporter.broker.sources.samples import LabelTexts, Samples
from kafka_producer_exporter.broker.sources.source import Moment, Source
from kafka_producer_exporter.broker.sources.state import Statuses
from kafka_producer_exporter.broker.sources.topics import Topics
from kafka_producer_exporter.broker.sources.transaction_counts import TransactionCounts, group_function
from kafka_producer_exporter.broker.sources.transaction_log import TransactionLog
from kafka_producer_exporter.broker.sources.worker import Worker
from kafka_producer_exporter.catalogue import broker as catalogue
from kafka_producer_exporter.model import Family
from kafka_producer_exporter.settings import Broker, IdGroup, Limits


def sources_of(
    broker: Broker, limits: Limits, id_groups: Sequence[IdGroup], texts: LabelTexts, clock: BrokerClock
) -> list[Source]:
    """Return every source of the broker view. A new source gets its line here. The log's source sets the *clock*.

    Shards divide the transactional ids. What is not by transactional id is served by shard 0 alone, so that sums over
    the shards count nothing twice.
    """
    tracker = TransactionTracker(limit=limits.transactional_ids, group_of=group_function(id_groups))
    counts = TransactionCounts(tracker, texts)
    log = TransactionLog(broker, counts, texts, clock=clock)
    divided = [log, Coordinators(broker, counts), BootstrapServers(broker, texts)]
    undivided = [Partitions(broker, texts, log.open_transactions, clock=clock), Topics(broker, texts)]
    return [*divided, *(undivided if broker.shard == 0 else ())]


class BrokerCollector:
    """Polls the sources of one cluster, each in a thread of its own, and returns what they know.

    While a source is down its counters stay, and its gauges disappear after two failed polls.
    """

    def __init__(self, broker: Broker, limits: Limits, id_groups: Sequence[IdGroup] = ()) -> None:
        self._texts = LabelTexts(broker.labels)
        self._clock = BrokerClock()
        self._shard = {"shard": str(broker.shard), "total_shards": str(broker.total_shards)}
        self._workers = [
            Worker(source, lambda: Client(broker), self._statuses)
            for source in sources_of(broker, limits, id_groups, self._texts, self._clock)
        ]
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
