"""What sources serve, and the moments at which they serve it."""

from kafka_producer_exporter.broker.sources.source import Moment
from kafka_producer_exporter.broker.sources.state import Status
from kafka_producer_exporter.net.errors import Reason
from tests.families import series_of

UP = Status(None, fresh=True)
DOWN = Status(Reason.CLOSED, fresh=False)
FORBIDDEN = Status(Reason.AUTHORIZATION, fresh=False)


def moment(*, now_ms=0, **statuses):
    """A moment at which each source has the given status."""
    return Moment(now_ms, {"transaction_log": UP} | statuses)


def served(families):
    """The samples by name and labels. No family may occur twice, and the labels are the declared ones."""
    assert len({family.metric for family in families}) == len(families)
    for family in families:
        for labels, _ in family.samples:
            assert {name for name, _ in labels.pairs} - {"kafka_cluster"} == set(family.metric.labels)
    return series_of(families)
