"""Under real memory limits, with far more transactional ids than fit, a collector survives and says what it dropped."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from lab.broker import Broker
from lab.cgroup import MemoryCgroup
from lab.log_writer import PARTITIONS, LogWriter
from tests.integration.serving import Serve

MIB = 1 << 20
LIMITS = (48 * MIB, 64 * MIB)
IDS, BOMBS = 60_000, 2
BOMB = [(b"\0\x09", bytes(30_000_000))]
"""A record of a version that nobody knows, and that compresses to 0.03 MB."""
PREFIX = "kafka_producer_exporter_"


@pytest.fixture(scope="module")
def crowded(control_groups, lab):
    """A broker with a transaction log of many ids, and of small batches that inflate to a lot."""
    with Broker() as broker:
        writer = LogWriter(broker)
        writer.write_ids(0, IDS)
        for _ in range(BOMBS):
            writer.write(PARTITIONS - 1, BOMB, compressed=True)
        yield broker


def test_a_collector_with_too_many_ids_and_with_bombs_in_its_log_survives_and_is_not_exact(crowded, tmp_path):
    def outlives(limit_bytes):
        folder = tmp_path / str(limit_bytes)
        folder.mkdir()
        bootstrap = ("--bootstrap-server", crowded.bootstrap)
        with MemoryCgroup(limit_bytes) as group, Serve(*bootstrap, folder=folder, prefix=group.prefix()) as serve:
            since = f"{PREFIX}counting_since_timestamp_seconds"
            page = serve.page_once("all is read", lambda page: page.value(since), timeout_seconds=60)
            return page, serve.log(), group.kills()

    with ThreadPoolExecutor(len(LIMITS)) as side_by_side:
        results = list(side_by_side.map(outlives, LIMITS))

    for page, log, kills in results:
        assert kills == 0
        assert page.value(f"{PREFIX}transaction_log_records_total") == IDS
        known, dropped = (
            page.value(f"{PREFIX}transactional_ids"),
            page.value(f"{PREFIX}transactional_ids_dropped_total"),
        )
        assert known + dropped == IDS
        assert dropped > IDS / 2
        assert page.value(f"{PREFIX}transaction_counts_exact") == 0
        assert page.value(f"{PREFIX}transaction_log_skipped_total", kind="damaged_batch") == BOMBS
        assert log.count("dropped the state of idle transactional ids") == 1
