"""The demo: a real broker, three real producers, the exporter, a real Prometheus and Alertmanager, and faults.

``python -m lab.demo [--duration SECONDS]``; Ctrl-C ends it and leaves nothing running.
"""

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from kafka_producer_exporter.pack import rules as pack
from lab.alertmanager import Alertmanager, Webhook, amtool_binary, to_webhook
from lab.broker import Broker, Listener
from lab.demo_alerts import Alerts
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
SHOWN_CHANGES = 8
SCALE = 30.0
"""What the windows of the alerts, and those of the clients' metrics, are divided by; thresholds are not touched."""
NOTIFICATION_SCALE = 60.0
"""What the waits of the Alertmanager are divided by: a page waits a second."""
SAMPLE = Path(__file__).parents[1] / "alerts" / "alertmanager.yaml"
OUTAGE = "the network swallows what billing sends"
ALERT = ("KafkaProducerDeliveryStalled", "billing")
"""The alert that an outage must fire, and the service that it is about."""
PATIENCE_SECONDS = 60.0
"""How long an outage may take until it fires the alert, and its repair until the alert is resolved."""


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
    alerts: Alerts | None
    jmx_ports: dict[str, int]
    faults: list[Fault]
    """The mild ones."""
    outage: Fault
    """The one that the user starts."""
    requested: threading.Event
    """The outage is to begin."""
    amtool: str
    results: list[bool] = field(default_factory=list)
    """For each outage, whether its alert went from pending to firing to resolved."""


def main(arguments: list[str]) -> int:
    """Run the demo; return 0, 1 if a metric or an alert never appeared, 3 if a part could not be started."""
    parser = argparse.ArgumentParser(prog="python -m lab.demo", description=__doc__)
    parser.add_argument(
        "--duration", type=float, metavar="SECONDS", help="start a fault at once, and end after this time and the fault"
    )
    parser.add_argument("--no-prometheus", action="store_true", help="start no Prometheus and no Alertmanager")
    options = parser.parse_args(arguments)
    exit_on_sigterm()
    requested = threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: requested.set())
    try:
        with contextlib.ExitStack() as stack:
            demo = start(stack, requested, with_prometheus=not options.no_prometheus)
            return watch(demo, options.duration)
    except LabError as error:
        print(f"\nERROR {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    finally:
        say("everything that the demo started has ended")


def start(stack: contextlib.ExitStack, requested: threading.Event, *, with_prometheus: bool) -> Demo:
    """Start everything; closing *stack* takes it down again. *requested* asks for an outage."""
    say("fetching a Kafka broker, clients, Prometheus and Alertmanager, unless they are cached")
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
    alerts = _alerts(stack, exporter) if with_prometheus else None
    *mild, outage = faults(proxy, producers, lambda: _fence(jvms, broker))
    mild = mild if alerts else [*mild, outage]
    return Demo(exporter, pages, alerts, ports, mild, outage, requested, _amtool())


def _producer(name: str, owner: ProducerJvm, broker: Broker) -> tuple[str, Producer]:
    """Start a producer: plain, idempotent, or transactional as in the guide's own example."""
    short = {"delivery_timeout_ms": 8000, "request_timeout_ms": 3000, "max_block_ms": 2000}
    short["metrics_sample_window_ms"] = round(30_000 / SCALE)
    if name == "checkout":
        producer = owner.new(name, broker.bootstrap, acks="1", enable_idempotence="false", **short)
        producer.loop("orders", per_second=50, size=400)
    elif name == "billing":
        way = broker.address("THROUGH_PROXY")
        # Batches outlive the outage. Once they have expired, the buffer stays empty: a client since 4.0 that reaches
        # no broker forgets its metadata, and send() fails before it puts anything there.
        patient = short | {"delivery_timeout_ms": 120_000, "batch_size": 1024, "buffer_memory": 16_384}
        producer = owner.new(name, way, acks="all", compression_type="gzip", linger_ms=20, **patient)
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


def _alerts(stack: contextlib.ExitStack, exporter: str) -> Alerts | None:
    """Start a Prometheus with the rules, and an Alertmanager with the sample; without a Prometheus return None."""
    hook = stack.enter_context(Webhook())
    alertmanager = None
    try:
        with step("an Alertmanager"):
            config = to_webhook(yaml.safe_load(SAMPLE.read_text()), hook, scale=NOTIFICATION_SCALE)
            alertmanager = stack.enter_context(Alertmanager(config))
    except LabError as error:
        say(f"continuing without an Alertmanager: {error}")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-demo-")))
    rules = folder / "rules.yml"
    rules.write_text(yaml.safe_dump(pack.render(scale=SCALE), sort_keys=False, allow_unicode=True))
    server = Prometheus(
        [job("kafka-producer", exporter.split("/")[2])],
        rule_files=[rules],
        alertmanagers=[alertmanager.address] if alertmanager else [],
        flags=[f"--query.lookback-delta={300 / SCALE:g}s", f"--rules.alert.resend-delay={60 / SCALE:g}s"],
    )
    try:
        with step("a Prometheus"):
            stack.enter_context(server)
    except LabError as error:
        say(f"continuing without a Prometheus: {error}")
        return None
    return stack.enter_context(Alerts(server, alertmanager, hook))


def _amtool() -> str:
    try:
        return str(amtool_binary())
    except LabError:
        return "amtool"


def faults(proxy: Proxy, producers: dict[str, Producer], fence: Callable[[], object]) -> list[Fault]:
    """Return the mild faults that the demo cycles through, and at last the outage, which is mild if it is short."""

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
            OUTAGE,
            "record-retry-rate, bufferpool-wait-time-total, buffer-exhausted-rate",
            7,
            lambda: silence(True),
            lambda: silence(False),
        ),
    ]


