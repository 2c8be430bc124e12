"""The world of the fault runs: a cluster, services with their exporters, a broker view, Prometheus and Alertmanager.

All windows of the alerts are divided by ``scale``, and so are the clients' own times; thresholds stay as they are.
"""

import contextlib
import json
import os
import queue
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from lab import jvm
from lab.alertmanager import Alertmanager, Webhook, longest_interval, to_webhook
from lab.broker import Broker, Cluster, Listener
from lab.pod_monitor import PORT, for_exporters, scrape_configs
from lab.process import Port, Process, Service, listens, run, wait_until
from lab.producer import NEWEST_CLIENT, ORDINARY, Load, Producer, ProducerJvm
from lab.prometheus import CURRENT, Prometheus
from lab.proxy import Proxy

SCALE = 20.0
CLUSTER = "shop"
"""The value of the label ``kafka_cluster`` of everything that belongs to the world's own cluster."""
NAMESPACE = "shop"
WATCHDOG = "KafkaProducerWatchdog"
LINES = 5
WARM_UP = "warm-up"
"""The topic of every pod's first record."""
LOGIN = "LOGIN"
"""The listener that wants a user name and a password (PLAIN)."""
USER, PASSWORD = "alice", "alice-secret"
QUICK_CONFIG = {
    "route": {"receiver": "all", "group_by": ["..."], "group_wait": "10s", "group_interval": "10s"},
    "receivers": [{"name": "all"}],
}
"""An Alertmanager's configuration that passes on each alert by itself."""

_CLIENT_MILLISECONDS = {
    "delivery.timeout.ms": 120_000,
    "request.timeout.ms": 30_000,
    "metadata.max.age.ms": 300_000,
    "metrics.sample.window.ms": 30_000,
    "max.block.ms": 60_000,
    "connections.max.idle.ms": 540_000,
}
_TRANSACTION_TIMEOUT_MS = 60_000


def client_settings(config: Mapping[str, object], scale: float = SCALE) -> dict[str, object]:
    """Return a producer's configuration: Kafka's defaults for its times, divided by *scale*, and then *config*."""
    times = dict(_CLIENT_MILLISECONDS)
    if "transactional_id" in config:
        times["transaction.timeout.ms"] = _TRANSACTION_TIMEOUT_MS
    return {name.replace(".", "_"): round(value / scale) for name, value in times.items()} | dict(config)


class Line:
    """A way to all brokers of the world through a proxy for each of them, so that one client can be disturbed."""

    def __init__(self, number: int, size: int) -> None:
        self.listener = f"LINE{number}"
        self.proxies = {node: Proxy() for node in range(1, size + 1)}

    def delay(self, seconds: float) -> None:
        """Add this to each round trip."""
        for proxy in self.proxies.values():
            proxy.delay_seconds = seconds

    def silence(self, silent: bool = True) -> None:
        """Swallow everything, or forward again what was swallowed."""
        for proxy in self.proxies.values():
            proxy.silent = silent

    def refuse(self) -> None:
        """Refuse connections and cut the open ones, until ``accept``."""
        for proxy in self.proxies.values():
            proxy.refuse()

    def accept(self) -> None:
        """Accept connections again."""
        for proxy in self.proxies.values():
            proxy.accept()

    def cut(self) -> None:
        """Reset the open connections."""
        for proxy in self.proxies.values():
            proxy.cut()

    def repair(self) -> None:
        """Undo all of that."""
        for proxy in self.proxies.values():
            proxy.alter = None
        self.delay(0)
        self.silence(False)
        self.accept()

    def close(self) -> None:
        """Release the ports."""
        for proxy in self.proxies.values():
            proxy.close()


