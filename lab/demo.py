"""The demo: a real broker, three real producers, the exporter, a real Prometheus, and a fault now and then.

``python -m lab.demo [--duration SECONDS]``; Ctrl-C ends it and leaves nothing running.
"""

import argparse
import contextlib
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab.broker import Broker, Listener
from lab.demo_table import Page, guide_table, missing, read_page
from lab.fetch import fetch
from lab.process import LabError, Port, Process, exit_on_sigterm, listens, wait_until
from lab.producer import Producer, ProducerJvm
from lab.prometheus import Prometheus, job
from lab.proxy import Proxy

CLIENT = "4.4.0"
TARGETS = ("checkout", "billing", "shipping")
TRANSACTIONAL_ID = "shipping-1"
REFRESH_SECONDS = 2.0
QUIET_SECONDS = 12.0
"""The time between two faults."""
PREFERRED_PORTS = (9797, 9798)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that lasts for a while, and the metrics that show it."""

    what: str
    look_at: str
    seconds: float
    begin: Callable[[], object]
    end: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Demo:
    """The running parts of the demo, and where to reach them."""

    exporter: str
    pages: str
    prometheus: Prometheus | None
    jmx_ports: dict[str, int]
    faults: list[Fault]


def main(arguments: list[str]) -> int:
    """Run the demo; return 0, 1 if a metric never appeared, 3 if a part could not be started."""
    parser = argparse.ArgumentParser(prog="python -m lab.demo", description=__doc__)
    parser.add_argument("--duration", type=float, metavar="SECONDS", help="end after this time")
    parser.add_argument("--no-prometheus", action="store_true", help="start no Prometheus")
    options = parser.parse_args(arguments)
    exit_on_sigterm()
    try:
        with contextlib.ExitStack() as stack:
            demo = start(stack, with_prometheus=not options.no_prometheus)
            return watch(demo, options.duration)
    except LabError as error:
        print(f"\nERROR {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    finally:
        say("everything that the demo started has ended")


def start(stack: contextlib.ExitStack, *, with_prometheus: bool) -> Demo:
    """Start everything; closing *stack* takes it down again."""
    say("fetching a Kafka broker, clients and Prometheus, unless they are cached")
    for part in ("kafka-broker-4.4.0", f"kafka-clients-{CLIENT}", "kafka-clients-2.4.1"):
        fetch(part)
    proxy = stack.enter_context(Proxy())
    with step("a Kafka 4.4 broker"):
        broker = stack.enter_context(Broker(listeners=[Listener(name="THROUGH_PROXY", proxy=proxy)]))
        for topic in ("orders", "invoices", "parcels"):
            broker.create_topic(topic, partitions=3, max_message_bytes=20_000)
    with step("three JVMs with a real producer each"):
        jvms = {name: stack.enter_context(ProducerJvm(CLIENT)) for name in TARGETS}
        with ThreadPoolExecutor(len(jvms)) as pool:
            producers = dict(pool.map(lambda name: _producer(name, jvms[name], broker), TARGETS))
    with step("the exporter"):
        ports = {name: jvm_.jmx_port for name, jvm_ in jvms.items()}
        exporter, pages = _exporter(stack, ports, broker.bootstrap)
    prometheus = _prometheus(stack, exporter) if with_prometheus else None
    return Demo(exporter, pages, prometheus, ports, faults(proxy, producers, lambda: _fence(jvms, broker)))


def _producer(name: str, owner: ProducerJvm, broker: Broker) -> tuple[str, Producer]:
    """Start a producer: plain, idempotent, or transactional as in the guide's own example."""
    short = {"delivery_timeout_ms": 8000, "request_timeout_ms": 3000, "max_block_ms": 2000}
    if name == "checkout":
        producer = owner.new(name, broker.bootstrap, acks="1", enable_idempotence="false", **short)
        producer.loop("orders", per_second=50, size=400)
    elif name == "billing":
        way = broker.address("THROUGH_PROXY")
        producer = owner.new(
            name, way, acks="all", compression_type="gzip", linger_ms=20, batch_size=1024, buffer_memory=16_384, **short
        )
        producer.loop("invoices", per_second=100, size=2000, compressible=True)
    else:
        # The first initTransactions waits until the broker has created its transaction log.
        settings = {"transactional_id": TRANSACTIONAL_ID, "transaction_timeout_ms": 5000, "max_block_ms": 20_000}
        producer = owner.new(name, broker.bootstrap, **(short | settings))
        producer.init()
        producer.transform("orders", "parcels", group="shipping", per_second=5, abort_every=10, revive=True)
    return name, producer


def _fence(jvms: dict[str, ProducerJvm], broker: Broker) -> None:
    """Run a second instance of shipping for a moment, as overlapping deployments do."""
    settings = {"transactional_id": TRANSACTIONAL_ID, "transaction_timeout_ms": 5000, "max_block_ms": 5000}
    second = jvms["checkout"].new("shipping-second", broker.bootstrap, client_id="shipping-second", **settings)
    second.init()
    second.close()


def _exporter(stack: contextlib.ExitStack, jmx_ports: dict[str, int], bootstrap: str) -> tuple[str, str]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-demo-")))
    metrics, pages = (_preferred(stack, port) for port in PREFERRED_PORTS)
    config = folder / "exporter.yml"
    config.write_text(
        yaml.safe_dump(
            {
                "listen": f"127.0.0.1:{metrics}",
                "listen_pages": f"127.0.0.1:{pages}",
                "targets": [
                    {"name": name, "jmx": {"host": "127.0.0.1", "port": port}, "labels": {"kafka_cluster": "demo"}}
                    for name, port in jmx_ports.items()
                ],
                "broker": {
                    "bootstrap_servers": [bootstrap],
                    "labels": {"kafka_cluster": "demo"},
                    "topics": [".*"],
                    "poll_seconds": 5,
                },
            },
            sort_keys=False,
        )
    )
    command = [sys.executable, "-m", "kafka_producer_exporter", "serve", "--config", str(config)]
    process = stack.enter_context(Process("exporter", command, log_file=folder / "exporter.log"))
    wait_until("the exporter listens", lambda: listens(metrics), processes=[process])
    return f"http://127.0.0.1:{metrics}/metrics", f"http://127.0.0.1:{pages}/"


