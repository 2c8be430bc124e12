"""Measures what each source of the broker view costs the brokers: ``python -m benchmarks.broker_load``.

The sources poll one real broker through a proxy that counts requests and bytes. The broker has a hundred partitions in
ten topics and fifty transactional ids. In a larger cluster each broker gets the same number of requests, and as many
bytes as the partitions that it leads need.
"""

import argparse
import contextlib
import queue
import re
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator

from kafka_producer_exporter.broker.client.admin import LATEST
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.client.fetch import LogReader
from kafka_producer_exporter.broker.sources.coordinators import describe_all_transactions
from kafka_producer_exporter.broker.sources.partitions import scan_partitions
from kafka_producer_exporter.broker.sources.topics import describe_topics
from kafka_producer_exporter.broker.sources.transaction_log import FETCH_WAIT_SECONDS
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Broker as BrokerSettings
from lab.broker import Broker, Listener
from lab.producer import ProducerJvm
from lab.proxy import Proxy

TOPICS = [f"shop.orders.{number}" for number in range(10)]
IDS = 50
PER_SECOND = 2
"""Commits per second of each id while the log is busy."""
ROUNDS = 5
API_NAMES = {1: "Fetch", 2: "ListOffsets", 3: "Metadata", 18: "ApiVersions"}
API_NAMES |= {32: "DescribeConfigs", 61: "DescribeProducers", 65: "DescribeTransactions", 66: "ListTransactions"}


class Meter(Proxy):
    """Counts the requests that pass, by API, and the bytes in each direction."""

    def __init__(self) -> None:
        super().__init__()
        self.begin()

    def begin(self) -> None:
        """Start counting from zero."""
        self.requests: Counter[str] = Counter()
        self.up = self.down = 0

    def _read(self, source, chunks):
        from_broker = source.getpeername()[1] == self.target
        super()._read(source, Watched(chunks, self._count_response if from_broker else Requests(self).take))

    def _count_response(self, data: bytes) -> None:
        self.down += len(data)


class Watched(queue.SimpleQueue):  # type: ignore[type-arg]
    """Shows each chunk to *watch* before it passes the chunk on."""

    def __init__(self, chunks, watch: Callable[[bytes], None]) -> None:
        self._chunks, self._watch = chunks, watch

    def put(self, chunk) -> None:  # type: ignore[override]
        """Pass on a chunk, which is a time and bytes."""
        self._watch(chunk[1])
        self._chunks.put(chunk)


class Requests:
    """Finds the requests in the bytes of one connection: four bytes of length, then two with the API key."""

    def __init__(self, meter: Meter) -> None:
        self._meter, self._rest = meter, b""

    def take(self, data: bytes) -> None:
        """Process the next bytes."""
        self._meter.up += len(data)
        self._rest += data
        while len(self._rest) >= 6:
            length, api_key = struct.unpack_from(">ih", self._rest)
            if len(self._rest) < 4 + length:
                break
            self._meter.requests[API_NAMES.get(api_key, str(api_key))] += 1
            self._rest = self._rest[4 + length :]


@contextlib.contextmanager
def cluster(meter: Meter) -> Iterator[Broker]:
    """Yield a broker with a hundred partitions and a listener behind the meter."""
    with Broker(listeners=[Listener(name="METERED", proxy=meter)], heap_megabytes=256) as broker:
        for topic in TOPICS:
            broker.create_topic(topic, partitions=10)
        yield broker


def report(meter: Meter, what: str, work: Callable[[], object], *, times: int = ROUNDS) -> None:
    """Print the mean cost of one call of *work*."""
    meter.begin()
    for _ in range(times):
        work()
    time.sleep(0.05)  # the proxy has its own threads
    requests = ", ".join(f"{count / times:g} {name}" for name, count in sorted(meter.requests.items()))
    print(f"| {what} | {requests} | {meter.up / times:,.0f} | {meter.down / times:,.0f} |")


def follow_busy_log(meter: Meter, reader: LogReader, seconds: float) -> None:
    """Follow the log of running transactions, and print the cost per second and per record."""
    positions = reader.offsets(reader.partitions(), LATEST)
    before = sum(positions.values())
    meter.begin()
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        for fetched in reader.fetch(positions, wait_seconds=FETCH_WAIT_SECONDS):
            positions[fetched.partition] = fetched.chunk.next_offset
    elapsed = time.monotonic() - started
    records = sum(positions.values()) - before
    print(
        f"\nThe busy log: {records / elapsed:,.0f} records ({records / 3 / elapsed:,.0f} transactions) a second, "
        f"{meter.requests['Fetch'] / elapsed:,.0f} requests and {meter.up / elapsed / 1000:,.1f} kB a second sent, "
        f"{meter.down / records:,.0f} bytes received for each record"
    )


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8, help="how long to follow the busy log")
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
            time.sleep(2)  # until every producer has reached its rate
            follow_busy_log(meter, reader, arguments.seconds)
            for producer in producers:
                producer.stop_loop()


if __name__ == "__main__":
    main()
