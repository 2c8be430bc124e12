"""An exporter whose pages have everything at once: long and hostile names, large numbers, and every kind of trouble."""

import contextlib
import itertools
import time

from kafka_producer_exporter.catalogue import broker, exporter
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.model import Family, Labels, Scrape
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason
from kafka_producer_exporter.server.application import Collected, TargetStatus
from kafka_producer_exporter.server.guide_numbers import OF_PRODUCER
from kafka_producer_exporter.server.listeners import Server
from tests.diagnosis.hand_made import evidence

HOSTILE = '<script>alert(1)</script>\x1b[2J\u202e"&'
LONG = "a-name-without-a-blank" * 12
CLIENTS = ("orders", HOSTILE, LONG)
VALUES = (12_345_678.9, 0.0123, 0.25, 3.5, 1_048_576.0, 16_384.0, 0.254, 86_400.0, 0.5)
"""In the order of the guide's numbers."""
ADVICE = "nothing listens on orders:9999; start the JVM with -Dcom.sun.management.jmxremote.port=9999 -D" + LONG


class Application:
    """A program with a target that is up, one that is down, one that has not been read, and a broker view."""

    def __init__(self):
        found = [
            evidence(client=client, produce_throttle_time_max_seconds=2.5, record_error_total=7.0) for client in CLIENTS
        ]
        self._readings = itertools.cycle([[one.first.page for one in found], [one.second.page for one in found]])

    def collect(self, *, deadline):
        series = {}
        for page in next(self._readings):
            for name, samples in page.items():
                series.setdefault(name, []).extend((Labels(labels), value) for labels, value in samples)
        page = [
            family(exporter.UP, ({"target": "checkout"}, 1.0), ({"target": LONG}, 0.0)),
            family(exporter.TARGET_ERROR, ({"target": LONG, "reason": "refused"}, 1.0)),
            *(Family(METRICS[name], samples) for name, samples in series.items()),
        ]
        return Collected(time.monotonic(), lambda: page)

    def statuses(self, *, max_age_seconds, deadline):
        now = time.monotonic()
        up = Scrape("checkout", self._numbers(), None, "", len(CLIENTS), now - 3, 0.0123)
        down = Scrape(LONG, [], Reason.REFUSED, ADVICE, 0, now - 3, 1.5)
        return [
            TargetStatus("checkout", Address("checkout", 9999), up),
            TargetStatus(LONG, Address("orders", 9999), down),
            TargetStatus(HOSTILE, Address(LONG, 1), None),
        ]

    def broker_families(self):
        ids = [{"transactional_id": name} for name in CLIENTS]
        places = [{"topic": name, "partition": "123", "producer_id": "1234567890"} for name in CLIENTS]
        return [
            family(broker.SOURCE_UP, ({"source": "transaction_log"}, 1), ({"source": "topics"}, 0)),
            family(broker.SOURCE_ERROR, ({"source": "topics", "reason": "timeout"}, 1)),
            family(broker.COUNTING_SINCE, ({}, time.time() - 7200)),
            family(broker.EXACT, ({}, 1)),
            family(broker.LOG_LAG, ({}, 1_234_567)),
            *(family(one, *((labels, 98_765.0) for labels in ids)) for one in (broker.OPEN, broker.OPEN_SECONDS)),
            *(family(one, *((labels, 3600.0) for labels in ids)) for one in (broker.TIMEOUT_SECONDS, broker.STARTED)),
            family(broker.ABORTED, *(({**labels, "reason": "fenced"}, 12_345.0) for labels in ids)),
            family(broker.EPOCH, *((labels, 32_000.0) for labels in ids)),
            family(broker.INFO, *(({**labels, "producer_id": "1234567890"}, 1.0) for labels in ids)),
            *(
                family(one, *((labels, 98_765.0) for labels in places))
                for one in (broker.HANGING, broker.HANGING_SECONDS, broker.HANGING_RECORDS)
            ),
        ]

    def config_error(self):
        return f"exporter.yml: 1 problem\n  targets[0].jmx.{LONG}: {HOSTILE}"

    @staticmethod
    def _of_each_client(value):
        return [(Labels({"target": "checkout", "client_id": client}), value) for client in CLIENTS]

    def _numbers(self):
        by_name = {metric.guide: metric for metric in METRICS.values()}
        return [
            Family(by_name[number.name], self._of_each_client(value))
            for number, value in zip(OF_PRODUCER, VALUES, strict=True)
        ]


def family(metric, *samples):
    return Family(metric, [(Labels(labels), value) for labels, value in samples])


@contextlib.contextmanager
def sample():
    """Serve the sample on loopback; yield the address of the pages."""
    local = Address("127.0.0.1", 0)
    server = Server(Application(), listen=local, listen_pages=local)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.pages_port}"
    finally:
        server.close()