def watch(demo: Demo, duration: float | None) -> int:
    """Show the table for *duration* seconds, or until interrupted; return 1 if a metric or an alert never appeared.

    With a duration, an outage begins at once, and the demo does not end before it is over.
    """
    until = time.monotonic() + duration if duration is not None else float("inf")
    must_fire = duration is not None and demo.alerts is not None
    if must_fire:
        demo.requested.set()
    headlines = _fault_cycle(demo)
    reported = 0
    before, seen_at = _page(demo), time.monotonic()
    seen: dict[tuple[str, str], float] = dict(before)
    shown_at = 0.0
    while time.monotonic() < until or (must_fire and not demo.results):
        time.sleep(REFRESH_SECONDS if must_fire else max(0.0, min(REFRESH_SECONDS, until - time.monotonic())))
        page, now = _page(demo), time.monotonic()
        seen.update(page)
        headline = next(headlines)
        if demo.alerts is not None and not sys.stdout.isatty():
            fresh = demo.alerts.history.changes[reported:]
            reported += len(fresh)
            print("".join(f"alert {change}\n" for change in fresh), end="", flush=True)
        # A terminal redraws the table in place; a log gets a new one every ten seconds.
        if sys.stdout.isatty() or now - shown_at > 10 or now >= until:
            shown_at = now
            show(demo, headline, guide_table(page, before, now - seen_at, TARGETS))
        before, seen_at = page, now
    return _verdict(demo, seen)


def _fault_cycle(demo: Demo) -> Iterator[str]:
    """Begin and end the mild faults by the clock, and an outage on request; yield a headline for each refresh."""
    while True:
        for fault in demo.faults:
            quiet_until = time.monotonic() + QUIET_SECONDS
            while (left := quiet_until - time.monotonic()) > 0:
                if demo.alerts is not None and demo.requested.is_set():
                    yield from _outage(demo, demo.alerts)
                    quiet_until = time.monotonic() + QUIET_SECONDS
                yield f"no fault; in {left:.0f} s: {fault.what}"
            fault.begin()
            fault_until = time.monotonic() + fault.seconds
            try:
                while time.monotonic() < fault_until:
                    yield f"FAULT: {fault.what}; watch {fault.look_at}"
            finally:
                fault.end()


