"""A transport that runs the jar of the jmxquery package: it starts a JVM for each read.

It is the fallback, and the tests compare the other transport with it. Only the jar is used, because the package's
Python code returns an empty list after a timeout, as if there were no MBeans, and puts the password on the command line
and into its log. The JVM gets no variable of our environment that may be a secret, and it dies with us.
"""

import ctypes
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from jmxquery import JAR_PATH

from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import LeftOut, Reading, Selection, Value
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.deadline import remaining_seconds
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.printable import printable

# The JVM lives for a third of a second, too short for optimizing compilation or parallel garbage collection.
_JAVA_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "JAVA_HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""What the JVM needs of our environment, which may hold passwords."""

_PR_SET_PDEATHSIG = 1
_prctl = getattr(ctypes.CDLL(None), "prctl", None)  # Linux only

# The output looks like JSON but is not: the only character that is escaped is a quote in a name.
_RECORD = re.compile(
    r'\{"metricName" : "(?P<selection>[0-9]{1,9})","metricLabels" : \{\},"mBeanName" : "(?P<name>.*?)"'
    r', "attribute" : "(?P<attribute>[^"]*)"(?P<key>, "attributeKey" : "[^"]*")?'
    r'(?:, "attributeType" : "(?P<type>[^"]*)")?(?:, "value" : (?P<value>.*))?',
    re.DOTALL,
)
_NEXT_RECORD = '}, \n{"metricName" : '
_VALUES: dict[str, Callable[[str], Value]] = {
    "Boolean": lambda text: text == "true",
    "Byte": int,
    "Double": float,
    "Float": float,
    "Integer": int,
    "Long": int,
    "Short": int,
    "String": str,
}
# What the jar's error messages mean. The first marker that occurs in a message counts.
_ERRORS = (
    ("UnknownHost", Reason.DNS, "the host has no address; check jmx.host"),
    (
        "Connection refused",
        Reason.REFUSED,
        "nothing listens there; start the JVM with {option} and the other flags that "
        "kafka-producer-exporter check prints",
    ),
    ("Authentication failed", Reason.AUTHENTICATION, "the agent requires a password; use transport: rmi"),
    ("Credentials required", Reason.AUTHENTICATION, "the agent requires a password; use transport: rmi"),
    ("SSL", Reason.TLS_MISMATCH, "the agent requires TLS; use transport: rmi"),
    ("non-JRMP", Reason.NOT_JMX, "it does not speak JMX; check that the host in the agent's stub is reachable"),
    ("JRMP", Reason.NOT_JMX, "it does not speak JMX; use the port of -Dcom.sun.management.jmxremote.port"),
)


class _Record(NamedTuple):
    selection: int
    name: str
    attribute: str
    value: Value