class Exporter(Service):
    """A ``serve`` as Kubernetes runs it: the same port after each start, and found by Prometheus from then on.

    *monitor* is the PodMonitor that finds it, *pod* and *container* are its labels.
    """

    def __init__(
        self, world: "World", pod: str, config: Mapping[str, object], *, monitor: str, container: str, namespace: str
    ) -> None:
        self.pod = pod
        self.config = dict(config)
        self.prefix: Sequence[str] = ()
        """What its command begins with, such as ``Cgroup.prefix()``."""
        self.process: Process | None = None
        self._port = Port()
        self._folder = world.folder / "exporters" / pod
        self._file = world.discovery / monitor / f"{pod}.json"
        self._labels = {
            "__meta_kubernetes_namespace": namespace,
            "__meta_kubernetes_pod_name": pod,
            "__meta_kubernetes_pod_container_name": container,
            "__meta_kubernetes_pod_container_port_name": PORT,
            "__meta_kubernetes_pod_label_app_kubernetes_io_name": monitor,
        }

    @property
    def address(self) -> str:
        """Where it serves ``/metrics``."""
        return f"127.0.0.1:{self._port.number}"

    def start(self) -> None:
        """Start it, return once it listens, and let Prometheus find it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._write(self.config)
        self.process = Process(
            f"exporter {self.pod}",
            [*self.prefix, sys.executable, "-m", "kafka_producer_exporter", "serve", "--config", config],
            log_file=self._folder / "exporter.log",
        )
        wait_until(
            f"the exporter {self.pod} listens",
            lambda: listens(self._port.number),
            processes=[self.process],
            timeout_seconds=60,
        )
        self.announce()

    def reload(self, config: Mapping[str, object]) -> None:
        """Load a configuration with SIGHUP."""
        self._write(config)
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGHUP)

    def _write(self, config: Mapping[str, object]) -> Path:
        file = self._folder / "exporter.yml"
        file.write_text(yaml.safe_dump({"listen": self.address, "listen_pages": "off", **config}))
        return file

    def announce(self) -> None:
        """Let Prometheus find it, as it finds a pod that runs."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps([{"targets": [self.address], "labels": self._labels}]))
        fresh.rename(self._file)

    def withdraw(self) -> None:
        """Hide it from Prometheus, as a pod that was deleted."""
        self._file.unlink(missing_ok=True)

    def kill(self) -> None:
        """Kill it (SIGKILL); Prometheus still knows it."""
        if self.process is not None:
            self.process.kill()
            self.process = None

    def stop(self) -> None:
        """End it with SIGTERM; Prometheus still knows it."""
        if self.process is not None:
            self.process.stop()
            self.process = None

    def close(self) -> None:
        """End it, and hide it from Prometheus."""
        self.withdraw()
        self.stop()
        self._port.close()


class Pod(Service):
    """A pod of a service: a JVM with producers, and beside it the exporter, whose target is named after the service."""

    def __init__(
        self,
        world: "World",
        service: str,
        *,
        index: int = 0,
        cluster: str = CLUSTER,
        exporter: Mapping[str, object] | None = None,
        **options: Any,
    ) -> None:
        """Set it up; *exporter* has further settings of the exporter, and *options* are those of ``ProducerJvm``."""
        self.service = service
        self.name = f"{service}-{index}"
        self._world = world
        options = {"micrometer": world.micrometer, "load": world.load, **options}
        self.jvm = ProducerJvm(world.client_version, folder=world.folder / "jvms" / self.name, **options)
        target = {"name": service, "jmx": {"host": "127.0.0.1", "port": self.jvm.jmx_port}}
        self.exporter = Exporter(
            world,
            self.name,
            {"targets": [{**target, "labels": {"kafka_cluster": cluster}}], **(exporter or {})},
            monitor="kafka-producer-exporter",
            container="kafka-producer-exporter",
            namespace=NAMESPACE,
        )

    def start(self) -> None:
        """Start the JVM and the exporter."""
        self.jvm.start()
        self.warm_up()
        self.exporter.start()

    def warm_up(self) -> None:
        """Send a record with Kafka's own times: a new JVM is too slow for the short ones."""
        producer = self.jvm.new("warm-up", self._world.cluster.bootstrap)
        producer.send(WARM_UP)
        producer.close()

    def close(self) -> None:
        """Delete the pod."""
        self.exporter.close()
        self.jvm.close()

    def producer(
        self, name: str | None = None, *, bootstrap: str | None = None, own_times: bool = False, **config: object
    ) -> Producer:
        """Create a producer with shortened times; ``max_block_ms=5000`` sets its config ``max.block.ms``.

        With *own_times*, Kafka's own times are kept, but for those that alerts on healthy producers depend on: the
        window of its metrics, and the greatest age of its metadata.
        """
        name, bootstrap = name or self.service, bootstrap or self._world.cluster.bootstrap
        settings = client_settings(config, self._world.scale)
        if own_times:
            kept = ("metrics_sample_window_ms", "metadata_max_age_ms")
            settings = {name: settings[name] for name in kept} | config
        return self.jvm.new(name, bootstrap, **settings)


