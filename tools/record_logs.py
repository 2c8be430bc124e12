"""Logs of real producers under the lab's faults, as ``explain -`` has to read them.

``python -m tools.record_logs [FAULT …]`` writes ``recorded/logs/VERSION/FAULT.log`` for each client version and fault.
The applications log with slf4j-simple, as INFO and above. Of the configuration that a client logs, only client.id
is kept, because the rest is most of a log and no error; so are entries that only repeat an earlier one.
"""

import argparse
import re
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path

from lab.broker import Broker, Cluster, Listener, Security
from lab.certificates import make_certificates
from lab.process import exit_on_sigterm, wait_until
from lab.producer import Producer, ProducerError, ProducerJvm
from lab.proxy import Proxy

LOGS = Path(__file__).parent.parent / "recorded" / "logs"
VERSIONS = ("2.8.2", "3.9.2", "4.4.0")
JAVA_OPTIONS = (
    "-Dapplication.logs=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
)
MAX_REPEATS = 3
"""Entries of the same text, but for its numbers, that are kept."""

THROUGH_PROXY = "PROXY"
USER, PASSWORD = "orders", "secret"


class World:
    """The broker of most faults, started when the first of them needs it, and a way to it that can be interrupted."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.proxy = stack.enter_context(Proxy())
        self.nowhere = _address(stack.enter_context(_bound()))
        """An address that refuses connections."""
        silent = stack.enter_context(_bound())
        silent.listen()
        self.silence = _address(silent)
        """An address that accepts connections and never answers."""
        self._folder = folder
        self._stack = stack

    @cached_property
    def broker(self) -> Broker:
        """The broker, with its topics."""
        certificates = make_certificates(self._folder / "certificates")
        security = Security(certificates=certificates, users={USER: PASSWORD})
        listener = Listener(name=THROUGH_PROXY, proxy=self.proxy)
        broker = self._stack.enter_context(Broker(security=security, listeners=[listener]))
        broker.create_topic("orders")
        broker.create_topic("small-records", max_message_bytes=1000)
        return broker


def unknown_topic(world: World, jvm: ProducerJvm) -> None:
    """Send to a topic that does not exist."""
    jvm.new("orders", world.broker.bootstrap, max_block_ms=1500).send("no-such-topic")


def record_too_large(world: World, jvm: ProducerJvm) -> None:
    """Send a record that the client does not allow, and one that the topic does not."""
    jvm.new("strict", world.broker.bootstrap, max_request_size=2000).send("orders", size=5000)
    jvm.new("orders", world.broker.bootstrap).send("small-records", size=5000)


def not_enough_replicas(world: World, jvm: ProducerJvm) -> None:
    """Send to a topic that wants three replicas in sync, and kill one of three brokers."""
    del world
    with Cluster(3) as cluster:
        cluster.create_topic("all-in-sync", min_insync_replicas=3)
        options = {"delivery_timeout_ms": 12_000, "request_timeout_ms": 4000, "retry_backoff_ms": 400, "acks": "all"}
        producer = jvm.new("orders", cluster.bootstrap, **options)
        producer.send("all-in-sync")
        with cluster.admin() as admin:
            (topic,) = admin.describe_topics(["all-in-sync"])
        leader = topic["partitions"][0]["leader_id"]
        next(node for number, node in cluster.nodes.items() if number != leader).kill()
        producer.send("all-in-sync")


def fenced(world: World, jvm: ProducerJvm) -> None:
    """Start a second producer with the transactional id of one that is sending."""
    first = transactional(world, jvm, "orders-1", transactional_id="orders")
    first.begin()
    first.send("orders")
    second = transactional(world, jvm, "orders-2", transactional_id="orders")
    for call in (first.commit, first.abort):
        with suppress(ProducerError):
            call()
    second.begin()
    second.send("orders")
    second.commit()


def transaction_timeout(world: World, jvm: ProducerJvm) -> None:
    """Send again after the coordinator has aborted the transaction."""
    producer = transactional(world, jvm, "orders", transactional_id="slow", transaction_timeout_ms=1000)
    producer.begin()
    producer.send("orders")
    time.sleep(4)
    for call in (lambda: producer.send("orders"), producer.commit, producer.abort):
        with suppress(ProducerError):
            call()


def wrong_password(world: World, jvm: ProducerJvm) -> None:
    """Log in with a password that the broker rejects."""
    logged_in(world, jvm, password="a-guess").send("orders")  # noqa: S106 - not a secret


def no_rights(world: World, jvm: ProducerJvm) -> None:
    """Send, and begin transactions, as a user without any access control entry."""
    logged_in(world, jvm).send("orders")
    with suppress(ProducerError):
        logged_in(world, jvm, client_id="payments", transactional_id="payments").init()


def delivery_timeout(world: World, jvm: ProducerJvm) -> None:
    """Send while the network swallows everything."""
    options = {"delivery_timeout_ms": 6000, "request_timeout_ms": 3000, "linger_ms": 0, "max_block_ms": 10_000}
    with silenced(world, jvm, **options) as producer:
        producer.send("orders", count=2)


def buffer_full(world: World, jvm: ProducerJvm) -> None:
    """Fill a small buffer while the network swallows everything."""
    options = {"delivery_timeout_ms": 20_000, "request_timeout_ms": 15_000, "linger_ms": 0, "max_block_ms": 1000}
    with silenced(world, jvm, buffer_memory=40_000, **options) as producer:
        producer.send("orders", count=6, size=10_000, wait=False)


def broker_down(world: World, jvm: ProducerJvm) -> None:
    """Send to a port that refuses connections."""
    jvm.new("orders", world.nowhere, max_block_ms=4000, reconnect_backoff_ms=400).send("orders")


def wrong_protocol(world: World, jvm: ProducerJvm) -> None:
    """Speak plain text to a listener that expects SASL."""
    options = {"max_block_ms": 4000, "reconnect_backoff_ms": 400}
    jvm.new("orders", world.broker.address("SASL_PLAINTEXT"), **options).send("orders")


def untrusted_certificate(world: World, jvm: ProducerJvm) -> None:
    """Speak TLS to a broker whose certificate the JVM does not trust."""
    options = {"security_protocol": "SSL", "max_block_ms": 4000, "reconnect_backoff_ms": 400}
    jvm.new("orders", world.broker.address("SSL"), **options).send("orders")


def unknown_host(world: World, jvm: ProducerJvm) -> None:
    """Name a bootstrap server that DNS does not know."""
    del world
    with suppress(ProducerError):
        jvm.new("orders", "no-such-host.invalid:9092", max_block_ms=1500).send("orders")


def duplicate_client_id(world: World, jvm: ProducerJvm) -> None:
    """Create two producers with one client.id."""
    for name in ("first", "second"):
        jvm.new(name, world.silence, client_id="orders")


def idempotence_disabled(world: World, jvm: ProducerJvm) -> None:
    """Set acks=1, which silently disables idempotence where it is the default."""
    jvm.new("orders", world.silence, acks=1)


def contradiction(world: World, jvm: ProducerJvm) -> None:
    """Enable idempotence together with acks=1."""
    with suppress(ProducerError):
        jvm.new("orders", world.silence, acks=1, enable_idempotence="true")


def healthy(world: World, jvm: ProducerJvm) -> None:
    """Send with and without transactions, and close."""
    producer = jvm.new("orders", world.broker.bootstrap)
    producer.send("orders", count=3)
    producer.close()
    payments = transactional(world, jvm, "payments", transactional_id="payments-healthy")
    payments.begin()
    payments.send("orders")
    payments.commit()
    payments.close()


FAULTS: Mapping[str, Callable[[World, ProducerJvm], None]] = {
    act.__name__.replace("_", "-"): act
    for act in (
        *(unknown_topic, record_too_large, not_enough_replicas, fenced, transaction_timeout, wrong_password, no_rights),
        *(delivery_timeout, buffer_full, broker_down, wrong_protocol, untrusted_certificate, unknown_host),
        *(duplicate_client_id, idempotence_disabled, contradiction, healthy),
    )
}


def transactional(world: World, jvm: ProducerJvm, name: str, **options: object) -> Producer:
    """Create a producer and call initTransactions."""
    producer = jvm.new(name, world.broker.bootstrap, **options)
    producer.init()
    return producer


@contextmanager
def silenced(world: World, jvm: ProducerJvm, **options: object) -> Iterator[Producer]:
    """Provide a producer that has sent a record, and whose broker then falls silent until the end of the block."""
    producer = jvm.new("orders", world.broker.address(THROUGH_PROXY), **options)
    # A new JVM on a busy machine may need longer than max.block.ms.
    wait_until("a record is delivered", lambda: "ok" in producer.send("orders"), timeout_seconds=60)
    world.proxy.silent = True
    try:
        yield producer
    finally:
        world.proxy.silent = False
        world.proxy.cut()


def logged_in(world: World, jvm: ProducerJvm, *, password: str = PASSWORD, **options: object) -> Producer:
    """Create a producer that logs in with a password."""
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    login = {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_jaas_config": f'{module} required username="{USER}" password="{password}";',
        "max_block_ms": 1500,
        "reconnect_backoff_ms": 400,
    }
    return jvm.new("orders" if not options else "payments", world.broker.address("SASL_PLAINTEXT"), **login, **options)


def shortened(log: str) -> str:
    """Return a log without configurations, and without most of the entries that differ only in their numbers."""
    kept: list[str] = []
    seen: dict[str, int] = {}
    keep = True
    for line in log.splitlines():
        if re.match(r"\t(?!client\.id )\S+ = ", line) or not line.strip():
            continue
        if re.match(r"\d{4}-", line):
            text = re.sub(r"\d+", "0", line)
            seen[text] = seen.get(text, 0) + 1
            keep = seen[text] <= MAX_REPEATS
        if keep:
            kept.append(line + "\n")
    return "".join(kept)


def record(world: World, version: str, fault: str, folder: Path) -> None:
    """Record the log of one client under one fault."""
    with ProducerJvm(version, jmx=False, java_options=JAVA_OPTIONS, folder=folder / f"{version}-{fault}") as jvm:
        FAULTS[fault](world, jvm)
        time.sleep(0.3)  # the client logs after it has answered
        log = jvm.log_file.read_text()
    file = LOGS / version / f"{fault}.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(shortened(log))


def main(words: list[str]) -> int:
    """Record the logs; return 0."""
    parser = argparse.ArgumentParser(prog="python -m tools.record_logs", description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=", ".join(FAULTS))
    faults = parser.parse_args(words).faults or list(FAULTS)
    exit_on_sigterm()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        world = World(Path(folder), stack)
        for fault in faults:
            for version in VERSIONS:
                print(f"{version}: {fault}", flush=True)
                record(world, version, fault, Path(folder))
    return 0


def _bound() -> socket.socket:
    """Return a socket with a loopback port on which nothing listens yet."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound


def _address(bound: socket.socket) -> str:
    host, port = bound.getsockname()
    return f"{host}:{port}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
