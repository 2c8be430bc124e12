"""Real Java producers of any client version, driven from Python: a JVM with any number of producers in it."""

import contextlib
import itertools
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lab import jvm
from lab.certificates import PASSWORD, Identity
from lab.process import LabError, Port, Process, Service

SOURCE = Path(__file__).parent / "java" / "Producer.java"
MICROMETER_SOURCE = SOURCE.with_name("MicrometerPage.java")
MICROMETER = "micrometer-1.15.4"
COMPILED_AGAINST = "kafka-clients-2.4.1"
NEWEST_CLIENT = os.environ.get("PRODUCER_CLIENT", "4.4.0")
"""The client of a JVM that asks for none. PRODUCER_JAVA, the JVM of producers, may be too old for the newest one."""


class ProducerError(LabError):
    """A command to a producer failed; the text is the JVM's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JmxTls:
    """TLS settings of a JVM's JMX agent."""

    identity: Identity
    registry: bool = True
    """If True, registry and RMI share one port, with TLS; if False, only the RMI port has TLS."""
    client_trust_store: Path | None = None
    """If set, clients must present a certificate that this store trusts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Changes what the loops of producers send, for trials with other rates and sizes than the usual ones."""

    rate: float = 1
    """Factor of the turns per second."""
    size: float = 1
    """Factor of the size of records."""


ORDINARY = Load()