class World(Service):
    """Everything, with healthy services: ``checkout`` (two pods), ``payments`` (transactions) and ``archive`` (idle).

    *rules* is the content of a rule file, *config* an Alertmanager's configuration. Its times are shortened, too, and
    each of its receivers is ``webhook``.
    """

    def __init__(
        self,
        rules: Mapping[str, Any],
        *,
        config: Mapping[str, Any] = QUICK_CONFIG,
        generation: int = CURRENT,
        scale: float = SCALE,
        brokers: int = 3,
        job_label: bool = False,
        healthy: bool = True,
        client_version: str = NEWEST_CLIENT,
        load: Load = ORDINARY,
        micrometer: bool = False,
    ) -> None:
        """Set it up. *micrometer* lets the JVMs of services serve their metrics themselves, too."""
        self.client_version = client_version
        self.load = load
        self.micrometer = micrometer
        self.scale = scale
        self.generation = generation
        self.notifies_within = longest_interval(config["route"]) / scale + 10
        """Seconds after which a receiver has been told of every change."""
        self._stack = contextlib.ExitStack()
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-world-")))
        self.discovery = self.folder / "discovery"
        self._rules = rules
        self._config = config
        self._brokers = brokers
        self._job_label = job_label
        self._has_services = healthy
        self.pods: dict[str, Pod] = {}
        """The healthy ones, by name."""
        self.jmx_ports: dict[int, Port] = {}
        """The JMX ports of the brokers."""
        self._lines: queue.Queue[Line] = queue.Queue()

    def start(self) -> None:
        """Start everything; the healthy services send, and Prometheus has scraped all."""
        (self.folder / "rules.yml").write_text(yaml.safe_dump(self._rules, sort_keys=False, allow_unicode=True))
        for monitor in ("kafka-producer-exporter", "kafka-producer-collector"):
            (self.discovery / monitor).mkdir(parents=True)
        lines = [Line(number, self._brokers) for number in range(1, LINES + 1)]
        for line in lines:
            self._stack.callback(line.close)
            self._lines.put(line)
        self.jmx_ports = {node: Port() for node in range(1, self._brokers + 1)}
        for port in self.jmx_ports.values():
            self._stack.callback(port.close)
        self.cluster = self._stack.enter_context(self._cluster(lines))
        self.create_topic(WARM_UP)
        self.webhook = self._stack.enter_context(Webhook())
        self.alertmanager = Alertmanager(
            to_webhook(self._config, self.webhook, scale=self.scale), folder=self.folder / "alertmanager"
        )
        self._stack.enter_context(self.alertmanager)
        if self._has_services:
            self._start_services()
        self.view = self._stack.enter_context(self.broker_view("kafka-view-0"))
        self.prometheus = self._stack.enter_context(self._prometheus())
        self.watcher = self._stack.enter_context(Watcher(self.prometheus, self.alertmanager))
        count = len(self.pods)
        self.prometheus.wait_for(f"sum(kafka_producer_up) >= {count} and sum(up) >= {count + 1}" if count else "up")

    def close(self) -> None:
        """Take everything down."""
        self._stack.close()

    def wait_scraped(self, exporter: Exporter) -> None:
        """Return once Prometheus has scraped an exporter."""
        self.prometheus.wait_for(f'up{{pod="{exporter.pod}"}} == 1', timeout_seconds=60)

    @contextlib.contextmanager
    def line(self) -> Iterator[Line]:
        """Provide a way to the brokers that nobody else uses; wait until one is free."""
        line = self._lines.get()
        try:
            yield line
        finally:
            line.repair()
            self._lines.put(line)

    def way(self, line: Line) -> str:
        """Return the ``bootstrap.servers`` of clients that go through *line*."""
        return self.cluster.address(line.listener)

    def broker_view(
        self, pod: str, *, cluster: str = CLUSTER, bootstrap: str | None = None, **settings: object
    ) -> Exporter:
        """Return a collector with a broker view; *settings* are further keys of ``broker``."""
        broker = {
            "bootstrap_servers": (bootstrap or self.cluster.bootstrap).split(","),
            "labels": {"kafka_cluster": cluster},
            "topics": [".*"],
            "dlq_topics": [r".*\.dlq"],
            "poll_seconds": max(1, round(30 / self.scale)),
            "request_timeout_seconds": 2,
            **settings,
        }
        names = {"monitor": "kafka-producer-collector", "container": "kafka-producer-exporter", "namespace": "kafka"}
        return Exporter(self, pod, {"broker": broker}, **names)

    def create_topic(self, name: str, **config: Any) -> None:
        """Create a topic with three replicas, two of which must be in sync, if there are enough brokers."""
        replication = config.pop("replication", min(3, self._brokers))
        safe = {"min_insync_replicas": min(2, replication), **config}
        self.cluster.create_topic(name, replication=replication, **safe)

    def delete_topic(self, name: str) -> None:
        """Delete a topic."""
        with self.cluster.admin() as admin:
            admin.delete_topics([name])

    def leader(self, topic: str, partition: int = 0) -> Broker:
        """Return the broker that leads a partition."""
        with self.cluster.admin() as admin:
            rows = admin.describe_topics([topic])[0]["partitions"]
        return self.cluster.nodes[next(row["leader_id"] for row in rows if row["partition_index"] == partition)]

    def replicas(self, topic: str, partition: int = 0) -> list[int]:
        """Return the nodes with a replica of a partition; the leader comes first."""
        with self.cluster.admin() as admin:
            rows = admin.describe_topics([topic])[0]["partitions"]
        row = next(row for row in rows if row["partition_index"] == partition)
        return sorted(row["replica_nodes"], key=lambda node: node != row["leader_id"])

    def set_topic(self, topic: str, *, cluster: Cluster | None = None, **config: object) -> None:
        """Change the configuration of a topic; ``max_message_bytes=9`` sets ``max.message.bytes``."""
        from kafka.admin import ConfigResource, ConfigResourceType  # noqa: PLC0415 (a slow import)

        changes = {key.replace("_", "."): ("SET", str(value)) for key, value in config.items()}
        with (cluster or self.cluster).admin() as admin:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, changes)])

    def set_quota(self, client_id: str, bytes_per_second: int | None) -> None:
        """Limit what a client may send to each broker, or remove the limit."""
        change = (
            ["--delete-config", "producer_byte_rate"]
            if bytes_per_second is None
            else ["--add-config", f"producer_byte_rate={bytes_per_second}"]
        )
        run(
            [
                *(jvm.java(), *jvm.SMALL, "-cp", jvm.class_path("kafka-tools-4.3.1"), "kafka.admin.ConfigCommand"),
                *("--bootstrap-server", self.cluster.bootstrap, "--alter", *change),
                *("--entity-type", "clients", "--entity-name", client_id),
            ],
            what=f"set the quota of {client_id}",
        )

    def _cluster(self, lines: Sequence[Line]) -> Cluster:
        module = "org.apache.kafka.common.security.plain.PlainLoginModule"
        login = Listener(
            name=LOGIN,
            protocol="SASL_PLAINTEXT",
            properties={
                "sasl.enabled.mechanisms": "PLAIN",
                "plain.sasl.jaas.config": f'{module} required user_{USER}="{PASSWORD}";',
            },
        )

        def of_node(node: int) -> dict[str, object]:
            jmx = {"port": self.jmx_ports[node].number, "rmi.port": self.jmx_ports[node].number, "host": "127.0.0.1"}
            flags = {**jmx, "authenticate": "false", "ssl": "false"}
            return {
                "listeners": [login, *(Listener(name=line.listener, proxy=line.proxies[node]) for line in lines)],
                "java_options": [
                    "-Djava.rmi.server.hostname=127.0.0.1",
                    *(f"-Dcom.sun.management.jmxremote.{key}={value}" for key, value in flags.items()),
                ],
            }

        properties = {"num.network.threads": 1, "num.io.threads": 3, "auto.leader.rebalance.enable": "false"}
        return Cluster(self._brokers, of_node=of_node, properties=properties)

    def _start_services(self) -> None:
        for topic in ("orders", "payments", "archive"):
            self.create_topic(topic, partitions=3)
        names = [("checkout", 0), ("checkout", 1), ("payments", 0), ("archive", 0)]
        pods = [Pod(self, service, index=index) for service, index in names]
        with ThreadPoolExecutor(len(pods)) as pool:
            list(pool.map(self._stack.enter_context, pods))
        self.pods = {pod.name: pod for pod in pods}
        for name in self.pods:
            self.begin_work(name)

    def begin_work(self, pod: str) -> None:
        """Create the producers of a healthy pod, and let them work; also after the pod's JVM was started again.

        They keep Kafka's own times, because elections and restarts of brokers are no faster here than elsewhere.
        """
        one = self.pods[pod]
        match one.service:
            case "checkout":
                # Fast and slow, large and small, with the same ids in each pod, as replicas have them.
                one.producer("orders", own_times=True, compression_type="gzip", linger_ms=20).loop(
                    "orders", per_second=20, size=800, compressible=True
                )
                one.producer("audit", own_times=True, acks="1", enable_idempotence="false").loop(
                    "orders", per_second=2, size=5000
                )
            case "payments":
                payments = one.producer(transactional_id="payments-0", own_times=True)
                payments.init()
                payments.loop("payments", per_second=2, records=5, abort_every=50, revive=True)
            case "archive":
                one.producer(own_times=True).send("archive", count=5)

    def _prometheus(self) -> Prometheus:
        lookback = 300 / self.scale
        flags = [
            f"--query.lookback-delta={round(1000 * lookback)}ms",
            f"--rules.alert.resend-delay={round(60_000 / self.scale)}ms",
        ]
        return Prometheus(
            [self._monitor(name) for name in ("kafka-producer-exporter", "kafka-producer-collector")],
            generation=self.generation,
            rule_files=[self.folder / "rules.yml"],
            alertmanagers=[self.alertmanager.address],
            flags=flags,
            folder=self.folder / "prometheus",
        )

    def _monitor(self, name: str) -> dict[str, object]:
        """Return what the Prometheus Operator makes of a PodMonitor, with files in place of the API server."""
        namespace = NAMESPACE if name == "kafka-producer-exporter" else "kafka"
        files = [{"files": [f"{self.discovery / name}/*.json"], "refresh_interval": "5s"}]
        monitor = for_exporters(name, namespace, job_label=self._job_label)
        (config,) = scrape_configs(monitor, {"file_sd_configs": files})
        return config