class JarTransport:
    """A Transport (see ``readings``) that runs *java* for each read.

    It connects to the host and port in the agent's stub. It has no password, because every process could read it from
    the command line, and no TLS, because the jar has no option for certificates.
    """

    def __init__(self, host: str, port: int, *, java: str = "java") -> None:
        self._peer = str(Address(host, port))
        self._option = f"-Dcom.sun.management.jmxremote.port={port}"
        self._command = (java, *_JAVA_OPTIONS, "-jar", JAR_PATH, "-json", "-url")
        self._known_attributes: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.lists_all = True
        self.left_out: Mapping[LeftOut, int] = {}
        """How many MBeans the last read left out: see Transport."""
        self.listed: Sequence[str] = ()
        """The names of all MBeans that matched in the last read and have a number or a text."""

    def read(self, selections: Sequence[Selection], *, deadline: float) -> list[Reading]:
        """Return the selected attributes of every MBean that matches: see Transport."""
        output = self._run(_query(selections), deadline)
        found: dict[tuple[int, str], dict[str, Value]] = {}
        for record in self._records(output):
            if record.selection >= len(selections):  # a text of the JVM that looks like a record
                raise self._malformed(record.name)
            found.setdefault((record.selection, record.name), {})[record.attribute] = record.value
        self.listed = tuple(name for _, name in found)
        readings, unusable = [], []
        for (index, text), values in found.items():
            choose = selections[index].choose
            try:
                name = ObjectName(text)
            except ValueError:
                unusable.append(text)
                continue
            chosen = tuple(choose(name, tuple(values))) if choose is not None else ()
            attributes = tuple(attribute for attribute in chosen if attribute in values)
            if attributes:
                attributes = self._known_attributes.setdefault(attributes, attributes)
                readings.append(Reading(name, attributes, [values[attribute] for attribute in attributes]))
        if unusable and len(unusable) == len(found):
            raise self._malformed(unusable[0])
        self.left_out = {LeftOut.NAME: len(unusable)} if unusable else {}
        return readings

    def forget(self) -> None:
        """Do nothing about ``choose``, which every read calls again."""
        self._known_attributes.clear()

    def interrupt(self) -> None:
        """Do nothing: the JVM that is started for a read dies with us."""

    def close(self) -> None:
        """Do nothing: no connection is open between reads."""

    def _malformed(self, text: str) -> TransportError:
        what = f"{self._peer}: jmxquery printed {printable(text)!r}"
        return TransportError(Reason.PROTOCOL, f"{what}, which cannot be parsed; use transport: rmi")

    def _run(self, query: str, deadline: float) -> str:
        url = f"service:jmx:rmi:///jndi/rmi://{self._peer}/jmxrmi"
        try:
            process = subprocess.Popen(  # noqa: S603 - our own list of arguments, without a shell
                [*self._command, url, "-q", query],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                env={name: os.environ[name] for name in _VARIABLES if name in os.environ},
                preexec_fn=partial(_die_with, os.getpid()),  # noqa: PLW1509 - it makes two system calls
            )
        except OSError as error:
            what = f"{self._command[0]} cannot be started ({error.strerror})"
            raise TransportError(Reason.REFUSED, f"{what}; install a Java runtime, or use transport: rmi") from error
        with process:
            try:
                output, errors = process.communicate(timeout=remaining_seconds(deadline))
            except subprocess.TimeoutExpired:
                raise TransportError(
                    Reason.TIMEOUT,
                    f"{self._peer} did not answer in time; use transport: rmi, which starts no JVM for each read",
                ) from None
            finally:
                with suppress(OSError):
                    process.kill()
        if process.returncode != 0 or not output.startswith("["):
            raise self._error(output + errors)
        return output

    def _error(self, output: str) -> TransportError:
        for marker, reason, message in _ERRORS:
            if marker in output:
                return TransportError(reason, f"{self._peer}: {message.format(option=self._option)}")
        message = f"{self._peer}: jmxquery printed {printable(output)!r}; see the JVM's log"
        return TransportError(Reason.PROTOCOL, message)

    def _records(self, output: str) -> Iterator[_Record]:
        body = output.strip().removeprefix("[").removesuffix("]").strip().removeprefix('{"metricName" : ')
        for part in body.removesuffix("}").split(_NEXT_RECORD) if body else ():
            record = _RECORD.fullmatch('{"metricName" : ' + part)
            if record is None:
                raise self._malformed(part)
            kind, text = record["type"], record["value"]
            if record["key"] is not None or kind not in _VALUES or text is None:
                continue  # a part of a composite, or neither a number nor a string
            try:
                value = _VALUES[kind](text.removeprefix('"').removesuffix('"'))
            except ValueError as error:
                raise self._malformed(part) from error
            yield _Record(int(record["selection"]), record["name"].replace(r"\"", '"'), record["attribute"], value)


def _die_with(parent: int) -> None:
    """Have the kernel kill this new process when *parent* ends, however that happens.

    The signal comes when the thread ends that started the process (prctl(2)); it waits for the process, so not earlier.
    """
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _query(selections: Sequence[Selection]) -> str:
    """Return the jar's query, with each selection under its number.

    Raise ValueError for a pattern that the jar's syntax cannot express.
    """
    for selection in selections:
        ObjectName(selection.pattern)
        if set(";/") & set(selection.pattern) or "==" in selection.pattern:
            raise ValueError(f"{selection.pattern!r}: jmxquery cannot query names with ';', '/' or '=='")
    return ";".join(f"{index}=={selection.pattern}" for index, selection in enumerate(selections))