class ProducerJvm(Service):
    """A JVM with one version of the Kafka client, and with a JMX agent on ``jmx_port`` unless *jmx* is False.

    ``with ProducerJvm("3.9.2") as jvm: orders = jvm.new("orders", broker.bootstrap, acks="all")``
    """

    def __init__(
        self,
        client_version: str = NEWEST_CLIENT,
        *,
        jmx: bool = True,
        password_file: Path | None = None,
        access_file: Path | None = None,
        tls: JmxTls | None = None,
        heap_megabytes: int = 64,
        java: str | None = None,
        java_options: Sequence[str] = (),
        folder: Path | None = None,
        micrometer: bool = False,
        load: Load = ORDINARY,
    ) -> None:
        """Prepare it. With *micrometer*, it serves its clients' metrics on ``micrometer_port``.

        *load* changes the rate and size of what its loops send.
        """
        self.client_version = client_version
        self.name = f"producer JVM {client_version}"
        self.process: Process | None = None
        self._own_folder = folder is None
        self.folder = Path(tempfile.mkdtemp(prefix="lab-producer-")) if folder is None else folder
        self.log_file = self.folder / "producer.log"
        self._ports = [Port()]
        if tls is not None and not tls.registry:
            self._ports.append(Port())  # one port cannot have TLS and plain text
        self.jmx_port = self._ports[0].number
        self.jmx_rmi_port = self._ports[-1].number
        self.load = load
        self.micrometer_port: int | None = None
        if micrometer:
            self._ports.append(Port())
            self.micrometer_port = self._ports[-1].number
        self._java = java or os.environ.get("PRODUCER_JAVA") or jvm.java()
        self._options = ["-Xms16m", f"-Xmx{heap_megabytes}m", *java_options]
        if jmx:
            self._options += self._jmx_options(password_file, access_file, tls)
        self._ids = itertools.count(1)
        self._ready: Future[str] = Future()
        self._waiting: dict[str, Future[str]] = {}
        self._lock = threading.Lock()

    @property
    def pid(self) -> int:
        """The JVM's process id."""
        return self._running().pid

    def start(self) -> None:
        """Start it, and return once it accepts commands."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start it without waiting until it accepts commands."""
        self._ready = Future()
        self._waiting = {"0": self._ready}
        self.process = Process(
            self.name,
            [
                *(self._java, *jvm.SMALL, "-Dfile.encoding=UTF-8", "-Dorg.slf4j.simpleLogger.showDateTime=true"),
                *(*self._options, *self._program()),
            ],
            log_file=self.log_file,
            pipes=True,
        )
        threading.Thread(target=self._read_answers, args=(self.process, self._waiting), daemon=True).start()

    def _program(self) -> Sequence[str]:
        """Return the class path, the properties and the class to run."""
        classes = jvm.compiled(SOURCE, part=COMPILED_AGAINST)
        path = f"{classes}:{jvm.class_path(f'kafka-clients-{self.client_version}')}"
        if self.micrometer_port is None:
            return ["-cp", path, "Producer"]
        beside = f"{classes}:{jvm.class_path(COMPILED_AGAINST)}"
        page = jvm.compiled(MICROMETER_SOURCE, part=MICROMETER, beside=beside)
        path = f"{page}:{path}:{jvm.class_path(MICROMETER)}"
        return ["-cp", path, f"-Dmicrometer.port={self.micrometer_port}", "MicrometerPage"]

    def wait_ready(self, timeout_seconds: float = 30) -> None:
        """Return once it accepts commands (its JMX agent listens by then); raise LabError after *timeout_seconds*."""
        self._result(self._ready, "start", timeout_seconds)

    def new(self, name: str, bootstrap: str, **config: object) -> "Producer":
        """Create a producer; ``max_block_ms=5000`` sets its config ``max.block.ms``.

        Its client.id is *name*, unless ``client_id`` is given; None leaves the choice to Kafka.
        """
        settings = {"bootstrap.servers": bootstrap, "client.id": name}
        settings |= {key.replace("_", "."): value for key, value in config.items()}  # type: ignore[misc]
        producer = Producer(self, name)
        producer.call("new", {key: value for key, value in settings.items() if value is not None})
        return producer

    def pause(self) -> None:
        """Freeze it."""
        self._running().pause()

    def resume(self) -> None:
        """Let it continue after ``pause``."""
        self._running().resume()

    def kill(self) -> None:
        """Kill it (SIGKILL) without closing its producers."""
        if self.process is not None:
            self.process.kill()
            self.process = None

    def close(self) -> None:
        """Kill it without closing its producers; delete its folder unless the caller chose it."""
        self.kill()
        for port in self._ports:
            port.close()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def post(self, verb: str, name: str, options: Mapping[str, object]) -> "Future[str]":
        """Send a command and return at once; the future holds the answer, or a ProducerError with the JVM's text."""
        process = self._running()
        answer: Future[str] = Future()
        with self._lock:
            number = str(next(self._ids))
            self._waiting[number] = answer
            words = [number, verb, name, *(f"{key}={value}" for key, value in options.items())]
            if any(character in word for word in words for character in "\t\r\n"):
                raise ValueError(
                    f"a command is one line of tab-separated words; no word may contain a tab or newline: {words!r}"
                )
            try:
                process.stdin.write("\t".join(words).encode() + b"\n")
                process.stdin.flush()
            except OSError as error:
                del self._waiting[number]
                raise LabError(
                    f"{self.name} accepts no more commands: {error.strerror}\n{process.log_tail()}"
                ) from None
        return answer

    def _result(self, answer: "Future[str]", what: str, timeout_seconds: float) -> str:
        try:
            return answer.result(timeout_seconds)
        except FutureTimeoutError:
            tail = self.process.log_tail() if self.process else ""
            raise LabError(f"{self.name}: {what}: no answer within {timeout_seconds:g} s\n{tail}") from None

    def _read_answers(self, process: Process, waiting: dict[str, "Future[str]"]) -> None:
        for line in _until_closed(process.stdout):
            number, kind, text = line.decode(errors="replace").rstrip("\n").split("\t", 2)
            answer = waiting.pop(number)
            if kind == "ok":
                answer.set_result(text)
            else:
                answer.set_exception(ProducerError(text))
        with self._lock:
            left, code = list(waiting.values()), process.exit_code
            waiting.clear()
        for answer in left:
            answer.set_exception(LabError(f"{self.name} ended (exit code {code})\n{process.log_tail()}"))

    def _running(self) -> Process:
        if self.process is None:
            raise LabError(f"{self.name} is not running")
        return self.process

    def _jmx_options(self, password_file: Path | None, access_file: Path | None, tls: JmxTls | None) -> list[str]:
        options: dict[str, object] = {
            "port": self.jmx_port,
            "rmi.port": self.jmx_rmi_port,
            "host": "127.0.0.1",
            "authenticate": str(password_file is not None).lower(),
            "ssl": str(tls is not None).lower(),
        }
        words = ["-Djava.rmi.server.hostname=127.0.0.1"]
        if password_file is not None:
            options["password.file"] = password_file
            options["access.file"] = access_file or self._read_only_access(password_file)
        if tls is not None:
            options["registry.ssl"] = str(tls.registry).lower()
            options["ssl.need.client.auth"] = str(tls.client_trust_store is not None).lower()
            words += _store_options("keyStore", tls.identity.key_store)
            if tls.client_trust_store is not None:
                words += _store_options("trustStore", tls.client_trust_store)
        return [*words, *(f"-Dcom.sun.management.jmxremote.{key}={value}" for key, value in options.items())]

    def _read_only_access(self, password_file: Path) -> Path:
        """Write an access file that lets every user of the password file read."""
        users = [line.split()[0] for line in password_file.read_text().splitlines() if line.split()]
        place = self.folder / "jmxremote.access"
        self.folder.mkdir(parents=True, exist_ok=True)
        place.write_text("".join(f"{user} readonly\n" for user in users))
        return place