def _preferred(stack: contextlib.ExitStack, port: int) -> int:
    """Return *port*, the one in the documentation, or a free port if that one is taken."""
    if not listens(port):
        return port
    held = Port()
    stack.callback(held.close)
    return held.number


def _prometheus(stack: contextlib.ExitStack, exporter: str) -> Prometheus | None:
    try:
        with step("a Prometheus"):
            address = exporter.split("/")[2]
            return stack.enter_context(Prometheus([job("kafka-producer", address)], interval_seconds=2))
    except LabError as error:
        say(f"continuing without a Prometheus: {error}")
        return None


def faults(proxy: Proxy, producers: dict[str, Producer], fence: Callable[[], object]) -> list[Fault]:
    """Return the mild faults that the demo cycles through."""

    def delay(seconds: float) -> None:
        proxy.delay_seconds = seconds

    def too_large() -> None:
        producers["checkout"].post("send", {"topic": "orders", "count": 5, "size": 30_000, "wait": False})

    def silence(silent: bool) -> None:
        proxy.silent = silent

    return [
        Fault("200 ms of network delay for billing", "request-latency-avg", 6, lambda: delay(0.2), lambda: delay(0)),
        Fault("checkout sends records that the broker refuses", "record-error-rate", 2, too_large, lambda: None),
        Fault(
            "a second instance takes over shipping's transactional id, and fences it",
            "transaction-abort-rate, epoch",
            4,
            fence,
            lambda: None,
        ),
        Fault(
            "the network swallows what billing sends",
            "record-retry-rate, bufferpool-wait-time-total, buffer-exhausted-rate",
            7,
            lambda: silence(True),
            lambda: silence(False),
        ),
    ]


def watch(demo: Demo, duration: float | None) -> int:
    """Show the table for *duration* seconds, or until interrupted; return 1 if a required metric never appeared."""
    until = time.monotonic() + duration if duration is not None else float("inf")
    headlines = _fault_cycle(demo.faults)
    before, seen_at = _page(demo), time.monotonic()
    seen: dict[tuple[str, str], float] = dict(before)
    shown_at = 0.0
    while time.monotonic() < until:
        time.sleep(max(0.0, min(REFRESH_SECONDS, until - time.monotonic())))
        page, now = _page(demo), time.monotonic()
        seen.update(page)
        headline = next(headlines)
        # A terminal redraws the table in place; a log gets a new one every ten seconds.
        if sys.stdout.isatty() or now - shown_at > 10 or now >= until:
            shown_at = now
            show(demo, headline, guide_table(page, before, now - seen_at, TARGETS))
        before, seen_at = page, now
    return _verdict(demo, seen)


def _fault_cycle(faults_: list[Fault]) -> Iterator[str]:
    """Begin and end the faults by the clock; yield a headline for each refresh."""
    while True:
        for fault in faults_:
            quiet_until = time.monotonic() + QUIET_SECONDS
            while (left := quiet_until - time.monotonic()) > 0:
                yield f"no fault; in {left:.0f} s: {fault.what}"
            fault.begin()
            fault_until = time.monotonic() + fault.seconds
            try:
                while time.monotonic() < fault_until:
                    yield f"FAULT: {fault.what}; watch {fault.look_at}"
            finally:
                fault.end()


def _page(demo: Demo) -> Page:
    with urllib.request.urlopen(demo.exporter, timeout=10) as answer:
        return read_page(answer.read().decode(), {TRANSACTIONAL_ID: "shipping"})


def show(demo: Demo, headline: str, metrics: str) -> None:
    """Print the headline, the table, and where to look next."""
    clear = "\x1b[H\x1b[2J" if sys.stdout.isatty() else "\n"
    first, port = next(iter(demo.jmx_ports.items()))
    addresses = [
        ("metrics", demo.exporter),
        ("status page", demo.pages),
        ("Prometheus", f"{demo.prometheus.url}/graph" if demo.prometheus else "not running"),
        (f"all metrics of {first}", f"kafka-producer-exporter scrape 127.0.0.1:{port} --watch"),
        ("check its JMX setup", f"kafka-producer-exporter check 127.0.0.1:{port}"),
        ("stop the demo", "Ctrl-C"),
    ]
    lines = "".join(f"  {what:28}{where}\n" for what, where in addresses)
    print(f"{clear}{headline}\n\n{metrics}\n{lines}", end="", flush=True)


def _verdict(demo: Demo, seen: Page) -> int:
    """Report whether every metric of the guide has appeared; return the exit code."""
    lacking = missing(seen, TARGETS)
    if demo.prometheus is not None:
        demo.prometheus.wait_for("sum(kafka_producer_up) == 3", timeout_seconds=15)
    if lacking:
        print("\nnever seen: " + ", ".join(lacking), file=sys.stderr)
        return 1
    say(f"seen: every metric that the guide names, for {len(TARGETS)} producers")
    return 0


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """Announce that something starts, then how long it took."""
    started = time.monotonic()
    say(f"starting {what} …")
    yield
    say(f"          … {time.monotonic() - started:.1f} s")


def say(text: str) -> None:
    """Print a line of progress."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