def _outage(demo: Demo, alerts: Alerts) -> Iterator[str]:
    """Break the network of billing until its alert fires, repair it, and wait until the alert is resolved."""
    name, service = ALERT
    healthy = f'kafka_producer_request_latency_avg_seconds{{target="{service}"}}'
    while not alerts.prometheus.query(healthy):
        yield f"no fault yet; waiting until Prometheus has scraped {service}"
    start = len(alerts.history.changes)

    def waits_for(*states: str) -> Iterator[str]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not alerts.has_been(states, name, service, start=start) and time.monotonic() < deadline:
            yield alerts.history.active().get(ALERT, "inactive")

    demo.outage.begin()
    try:
        for state in waits_for("pending", "firing"):
            yield f"FAULT: {demo.outage.what}; {name} is {state}; watch {demo.outage.look_at}"
    finally:
        demo.outage.end()
    for state in waits_for("pending", "firing", "resolved"):
        yield f"REPAIRED: {service} reaches its broker again; {name} is {state}"
    demo.results.append(alerts.has_been(("pending", "firing", "resolved"), name, service, start=start))
    demo.requested.clear()


def _page(demo: Demo) -> Page:
    with urllib.request.urlopen(demo.exporter, timeout=10) as answer:
        return read_page(answer.read().decode(), {TRANSACTIONAL_ID: "shipping"})


def show(demo: Demo, headline: str, metrics: str) -> None:
    """Print the headline, the table, and where to look next."""
    clear = "\x1b[H\x1b[2J" if sys.stdout.isatty() else "\n"
    first, port = next(iter(demo.jmx_ports.items()))
    alerts = demo.alerts
    alertmanager = alerts.alertmanager if alerts else None
    if alerts and sys.stdout.isatty():
        headline = "\n".join([headline, "", *(f"  {change}" for change in alerts.history.changes[-SHOWN_CHANGES:])])
    addresses = [
        *([("break billing's network", f"kill -USR1 {os.getpid()}    (in another terminal)")] if alerts else []),
        ("metrics", demo.exporter),
        ("status page", demo.pages),
        ("Prometheus", f"{alerts.prometheus.url}/alerts" if alerts else "not running"),
        ("Alertmanager", alertmanager.url if alertmanager else "not running"),
        *([("its alerts", f"{demo.amtool} --alertmanager.url={alertmanager.url} alert")] if alertmanager else []),
        (f"all metrics of {first}", f"kafka-producer-exporter scrape 127.0.0.1:{port} --watch"),
        ("check its JMX setup", f"kafka-producer-exporter check 127.0.0.1:{port}"),
        ("stop the demo", "Ctrl-C"),
    ]
    lines = "".join(f"  {what:28}{where}\n" for what, where in addresses)
    print(f"{clear}{headline}\n\n{metrics}\n{lines}", end="", flush=True)


def _verdict(demo: Demo, seen: Page) -> int:
    """Report whether every metric of the guide has appeared, and the alert of each outage; return the exit code."""
    lacking = missing(seen, TARGETS)
    if demo.alerts is not None:
        demo.alerts.prometheus.wait_for("sum(kafka_producer_up) == 3", timeout_seconds=15)
        if not all(demo.results):
            states = ", ".join(demo.alerts.history.states(*ALERT)) or "inactive"
            told = ", ".join(demo.alerts.history.states(*ALERT, told=True)) or "nothing"
            print(f"\n{ALERT[0]}: Prometheus said {states}; receivers were told {told}", file=sys.stderr)
            return 1
        if demo.results:
            say(f"seen: {ALERT[0]} went from pending to firing to resolved")
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
