"""One cluster, followed in a thread of its own: a scrape only reads what is known, and never waits for a broker."""

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from kafka_producer_exporter.broker.access import Access
from kafka_producer_exporter.broker.admin import Client
from kafka_producer_exporter.broker.crc32c import fastest_crc32c
from kafka_producer_exporter.broker.errors import SourceError, SourceReason
from kafka_producer_exporter.broker.families import LabelTexts, follower_families, transaction_families
from kafka_producer_exporter.broker.fetch import LogReader
from kafka_producer_exporter.broker.follower import LogFollower, Shard
from kafka_producer_exporter.broker.source import SourceState
from kafka_producer_exporter.broker.tracker import TransactionTracker
from kafka_producer_exporter.catalogue import broker
from kafka_producer_exporter.model import Family
from kafka_producer_exporter.settings import IdGroup

TRANSACTION_LOG = "transaction_log"
FETCH_WAIT_SECONDS = 0.5
RENEW_SECONDS = 300.0
"""A client is replaced so often: see rule 3 of ``admin``."""
LOOK_SECONDS = 30.0
"""How often the partitions are looked up; where there are none yet, every second."""
RETRY_SECONDS = (0.2, 1.0, 2.0, 5.0)
"""How long to wait after the first, second, … failure in a row."""

log = logging.getLogger(__name__)


class BrokerCollector:
    """Follows the transaction log of one cluster and answers with what it knows.

    Counters stay when the brokers fail; gauges go after two polls; ``source_up`` says so at once.
    """

    def __init__(
        self,
        access: Access,
        *,
        labels: Mapping[str, str],
        limit: int = 1000,
        id_groups: Sequence[IdGroup] = (),
        shard: Shard = Shard(),  # noqa: B008 - it is frozen
        lookback_records: int = 100_000,
    ) -> None:
        self._access = access
        self._texts = LabelTexts(labels)
        tracker = TransactionTracker(limit=limit, group_of=group_function(id_groups))
        self._follower = LogFollower(tracker, shard=shard, lookback_records=lookback_records)
        # Finding the cause, connecting, looking, fetching: four calls may each take their time-out.
        silent_seconds = 4 * access.request_timeout_seconds + FETCH_WAIT_SECONDS
        self._state = SourceState(TRANSACTION_LOG, silent_seconds=silent_seconds, now=time.monotonic())
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follow-transaction-log", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def close(self, *, wait_seconds: float = 0.0) -> None:
        """End as soon as the call under way has ended; waits for that so long."""
        self._closed.set()
        self._thread.join(wait_seconds)

    def families(self) -> list[Family]:
        """Return what is known now, within milliseconds."""
        status = self._state.status(time.monotonic())
        labels = self._texts.of("source", TRANSACTION_LOG)
        families = [Family(broker.SOURCE_UP, [(labels, float(status.reason is None))])]
        if status.reason:
            labels = self._texts.of("source", TRANSACTION_LOG, "reason", status.reason)
            families.append(Family(broker.SOURCE_ERROR, [(labels, 1.0)]))
        with self._follower.lock:
            now_ms = time.time_ns() // 1_000_000 if status.fresh else None
            families += transaction_families(self._follower, self._texts, now_ms=now_ms)
            families += follower_families(self._follower, self._texts)
        return families

    def _run(self) -> None:
        checksum = fastest_crc32c()
        while not self._closed.is_set():
            try:
                self._follow(checksum)
                continue
            except SourceError as error:
                failures = self._state.failed(error, time.monotonic())
            except Exception:  # a defect of ours in one poll must not end the following
                log.exception("source=%s unexpected error, please report it", TRANSACTION_LOG)
                defect = SourceError(SourceReason.INTERNAL, "see the traceback above")
                failures = self._state.failed(defect, time.monotonic())
            self._closed.wait(RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1])

    def _follow(self, checksum: Callable[[bytes], int]) -> None:
        """Follow with one client for as long as it is good, or until it is old. Raises SourceError."""
        client = Client(self._access)
        try:
            reader = LogReader(client, checksum)
            old_at = time.monotonic() + RENEW_SECONDS
            look_at = 0.0
            any_ours = False
            while not self._closed.is_set() and time.monotonic() < old_at:
                if time.monotonic() >= look_at:
                    any_ours = self._follower.look(reader, time.time_ns() // 1_000_000)
                    look_at = time.monotonic() + (LOOK_SECONDS if any_ours else 1.0)
                if any_ours:
                    now_ms = time.time_ns() // 1_000_000
                    self._follower.poll(reader, wait_seconds=FETCH_WAIT_SECONDS, now_ms=now_ms)
                else:
                    self._closed.wait(FETCH_WAIT_SECONDS)
                self._state.succeeded(time.monotonic())
        finally:
            client.close()


def group_function(groups: Sequence[IdGroup]) -> Callable[[str], str]:
    """Return the function that names an id's group, or the id itself where it is in none."""
    patterns = [(re.compile(group.pattern), group.group) for group in groups]

    def group_of(transactional_id: str) -> str:
        matches = ((pattern.fullmatch(transactional_id), group) for pattern, group in patterns)
        return next((match.expand(group) for match, group in matches if match), transactional_id)

    return group_of
