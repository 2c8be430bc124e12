"""One cluster, looked at from several sides at once: a scrape reads what is known, and never waits for a broker."""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from kafka_producer_exporter.broker.client.admin import describe_transactions, list_transactions, require_describe_all
from kafka_producer_exporter.broker.client.connection import Client, probe_server
from kafka_producer_exporter.broker.client.fetch import LogReader
from kafka_producer_exporter.broker.cluster.hanging import HangingTransaction, Look
from kafka_producer_exporter.broker.cluster.idempotent import IdempotentTracker
from kafka_producer_exporter.broker.cluster.topics import NOTHING
from kafka_producer_exporter.broker.families import (
    LabelTexts,
    bootstrap_families,
    follower_families,
    idempotent_families,
    look_families,
    topic_families,
    transaction_families,
)
from kafka_producer_exporter.broker.log.approximate import ApproximateLog
from kafka_producer_exporter.broker.log.follower import LogFollower, Shard
from kafka_producer_exporter.broker.log.tracker import TransactionTracker
from kafka_producer_exporter.broker.sources.state import SourceState
from kafka_producer_exporter.broker.sources.worker import Step, Worker
from kafka_producer_exporter.broker.watch import look, topics_of
from kafka_producer_exporter.catalogue import broker as catalogue
from kafka_producer_exporter.model import Family
from kafka_producer_exporter.net.errors import Reason
from kafka_producer_exporter.settings import Broker, IdGroup

TRANSACTION_LOG, COORDINATORS, PARTITIONS = "transaction_log", "coordinators", "partitions"
TOPICS, BOOTSTRAP = "topics", "bootstrap_servers"
FETCH_WAIT_SECONDS = 0.5
LOOK_SECONDS = 30.0
"""How often the log's partitions are looked up; where there are none yet, every second."""

log = logging.getLogger(__name__)


