"""Real Kafka brokers on loopback, one node or a cluster, that can be stopped, killed, frozen and restarted."""

import contextlib
import hashlib
import logging
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import jvm
from lab.certificates import PASSWORD, Certificates
from lab.process import LabError, Port, Process, Service, listens, wait_until
from lab.proxy import Proxy

VERSION = "4.4.0"
CLUSTER_ID = "AAAAAAAAAAAAAAAAAAAAAQ"
LOG4J = Path(__file__).parent / "java" / "log4j2.yaml"
BROKER, CONTROLLER = "BROKER", "CONTROLLER"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """An additional listener of a broker; clients bootstrap from ``Broker.address(name)``.

    With a proxy, the broker advertises the proxy's address, so all traffic of these clients goes through it, and its
    faults hit only them.
    """

    name: str
    protocol: str = "PLAINTEXT"
    proxy: Proxy | None = None
    advertises: str | None = None
    """``HOST:PORT`` to advertise instead of the address where it listens, for a broker with this mistake."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """Broker properties for this listener only; each gets the prefix ``listener.name.NAME.``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """Users, TLS and access control for a broker; adds the listeners SASL_PLAINTEXT, SASL_SSL and SSL.

    The plain listener stays open for the lab itself, and its clients (``User:ANONYMOUS``) may do everything.
    """

    certificates: Certificates
    users: Mapping[str, str]
    """Name → password, valid for PLAIN and both SCRAM mechanisms."""
    super_users: Sequence[str] = ()
    access_control: bool = True
    """If True, users need an access-control entry for each thing they do."""
    client_certificates: str = "requested"
    """``ssl.client.auth`` of the listener SSL: ``none``, ``requested`` or ``required``."""

    def listeners(self) -> list[Listener]:
        """Return the three secured listeners."""
        plain = "org.apache.kafka.common.security.plain.PlainLoginModule required " + " ".join(
            f'user_{name}="{password}"' for name, password in self.users.items()
        )
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required"
        logins = {
            "plain.sasl.jaas.config": f"{plain};",
            "scram-sha-256.sasl.jaas.config": f"{scram};",
            "scram-sha-512.sasl.jaas.config": f"{scram};",
        }
        return [
            Listener(name="SASL_PLAINTEXT", protocol="SASL_PLAINTEXT", properties=logins),
            Listener(name="SASL_SSL", protocol="SASL_SSL", properties=logins),
            Listener(name="SSL", protocol="SSL", properties={"ssl.client.auth": self.client_certificates}),
        ]

    def properties(self) -> dict[str, str]:
        """Return the broker properties that apply to all listeners."""
        properties = {
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            "ssl.keystore.location": str(self.certificates.server.key_store),
            "ssl.keystore.password": PASSWORD,
            "ssl.keystore.type": "PKCS12",
            "ssl.truststore.location": str(self.certificates.trust_store),
            "ssl.truststore.password": PASSWORD,
            "ssl.truststore.type": "PKCS12",
        }
        if self.access_control:
            users = ["ANONYMOUS", *self.super_users]
            properties["authorizer.class.name"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
            properties["super.users"] = ";".join(f"User:{user}" for user in users)
        return properties

    def format_options(self) -> list[str]:
        """Return the options for formatting the storage, so that the SCRAM users exist from the start."""
        return [
            word
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for name, password in self.users.items()
            for word in ("--add-scram", f"{mechanism}=[name={name},password={password}]")
        ]


class Broker(Service):
    """One node, broker and controller in one process: a cluster of its own, or a member of a ``Cluster``.

    Ports and storage are allocated when the object is created, and survive ``stop``, ``kill`` and ``start``. ``close``
    or the end of the ``with`` block releases them.
    """

    def __init__(
        self,
        *,
        transaction_version: int | None = None,
        properties: Mapping[str, object] | None = None,
        listeners: Sequence[Listener] = (),
        security: Security | None = None,
        heap_megabytes: int = 128,
        java_options: Sequence[str] = (),
        java: str | None = None,
        folder: Path | None = None,
        node_id: int = 1,
        _quorum: "Mapping[int, Port] | None" = None,
    ) -> None:
        self.node_id = node_id
        self.name = f"broker {node_id}"
        self.process: Process | None = None
        self._java = java or jvm.java()
        self._heap_megabytes = heap_megabytes
        self._java_options = tuple(java_options)
        self._transaction_version = transaction_version
        self._security = security
        self._own_folder = folder is None
        self.folder = Path(tempfile.mkdtemp(prefix="lab-broker-")) if folder is None else folder
        self._quorum = dict(_quorum or {node_id: Port()})
        self._listeners = {
            listener.name: listener
            for listener in [Listener(name=BROKER), *(security.listeners() if security else []), *listeners]
        }
        self._ports = {name: Port() for name in self._listeners}
        for name, listener in self._listeners.items():
            if listener.proxy is not None:
                listener.proxy.target = self._ports[name].number
        self._properties = self._all_properties(properties or {})
        self._properties_file = self.folder / "server.properties"
        self.log_file = self.folder / "broker.log"

    @property
    def bootstrap(self) -> str:
        """The address of the plain listener."""
        return self.address(BROKER)

    def address(self, listener: str) -> str:
        """Return the ``bootstrap.servers`` of clients that use this listener."""
        proxy = self._listeners[listener].proxy
        return f"127.0.0.1:{proxy.port if proxy else self._ports[listener].number}"

    def start(self) -> None:
        """Start it, and return once it answers. The first start formats its storage."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start it without waiting until it answers. The first start formats its storage."""
        if not self._properties_file.exists():
            self._format()
        self.process = Process(
            self.name,
            [*self._command(*self._archive_options()), "kafka.Kafka", self._properties_file],
            log_file=self.log_file,
        )

    def wait_ready(self, timeout_seconds: float = 60) -> None:
        """Return once every listener accepts connections and ApiVersions is answered, which implies unfenced."""
        ports = [port.number for port in self._ports.values()]
        wait_until(
            f"{self.name} answers on {self.bootstrap} and listens on all of {ports}",
            lambda: _answers(self._ports[BROKER].number) and all(map(listens, ports)),
            processes=[self._running()],
            timeout_seconds=timeout_seconds,
        )

    def stop(self) -> None:
        """Shut it down cleanly (SIGTERM), so that its leaderships move first."""
        if self.process is not None:
            self.process.stop(timeout_seconds=20)
            if self.process.exit_code != -signal.SIGKILL:
                self._keep_archive()
            self.process = None

    def kill(self) -> None:
        """Kill it (SIGKILL), like a crash."""
        if self.process is not None:
            self.process.kill()
            self.process = None

    def pause(self) -> None:
        """Freeze it: its connections stay open, and nothing answers."""
        self._running().pause()

    def resume(self) -> None:
        """Let it continue after ``pause``."""
        self._running().resume()

    def restart(self) -> None:
        """Shut it down cleanly and start it again, on the same ports and with the same data."""
        self.stop()
        self.start()

    def wipe(self) -> None:
        """Delete its data while it is down, like a node that is replaced: the next start formats its storage again."""
        if self.process is not None:
            raise LabError(f"{self.name} is running")
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        self._properties_file.unlink(missing_ok=True)

    def close(self) -> None:
        """Take it down for good; delete the storage unless the caller chose its folder."""
        self.stop() if self._archive_is_wanted() else self.kill()
        for port in [*self._ports.values(), *self._quorum.values()]:
            port.close()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def admin(self, **options: object) -> Iterator[Any]:
        """Provide kafka-python's admin client, which is closed at the end of the block."""
        with _admin(self.bootstrap, **options) as client:
            yield client

    def create_topic(self, name: str, *, partitions: int = 1, replication: int = 1, **config: object) -> None:
        """Create a topic and return once it exists; ``max_message_bytes=9`` sets its config ``max.message.bytes``."""
        _create_topic(self.bootstrap, name, partitions, replication, config)

    def _running(self) -> Process:
        if self.process is None:
            raise LabError(f"{self.name} is not running")
        return self.process

    def _all_properties(self, extra: Mapping[str, object]) -> dict[str, str]:
        nodes = len(self._quorum)
        controller = self._quorum[self.node_id].number
        bound = {name: f"{name}://127.0.0.1:{port.number}" for name, port in self._ports.items()}
        protocols = {name: listener.protocol for name, listener in self._listeners.items()}
        properties: dict[str, object] = {
            "process.roles": "broker,controller",
            "node.id": self.node_id,
            "controller.quorum.voters": ",".join(f"{n}@127.0.0.1:{p.number}" for n, p in self._quorum.items()),
            "listeners": ",".join([*bound.values(), f"{CONTROLLER}://127.0.0.1:{controller}"]),
            "advertised.listeners": ",".join(
                f"{name}://{listener.advertises or self.address(name)}" for name, listener in self._listeners.items()
            ),
            "listener.security.protocol.map": ",".join(
                f"{name}:{protocol}" for name, protocol in {**protocols, CONTROLLER: "PLAINTEXT"}.items()
            ),
            "inter.broker.listener.name": BROKER,
            "controller.listener.names": CONTROLLER,
            "log.dirs": self.folder / "data",
            "auto.create.topics.enable": "false",
            "default.replication.factor": nodes,
            "offsets.topic.replication.factor": nodes,
            "offsets.topic.num.partitions": 5,
            "transaction.state.log.replication.factor": nodes,
            "transaction.state.log.min.isr": min(2, nodes),
            "transaction.state.log.num.partitions": 5,
            "share.coordinator.state.topic.replication.factor": nodes,
            "share.coordinator.state.topic.min.isr": 1,
            # Timeouts that are minutes in production are seconds here.
            "group.initial.rebalance.delay.ms": 0,
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
            "broker.session.timeout.ms": 6000,
            "broker.heartbeat.interval.ms": 1000,
            "replica.lag.time.max.ms": 5000,
            "log.cleaner.dedupe.buffer.size": 10485760,
        }
        if self._security is not None:
            properties |= self._security.properties()
        for name, listener in self._listeners.items():
            properties |= {f"listener.name.{name.lower()}.{key}": value for key, value in listener.properties.items()}
        return {key: str(value) for key, value in {**properties, **extra}.items()}

    def _format(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        unchecked = self.folder / "server.properties.new"
        unchecked.write_text("".join(f"{key}={value}\n" for key, value in self._properties.items()))
        options: list[str] = self._security.format_options() if self._security else []
        if self._transaction_version is not None:
            options += ["--feature", f"transaction.version={self._transaction_version}"]
        with Process(
            f"format {self.name}",
            [
                *self._command(*self._archive_options(write=False)),
                *("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(unchecked), *options),
            ],
            log_file=self.folder / "format.log",
        ) as process:
            wait_until(
                f"the storage of {self.name} is formatted", lambda: process.exit_code is not None, timeout_seconds=60
            )
            if process.exit_code:
                raise LabError(f"formatting the storage of {self.name} failed\n{process.log_tail()}")
        unchecked.rename(self._properties_file)

    def _command(self, *options: str) -> list[str]:
        heap = [f"-Xms{self._heap_megabytes}m", f"-Xmx{self._heap_megabytes}m", "-XX:MaxMetaspaceSize=96m"]
        return [
            *(self._java, *jvm.SMALL, *heap, "-XX:ReservedCodeCacheSize=48m", "-XX:+ExitOnOutOfMemoryError"),
            *(f"-Dlog4j2.configurationFile={LOG4J}", *options, *self._java_options),
            *("-cp", jvm.class_path(f"kafka-broker-{VERSION}")),
        ]

    # Class data sharing halves the start-up time. The first broker that shuts down cleanly writes the archive, which is
    # valid for one java and one class path.

    def _archive(self) -> Path:
        valid_for = jvm.java_version(self._java) + jvm.class_path(f"kafka-broker-{VERSION}")
        return jvm.built_folder() / f"kafka-{VERSION}-{hashlib.sha256(valid_for.encode()).hexdigest()[:12]}.jsa"

    def _archive_options(self, *, write: bool = True) -> list[str]:
        if self._archive().exists():
            return [
                f"-XX:SharedArchiveFile={self._archive()}",
                "-Xshare:auto",
                "-Xlog:cds=off",
                "-Xlog:cds+dynamic=off",
            ]
        if not write or self.node_id != min(self._quorum):
            return []
        return [f"-XX:ArchiveClassesAtExit={self.folder / 'archive.jsa'}", "-Xlog:cds=off", "-Xlog:cds+dynamic=off"]

    def _archive_is_wanted(self) -> bool:
        return not self._archive().exists() and self.node_id == min(self._quorum)

    def _keep_archive(self) -> None:
        made = self.folder / "archive.jsa"
        if made.exists():
            unfinished = self._archive().with_suffix(f".{self._ports[BROKER].number}")
            shutil.copyfile(made, unfinished)  # a rename between file systems is not atomic
            unfinished.replace(self._archive())
            made.unlink()


class Cluster(Service):
    """Several nodes, each broker and controller; ``nodes[1]`` is node 1.

    Further options are those of ``Broker`` and apply to every node; *of_node* returns those that differ, such as a
    listener with a proxy, which belongs to one node.
    """

    def __init__(
        self,
        size: int = 3,
        *,
        heap_megabytes: int = 96,
        folder: Path | None = None,
        of_node: Callable[[int], Mapping[str, Any]] = lambda _: {},
        **options: Any,
    ) -> None:
        quorum = {node_id: Port() for node_id in range(1, size + 1)}
        self.nodes = {
            node_id: Broker(
                node_id=node_id,
                heap_megabytes=heap_megabytes,
                folder=folder / str(node_id) if folder else None,
                _quorum=quorum,
                **{**options, **of_node(node_id)},
            )
            for node_id in quorum
        }

    @property
    def bootstrap(self) -> str:
        """The addresses of the plain listeners of all nodes."""
        return self.address(BROKER)

    def address(self, listener: str) -> str:
        """Return the ``bootstrap.servers`` of clients that use this listener."""
        return ",".join(node.address(listener) for node in self.nodes.values())

    def start(self) -> None:
        """Start all nodes at the same time, and return once each answers."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(Broker.launch, self.nodes.values()))
        for node in self.nodes.values():
            node.wait_ready(timeout_seconds=60 * len(self.nodes))  # they share the processors

    def close(self) -> None:
        """Take all nodes down for good. They are killed, since the last ones would wait for a quorum in vain."""
        for node in self.nodes.values():
            node.close()

    @contextlib.contextmanager
    def admin(self, **options: object) -> Iterator[Any]:
        """Provide kafka-python's admin client, which is closed at the end of the block."""
        with _admin(self.bootstrap, **options) as client:
            yield client

    def create_topic(self, name: str, *, partitions: int = 1, replication: int = 3, **config: object) -> None:
        """Create a topic and return once it exists; ``min_insync_replicas=2`` sets ``min.insync.replicas``."""
        _create_topic(self.bootstrap, name, partitions, replication, config)


@contextlib.contextmanager
def _admin(bootstrap: str, **options: object) -> Iterator[Any]:
    client = _kafka().KafkaAdminClient(bootstrap_servers=bootstrap.split(","), request_timeout_ms=10_000, **options)
    try:
        yield client
    finally:
        client.close()


def _create_topic(bootstrap: str, name: str, partitions: int, replication: int, config: Mapping[str, object]) -> None:
    configs = {key.replace("_", "."): str(value) for key, value in config.items()}
    with _admin(bootstrap) as client:
        client.create_topics([_kafka().NewTopic(name, partitions, replication, topic_configs=configs)])
        deadline = time.monotonic() + 10
        while len((client.describe_topics([name]) or [{}])[0].get("partitions", [])) < partitions:
            if time.monotonic() > deadline:
                raise LabError(f"topic {name}: created, but not visible after 10 s")
            time.sleep(0.05)


def _kafka() -> Any:
    """Import kafka-python's admin package only when it is needed, because the import is slow."""
    import kafka.admin  # noqa: PLC0415

    return kafka.admin


def _answers(port: int) -> bool:
    """Return True if a broker on this port answers an ApiVersions request."""
    request = b"\0\0\0\x0e\0\x12\0\0\0\0\0\1\0\4ping"  # version 0, correlation id 1, client id "ping"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(request)
            return len(connection.recv(4)) == 4
    except OSError:
        return False
