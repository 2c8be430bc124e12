"""A JVM with the MBeans of any number of producers, nodes and topics, without a broker or any traffic.

Kafka's own classes register the MBeans. Their attributes are those in the recording of a real producer.
"""

import json
import shutil
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from lab import jvm
from lab.certificates import PASSWORD, Identity
from lab.process import Port, Process, Service, wait_until

SOURCE = Path(__file__).parent / "java" / "SyntheticProducers.java"
PART = "kafka-clients-4.4.0"
RECORDING = Path(__file__).parent.parent / "recorded" / "4.4.0.json"
BY_METRICS = ("producer-metrics", "producer-node-metrics", "producer-topic-metrics")
"""MBean types that are registered attribute by attribute; Kafka registers the other types as a whole."""
USER, USER_PASSWORD = "monitor", "synthetic"
"""Who may read the secured ports."""


class SyntheticJvm(Service):
    """A JVM with the producers ``client-0``, ``client-1``…, each with its bootstrap node, *nodes* brokers and *topics*.

    Every value rises each time it is read. With an *identity*, JMX also listens on the *secured_ports*, like the agents
    of as many JVMs: each has a registry, TLS with that certificate, and a password.

    ``with SyntheticJvm(clients=10, nodes=6, topics=20) as jvm: read_mbeans(jvm.jmx_port)``
    """

    def __init__(
        self,
        *,
        clients: int,
        nodes: int,
        topics: int,
        heap_megabytes: int = 256,
        java_options: Sequence[str] = jvm.SMALL,
        secured_ports: int = 0,
        identity: Identity | None = None,
    ) -> None:
        self.name = f"synthetic JVM with {clients} clients, {nodes} nodes, {topics} topics"
        self.process: Process | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="lab-synthetic-"))
        self._shape = [str(number) for number in (clients, nodes, topics)]
        self._options = [*java_options, f"-Xmx{heap_megabytes}m"]
        self._ports = [Port() for _ in range(1 + secured_ports)]
        self._identity = identity
        self.jmx_port, *self.secured_ports = (port.number for port in self._ports)

    @property
    def pid(self) -> int:
        """The JVM's process id."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it, and return once all its MBeans are registered."""
        attributes = self.folder / "attributes"
        attributes.write_text("".join(f"{kind} {name}\n" for kind, name in recorded_attributes()))
        classes = jvm.compiled(SOURCE, part=PART)
        port = self.jmx_port
        jmx = {"port": port, "rmi.port": port, "host": "127.0.0.1", "authenticate": "false", "ssl": "false"}
        self.process = process = Process(
            self.name,
            [
                *(jvm.java(), *self._options, "-Djava.rmi.server.hostname=127.0.0.1"),
                *(f"-Dcom.sun.management.jmxremote.{key}={value}" for key, value in jmx.items()),
                *self._key_store(),
                *("-cp", f"{classes}:{jvm.class_path(PART)}", "SyntheticProducers", *self._shape, str(attributes)),
                *([str(self.folder), *map(str, self.secured_ports)] if self.secured_ports else []),
            ],
            log_file=self.folder / "synthetic.log",
            pipes=True,
        )
        ready: list[bytes] = []
        threading.Thread(target=lambda: ready.append(process.stdout.readline()), daemon=True).start()
        wait_until(f"{self.name} is ready", lambda: ready, processes=[process])

    def close(self) -> None:
        """Kill it, and delete its folder."""
        if self.process is not None:
            self.process.kill()
            self.process = None
        for port in self._ports:
            port.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _key_store(self) -> list[str]:
        """Write the files with the user, and return the options for TLS; nothing without an identity."""
        if self._identity is None:
            return []
        (self.folder / "password").write_text(f"{USER} {USER_PASSWORD}\n")
        (self.folder / "access").write_text(f"{USER} readonly\n")
        store = {"keyStore": self._identity.key_store, "keyStoreType": "PKCS12", "keyStorePassword": PASSWORD}
        return [f"-Djavax.net.ssl.{key}={value}" for key, value in store.items()]


def recorded_attributes() -> list[tuple[str, str]]:
    """Return MBean type and name of every attribute of the recorded producer."""
    mbeans = json.loads(RECORDING.read_text())["mbeans"]
    found: dict[tuple[str, str], None] = {}
    for mbean, attributes in mbeans.items():
        kind = mbean.partition("type=")[2].partition(",")[0]
        if kind in BY_METRICS:
            found |= dict.fromkeys((kind, attribute) for attribute in attributes)
    return list(found)