class Firing:
    """An alert while it fires, or after."""

    def __init__(self, labels: Mapping[str, str], began: float) -> None:
        self.labels = dict(labels)
        self.began = began
        """``time.monotonic()`` when it was first seen to fire."""
        self.ended: float | None = None

    @property
    def name(self) -> str:
        """The name of the alert."""
        return self.labels["alertname"]

    @property
    def severity(self) -> str:
        """Its severity."""
        return self.labels.get("severity", "")

    def __str__(self) -> str:
        shown = {key: value for key, value in self.labels.items() if key not in ("alertname", "component", "theme")}
        return f"{self.name}{shown}"


class Watcher(Service):
    """Looks twice a second which alerts fire, and which of them are inhibited, and remembers it."""

    def __init__(self, prometheus: Prometheus, alertmanager: Alertmanager) -> None:
        self._prometheus = prometheus
        self._alertmanager = alertmanager
        self._inhibited: dict[tuple[tuple[str, str], ...], float] = {}
        self._firing: dict[tuple[tuple[str, str], ...], Firing] = {}
        self._all: list[Firing] = []
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no longer."""
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def firing(self) -> list[Firing]:
        """Return what fires now."""
        with self._lock:
            return list(self._firing.values())

    def since(self, moment: float) -> list[Firing]:
        """Return what has fired at any time after a moment of ``time.monotonic()``."""
        with self._lock:
            return [one for one in self._all if one.ended is None or one.ended > moment]

    def inhibited_since(self, moment: float) -> list[dict[str, str]]:
        """Return the labels of the alerts that were inhibited at any time after a moment of ``time.monotonic()``."""
        with self._lock:
            return [dict(key) for key, seen in self._inhibited.items() if seen > moment]

    def _watch(self) -> None:
        while not self._ends.wait(0.5):
            with contextlib.suppress(OSError):
                self.look(self._prometheus.alerts(), time.monotonic())
            with contextlib.suppress(OSError):
                self.look_for_inhibited(self._alertmanager.alerts(), time.monotonic())

    def look_for_inhibited(self, alerts: Sequence[Mapping[str, Any]], now: float) -> None:
        """Take in what the Alertmanager says of its alerts at a time."""
        with self._lock:
            for alert in alerts:
                if alert["status"]["inhibitedBy"]:
                    self._inhibited[tuple(sorted(alert["labels"].items()))] = now

    def look(self, alerts: Sequence[Mapping[str, Any]], now: float) -> None:
        """Take in what Prometheus says of its alerts at a time."""
        seen = {tuple(sorted(alert["labels"].items())) for alert in alerts if alert["state"] == "firing"}
        with self._lock:
            for key in seen - self._firing.keys():
                self._firing[key] = Firing(dict(key), now)
                self._all.append(self._firing[key])
            for key in self._firing.keys() - seen:
                self._firing.pop(key).ended = now


def repeat(seconds: float, action: Callable[[], object]) -> Callable[[], None]:
    """Do something again and again in the background; return a function that ends it. Errors are expected."""
    ends = threading.Event()

    def work() -> None:
        while not ends.is_set():
            with contextlib.suppress(Exception):
                action()
            ends.wait(seconds)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()

    def end() -> None:
        ends.set()
        thread.join(30)

    return end
