"""What looking at a cluster costs its brokers, request by request: ``python -m benchmarks.broker_load``.

Each source asks a real broker through a proxy that counts. One broker with a hundred partitions in ten topics and fifty
transactional ids; a broker of a larger cluster gets as many requests, and bytes for what it leads itself.
"""

import argparse
import contextlib
import queue
import re
import struct
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator

warnings.simplefilter("ignore", DeprecationWarning)  # kafka-python reads its schemas in a way that 3.11 deprecates

from kafka_producer_exporter.broker.client.admin import LATEST  # noqa: E402
from kafka_producer_exporter.broker.client.connection import Client  # noqa: E402
from kafka_producer_exporter.broker.client.fetch import LogReader  # noqa: E402
from kafka_producer_exporter.broker.sources.coordinators import describe_all_transactions  # noqa: E402
from kafka_producer_exporter.broker.sources.partitions import scan_partitions  # noqa: E402
from kafka_producer_exporter.broker.sources.topics import describe_topics  # noqa: E402
from kafka_producer_exporter.broker.sources.transaction_log import FETCH_WAIT_SECONDS  # noqa: E402
from kafka_producer_exporter.net.address import Address  # noqa: E402
from kafka_producer_exporter.settings import Broker as BrokerSettings  # noqa: E402
from lab.broker import Broker, Listener  # noqa: E402
from lab.producer import ProducerJvm  # noqa: E402
from lab.proxy import Proxy  # noqa: E402

TOPICS = [f"shop.orders.{number}" for number in range(10)]
IDS = 50
PER_SECOND = 2
"""How often each id commits while the log is busy."""
ROUNDS = 5
API_NAMES = {1: "Fetch", 2: "ListOffsets", 3: "Metadata", 18: "ApiVersions"}
API_NAMES |= {32: "DescribeConfigs", 61: "DescribeProducers", 65: "DescribeTransactions", 66: "ListTransactions"}


class Meter(Proxy):
    """Counts the requests that pass, by kind, and the bytes of either direction."""

    def __init__(self) -> None:
        super().__init__()
        self.begin()

    def begin(self) -> None:
        """Count from here on."""
        self.requests: Counter[str] = Counter()
        self.up = self.down = 0

    def _read(self, source, chunks):
        from_broker = source.getpeername()[1] == self.target
        super()._read(source, Watched(chunks, self._answered if from_broker else Requests(self).take))

    def _answered(self, data: bytes) -> None:
        self.down += len(data)


class Watched(queue.SimpleQueue):  # type: ignore[type-arg]
    """Shows what is put to somebody, and hands it on."""

    def __init__(self, chunks, watch: Callable[[bytes], None]) -> None:
        self._chunks, self._watch = chunks, watch

    def put(self, chunk) -> None:  # type: ignore[override]
        """Hand a chunk on, which is a time and bytes."""
        self._watch(chunk[1])
        self._chunks.put(chunk)


class Requests:
    """Finds the requests in one connection's bytes: four bytes of length, then two that say which kind."""

    def __init__(self, meter: Meter) -> None:
        self._meter, self._rest = meter, b""

    def take(self, data: bytes) -> None:
        """Take in what comes next."""
        self._meter.up += len(data)
        self._rest += data
        while len(self._rest) >= 6:
            length, kind = struct.unpack_from(">ih", self._rest)
            if len(self._rest) < 4 + length:
                break
            self._meter.requests[API_NAMES.get(kind, str(kind))] += 1
            self._rest = self._rest[4 + length :]


@contextlib.contextmanager
def cluster(meter: Meter) -> Iterator[Broker]:
    """Give a broker with a hundred partitions, also to be reached through the meter."""
    with Broker(listeners=[Listener(name="METERED", proxy=meter)], heap_megabytes=256) as broker:
        for topic in TOPICS:
            broker.create_topic(topic, partitions=10)
        yield broker


def report(meter: Meter, what: str, work: Callable[[], object], *, times: int = ROUNDS) -> None:
    """Print what one such poll costs, the mean of several."""
    meter.begin()
    for _ in range(times):
        work()
    time.sleep(0.05)  # the proxy has its own threads
    kinds = ", ".join(f"{count / times:g} {kind}" for kind, count in sorted(meter.requests.items()))
    print(f"| {what} | {kinds} | {meter.up / times:,.0f} | {meter.down / times:,.0f} |")


def follow_busy_log(meter: Meter, reader: LogReader, seconds: float) -> None:
    """Follow the log while transactions are made, and print what that costs for a second and for a transaction."""
    positions = reader.offsets(reader.partitions(), LATEST)
    before = sum(positions.values())
    meter.begin()
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        for fetched in reader.fetch(positions, wait_seconds=FETCH_WAIT_SECONDS):
            positions[fetched.partition] = fetched.page.next_offset
    passed = time.monotonic() - started
    records = sum(positions.values()) - before
    print(
        f"\nThe busy log, {records / passed:,.0f} records ({records / 3 / passed:,.0f} transactions) a second: "
        f"{meter.requests['Fetch'] / passed:,.0f} requests and {meter.up / passed / 1000:,.1f} kB a second sent, "
        f"{meter.down / records:,.0f} bytes received for each record"
    )


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8, help="how long the busy log is followed")
    arguments = parser.parse_args()
    with Meter() as meter, cluster(meter) as broker, ProducerJvm(jmx=False) as jvm:
        producers = [jvm.new(f"tx-{n}", broker.bootstrap, transactional_id=f"orders-{n}") for n in range(IDS)]
        for number, producer in enumerate(producers):
            producer.init()
            producer.begin()
            producer.send(TOPICS[number % len(TOPICS)])
            producer.commit()
        settings = BrokerSettings(
            bootstrap_servers=(Address.parse(broker.address("METERED")),), request_timeout_seconds=5
        )
        print("| one poll of | requests | bytes sent | bytes received |\n| --- | --- | --- | --- |")
        report(meter, "a new client (every 5 minutes)", lambda: Client(settings).close())
        with Client(settings) as client:
            reader = LogReader(client)
            positions = reader.offsets(reader.partitions(), LATEST)
            idle = lambda: reader.fetch(positions, wait_seconds=FETCH_WAIT_SECONDS)  # noqa: E731
            idle()
            report(meter, "`transaction_log`, idle (every 0.5 s)", idle)
            report(meter, "`transaction_log`, its partitions (every 30 s)", reader.partitions)
            report(meter, "`coordinators`", lambda: describe_all_transactions(client))
            report(meter, "`partitions`", lambda: scan_partitions(client))
            report(meter, "`topics`, all ten", lambda: describe_topics(client, [re.compile(r"shop\..*")], []))
            for number, producer in enumerate(producers):
                producer.loop(TOPICS[number % len(TOPICS)], per_second=PER_SECOND, records=1)
            time.sleep(2)  # until all are at their pace
            follow_busy_log(meter, reader, arguments.seconds)
            for producer in producers:
                producer.stop_loop()


if __name__ == "__main__":
    main()