class BrokerCollector:
    """Answers with what is known of one cluster.

    ``transaction_log`` follows the log, and is exact. ``coordinators`` stands in for it where the log may not be read.
    ``partitions`` looks for transactions that hang, and at producers without transactions; ``topics`` at how safely
    topics are kept; ``bootstrap_servers`` at the ways in.
    Counters stay when a source fails; gauges go after two polls; ``source_up`` says so at once.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        labels: Mapping[str, str],
        limit: int = 1000,
        id_groups: Sequence[IdGroup] = (),
        topics: Sequence[re.Pattern[str]] = (),
        dlq_topics: Sequence[re.Pattern[str]] = (),
        shard: Shard | None = None,
        lookback_records: int = 100_000,
        poll_seconds: float = 30.0,
    ) -> None:
        """``topics`` are patterns of those that are shown one by one, ``dlq_topics`` of those for dead letters."""
        self._broker = broker
        self._poll_seconds = poll_seconds
        self._texts = LabelTexts(labels)
        tracker = TransactionTracker(limit=limit, group_of=group_function(id_groups))
        self._follower = LogFollower(tracker, shard=shard or Shard(), lookback_records=lookback_records)
        self._approximate = ApproximateLog(tracker)
        self._approximate_since_ms: int | None = None
        self._topics = topics
        self._dead_letter_topics = dlq_topics
        self._idempotent = IdempotentTracker(self._topics)
        self._look: Look | None = None
        self._topic_facts = NOTHING
        self._bootstrap_families: list[Family] = []
        self._look_lock = threading.Lock()
        # Finding the cause, connecting, looking up and asking may each take their time-out.
        busy_seconds = 4 * broker.request_timeout_seconds
        self._log_worker = Worker(TRANSACTION_LOG, self._follow, silent_seconds=busy_seconds + FETCH_WAIT_SECONDS)
        self._coordinators = Worker(
            COORDINATORS,
            self._ask_coordinators,
            silent_seconds=busy_seconds + poll_seconds,
            wanted=self._log_is_forbidden,
        )
        self._partitions = Worker(PARTITIONS, self._look_at_partitions, silent_seconds=2 * busy_seconds + poll_seconds)

        self._topics_worker = Worker(TOPICS, self._look_at_topics, silent_seconds=2 * busy_seconds + poll_seconds)
        servers = len(broker.bootstrap_servers)
        self._bootstrap = Worker(
            BOOTSTRAP,
            self._try_bootstrap_servers,
            silent_seconds=(servers + 1) * broker.request_timeout_seconds + poll_seconds,
        )

    def start(self) -> None:
        """Begin to look."""
        for worker in self._workers():
            worker.start()

    def close(self, *, wait_seconds: float = 0.0) -> None:
        """End as soon as the calls under way have ended; waits for that so long, all in all."""
        until = time.monotonic() + wait_seconds
        for worker in self._workers():
            worker.close()
        for worker in self._workers():
            worker.close(wait_seconds=max(0.0, until - time.monotonic()))

    def families(self) -> list[Family]:
        """Return what is known now, within milliseconds."""
        now, now_ms = time.monotonic(), _now_ms()
        exact = not self._log_is_forbidden()
        counting = self._log_worker.state if exact else self._coordinators.state
        unwanted = self._coordinators if exact else None
        sources = [worker.state for worker in self._workers() if worker is not unwanted]
        families = [*self._source_families(sources, now), Family(catalogue.EXACT, [(self._texts.of(), float(exact))])]
        with self._follower.lock:
            since_ms = self._follower.counting_since_ms or self._approximate_since_ms
            if since_ms is not None:
                fresh_ms = now_ms if counting.status(now).fresh else None
                families.append(Family(catalogue.COUNTING_SINCE, [(self._texts.of(), since_ms / 1000)]))
                families += transaction_families(self._follower.tracker, self._texts, now_ms=fresh_ms)
            families += follower_families(self._follower, self._texts)
        with self._look_lock:
            fresh_ms = now_ms if self._partitions.state.status(now).fresh else None
            families += idempotent_families(self._idempotent, self._texts, now_ms=fresh_ms)
            if self._look is not None and fresh_ms is not None:
                families += look_families(self._look, self._texts, now_ms=now_ms)
            fresh = self._topics_worker.state.status(now).fresh
            families += topic_families(self._topic_facts, self._texts, fresh=fresh)
            if self._bootstrap.state.status(now).fresh:
                families += self._bootstrap_families
        return families

    def _workers(self) -> tuple[Worker, ...]:
        return self._log_worker, self._coordinators, self._partitions, self._topics_worker, self._bootstrap

    def _source_families(self, sources: Sequence[SourceState], now: float) -> list[Family]:
        up, errors = Family(catalogue.SOURCE_UP, []), Family(catalogue.SOURCE_ERROR, [])
        for source in sources:
            reason = source.status(now).reason
            up.samples.append((self._texts.of("source", source.name), float(reason is None)))
            if reason is not None:
                errors.samples.append((self._texts.of("source", source.name, "reason", reason), 1.0))
        return [up, errors] if errors.samples else [up]

    def _log_is_forbidden(self) -> bool:
        return self._log_worker.state.status(time.monotonic()).reason is Reason.AUTHORIZATION

    @contextmanager
    def _follow(self) -> Iterator[Step]:
        look_at, any_ours = 0.0, False

        def step() -> float:
            nonlocal look_at, any_ours
            if time.monotonic() >= look_at:
                any_ours = self._follower.look(reader, _now_ms())
                look_at = time.monotonic() + (LOOK_SECONDS if any_ours else 1.0)
            if not any_ours:
                return FETCH_WAIT_SECONDS
            self._follower.poll(reader, wait_seconds=FETCH_WAIT_SECONDS, now_ms=_now_ms())
            return 0.0

        with Client(self._broker) as client:
            reader = LogReader(client)
            yield step

    @contextmanager
    def _ask_coordinators(self) -> Iterator[Step]:
        def step() -> float:
            require_describe_all(client)
            listed = list_transactions(client)
            described = describe_transactions(client, listed)
            with self._follower.lock:
                now_ms = _now_ms()
                self._approximate.take_in({one.transactional_id for one in listed}, described, now_ms)
                self._approximate_since_ms = self._approximate_since_ms or now_ms
            return self._poll_seconds

        with Client(self._broker) as client:
            yield step

    @contextmanager
    def _look_at_partitions(self) -> Iterator[Step]:
        def step() -> float:
            found = look(client)
            with self._look_lock:
                before = self._look.hanging if self._look else []
                self._look = found
                self._idempotent.take_in(
                    found.producers, transactional=found.transactional, asked=found.asked, refused=found.refused
                )
            self._log_hanging(before, found.hanging)
            return self._poll_seconds

        with Client(self._broker) as client:
            yield step

    @contextmanager
    def _look_at_topics(self) -> Iterator[Step]:
        def step() -> float:
            found = topics_of(client, self._topics, self._dead_letter_topics)
            with self._look_lock:
                self._topic_facts = found
            return self._poll_seconds

        with Client(self._broker) as client:
            yield step

    @contextmanager
    def _try_bootstrap_servers(self) -> Iterator[Step]:
        def step() -> float:
            found = {str(server): probe_server(self._broker, server) for server in self._broker.bootstrap_servers}
            with self._look_lock:
                self._bootstrap_families = bootstrap_families(found, self._texts)
            return self._poll_seconds

        yield step

    def _log_hanging(self, before: Sequence[HangingTransaction], now: Sequence[HangingTransaction]) -> None:
        known = {(one.topic, one.partition, one.producer_id) for one in before}
        for one in now:
            if (one.topic, one.partition, one.producer_id) not in known:
                log.warning(
                    "a transaction hangs on %s-%d (producer id %d, from offset %d); to end it: %s",
                    one.topic,
                    one.partition,
                    one.producer_id,
                    one.start_offset,
                    one.abort_command(str(self._broker.bootstrap_servers[0])),
                )


def group_function(groups: Sequence[IdGroup]) -> Callable[[str], str]:
    """Return the function that names an id's group, or the id itself where it is in none."""

    def group_of(transactional_id: str) -> str:
        matches = ((group.pattern.fullmatch(transactional_id), group.group) for group in groups)
        return next((match.expand(group) for match, group in matches if match), transactional_id)

    return group_of


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
