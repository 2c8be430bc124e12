"""No healthy transaction is called hanging while brokers come and go. ``make truth`` has the long form."""

import pytest

from lab.process import wait_until
from tests.integration.broker.view import found_by_kafka, value
from tests.truth.hanging import DOES_NOT, GHOST, READS, UNAVAILABLE, Row, Stage


@pytest.mark.timeout(300)  # half a minute on a quiet machine: a broker stops, and three programs start
def test_no_healthy_transaction_is_called_hanging_while_a_broker_stops_and_the_log_has_no_leader(cluster):
    row = Row("a broker stops that has the only replica of a partition of the log")

    with Stage(cluster, producers=20) as stage:
        stage.record(row, stage.stop_only_replica)
        by_kafka = found_by_kafka(cluster, stage.topic)
        wait_until("every partition is read again", lambda: value(stage.watches[READS].collector, UNAVAILABLE) == 0)
        counted = stage.watches[READS].counted
        exact = value(stage.watches[READS].collector, "kafka_producer_exporter_transaction_counts_exact")

    suspects = {kind: found for kind, (_, found, _, _) in row.watches.items()}
    wrong = {kind: found for kind, (*_, found) in row.watches.items()}
    assert all(suspects.values()), suspects  # a rule of one look would have called these hanging
    assert wrong == {READS: set(), DOES_NOT: set()}
    assert row.ghost_missed == 0, "what hangs is not found any more"
    assert by_kafka == {(3, GHOST)}
    assert row.committed
    assert max(counted) > min(counted), "nothing was counted on the other partitions"
    assert exact == 1