class Producer:
    """A producer in a JVM. Each method raises ProducerError, with the JVM's own text, if the client throws."""

    def __init__(self, owner: ProducerJvm, name: str) -> None:
        self.jvm = owner
        self.name = name

    def call(self, verb: str, options: Mapping[str, object] | None = None, *, timeout_seconds: float = 60) -> str:
        """Send a command of ``Producer.java`` and return its answer."""
        answer = self.post(verb, options)
        return self.jvm._result(answer, f"{verb} {self.name}", timeout_seconds)  # noqa: SLF001 (the two classes belong together)

    def post(self, verb: str, options: Mapping[str, object] | None = None) -> "Future[str]":
        """Send a command without waiting for it; the producer runs its commands one after the other."""
        return self.jvm.post(verb, self.name, options or {})

    def send(
        self,
        topic: str,
        count: int = 1,
        size: int = 100,
        *,
        wait: bool = True,
        partition: int | None = None,
        compressible: bool = False,
    ) -> dict[str, int]:
        """Send *count* records of *size* bytes and return ``stats``.

        With *wait*, each record has its outcome before the next is sent; without, outcomes may arrive later. A failed
        record raises nothing and is counted in ``stats``; ProducerError means that ``send`` itself threw, for example
        because the producer is fenced.
        """
        self.call("send", send_options(topic, count, size, wait=wait, partition=partition, compressible=compressible))
        return self.stats()

    def init(self) -> None:
        """Call initTransactions."""
        self.call("init")

    def begin(self) -> None:
        """Call beginTransaction."""
        self.call("begin")

    def commit(self) -> None:
        """Call commitTransaction."""
        self.call("commit")

    def abort(self) -> None:
        """Call abortTransaction."""
        self.call("abort")

    def flush(self) -> None:
        """Return once every record sent so far has its outcome."""
        self.call("flush")

    def send_offsets(self, group: str, topic: str, *, partition: int = 0, offset: int) -> None:
        """Commit one offset of a consumer group within the open transaction."""
        options = {"group": group, "topic": topic, "partition": partition, "offset": offset}
        self.call("offsets", {**options, "offsets": self._offsets_form()})

    def partitions(self, topic: str) -> int:
        """Return how many partitions the producer sees; it asks the broker if it has no metadata of the topic."""
        return int(self.call("partitions", {"topic": topic}))

    def loop(
        self,
        topic: str,
        *,
        per_second: float = 10,
        size: int = 100,
        compressible: bool = False,
        partition: int | None = None,
        records: int = 0,
        abort_every: int = 0,
        revive: bool = False,
        callback_ms: int = 0,
    ) -> None:
        """Send records in the background, *per_second* turns a second, until ``stop_loop``.

        With *records*, each turn is a transaction of that many records, and every *abort_every*-th one is aborted.
        After an error the loop aborts the transaction and continues. If the abort fails too, the producer is unusable:
        the loop ends, or with *revive* replaces the producer with a new one. The callback of each record, which the
        client's sender thread runs, takes *callback_ms*.
        """
        load = self.jvm.load
        size = round(size * load.size)
        options = send_options(topic, 1, size, wait=False, partition=partition, compressible=compressible)
        options |= {
            "per_second": per_second * load.rate,
            "records": records,
            "abort_every": abort_every,
            "revive": revive,
        }
        options |= {"callback_ms": callback_ms}
        self.call("loop", options)

    def transform(
        self,
        source: str,
        topic: str,
        *,
        group: str,
        per_second: float = 10,
        abort_every: int = 0,
        revive: bool = False,
        offsets: str | None = None,
        **consumer: object,
    ) -> None:
        """Consume, forward and commit offsets in one transaction, in the background, until ``stop_loop``.

        This is the guide's own example. *offsets* selects the form of sendOffsetsToTransaction: ``group`` (removed in
        4.0) or ``metadata`` (since 2.5, and the default there). *consumer* holds configs of the consumer.
        """
        options: dict[str, object] = {"source": source, "topic": topic, "group": group}
        options |= {"offsets": offsets or self._offsets_form()}
        options |= {"per_second": per_second, "abort_every": abort_every, "revive": revive}
        options |= {f"consumer.{key.replace('_', '.')}": value for key, value in consumer.items()}
        self.call("transform", options)

    def stop_loop(self) -> dict[str, int]:
        """Stop the loop, if one is running, and return ``stats``."""
        self.call("unloop")
        return self.stats()

    def _offsets_form(self) -> str:
        version = [int(number) for number in self.jvm.client_version.split(".")]
        return "metadata" if version >= [2, 5] else "group"

    def stats(self) -> dict[str, int]:
        """Return how often the producer's work has had each outcome. Answers at once, even while the producer blocks.

        A record counts as ``ok`` or under the simple name of its exception. A loop's turn counts as ``committed`` or
        ``aborted``, or as ``thrown.`` with the simple name of the exception.
        """
        answer = self.post("stats")
        text = self.jvm._result(answer, f"stats {self.name}", 10)  # noqa: SLF001 (as above)
        return {outcome: int(times) for outcome, _, times in (word.partition("=") for word in text.split())}

    def close(self, timeout_ms: int | None = None) -> None:
        """Close the producer; a timeout of 0 discards every record that has not been sent yet."""
        self.call("close", {} if timeout_ms is None else {"timeout_ms": timeout_ms})


def _until_closed(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of *stream*, which ends when another thread closes it, too."""
    with contextlib.suppress(ValueError):
        yield from stream


def send_options(
    topic: str, count: int, size: int, *, wait: bool, partition: int | None = None, compressible: bool = False
) -> dict[str, object]:
    """Return the options of the command ``send``, for ``Producer.post``."""
    options: dict[str, object] = {
        "topic": topic,
        "count": count,
        "size": size,
        "wait": wait,
        "compressible": compressible,
    }
    return options if partition is None else {**options, "partition": partition}


def write_password_file(folder: Path, users: Mapping[str, str]) -> Path:
    """Write a JMX password file, readable by its owner only as the JVM demands, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "jmxremote.password"
    place.touch(mode=0o600)
    os.chmod(place, 0o600)  # noqa: PTH101 (touch keeps the mode of an existing file)
    place.write_text("".join(f"{user} {password}\n" for user, password in users.items()))
    return place


def _store_options(kind: str, store: Path) -> list[str]:
    words = {kind: store, f"{kind}Password": PASSWORD, f"{kind}Type": "PKCS12"}
    return [f"-Djavax.net.ssl.{key}={value}" for key, value in words.items()]
