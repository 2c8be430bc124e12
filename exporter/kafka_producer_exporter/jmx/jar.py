"""The same answers through the jar of the jmxquery package: a JVM for each read, and the judge of the other transport.

Only the jar is used: the package's Python half answers a time-out with an empty list, as if there were no MBeans, and
puts the password on the command line and into its log.
"""

import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from jmxquery import JAR_PATH

from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import Reading, Selection, Value
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.printable import printable
from kafka_producer_exporter.net.tls_settings import NO_TLS, TlsSettings

# A JVM that lives for a third of a second: no time to compile much, no garbage worth a thread.
_JAVA_OPTIONS: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

# The output looks like JSON, but a string in it is escaped only where it is a quote in a name: read as what it is.
_RECORD: Final = re.compile(
    r'\{"metricName" : "(?P<selection>\d+)","metricLabels" : \{\},"mBeanName" : "(?P<name>.*?)"'
    r', "attribute" : "(?P<attribute>[^"]*)"(?P<key>, "attributeKey" : "[^"]*")?'
    r'(?:, "attributeType" : "(?P<type>[^"]*)")?(?:, "value" : (?P<value>.*))?',
    re.DOTALL,
)
_NEXT_RECORD: Final = '}, \n{"metricName" : '
_VALUES: Final[dict[str, Callable[[str], Value]]] = {
    "Boolean": lambda text: text == "true",
    "Byte": int,
    "Double": float,
    "Float": float,
    "Integer": int,
    "Long": int,
    "Short": int,
    "String": str,
}
# What the jar's own words mean; the first that is found counts.
_REASONS: Final = (
    ("UnknownHost", Reason.DNS, "it has no address; check jmx.host"),
    ("Connection refused", Reason.REFUSED, "nothing listens there; was the JVM started with {option}?"),
    ("Authentication failed", Reason.AUTHENTICATION, "it wants a password; use transport: rmi"),
    ("Credentials required", Reason.AUTHENTICATION, "it wants a password; use transport: rmi"),
    ("SSL", Reason.TLS_MISMATCH, "it wants TLS; use transport: rmi"),
    ("non-JRMP", Reason.NOT_JMX, "it does not speak JMX; check that the host in its stub is one that we can reach"),
    ("JRMP", Reason.NOT_JMX, "it does not speak JMX; give the port of -Dcom.sun.management.jmxremote.port"),
)


class _Found(NamedTuple):
    selection: int
    name: str
    attribute: str
    value: Value


class JarTransport:
    """A Transport (see readings) that starts ``java`` for each read. Follows the host that the agent's stub names."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        rmi_port: int | None = None,
        username: str | None = None,
        tls: TlsSettings = NO_TLS,
        java: str = "java",
    ) -> None:
        """Raise ValueError, with the setting's name, for what the jar cannot do, or not without giving secrets away."""
        if username is not None:
            raise ValueError(
                "jmx.username: jmxquery would show the password in the list of processes; use transport: rmi"
            )
        if tls != NO_TLS:
            raise ValueError("jmx.tls: jmxquery cannot be told which certificates to trust; use transport: rmi")
        if rmi_port is not None:
            raise ValueError("jmx.rmi_port: jmxquery takes the port that the agent names; use transport: rmi")
        self._peer = str(Address(host, port))
        self._option = f"-Dcom.sun.management.jmxremote.port={port}"
        self._command = (java, *_JAVA_OPTIONS, "-jar", JAR_PATH, "-json", "-url")
        self._known_attributes: dict[tuple[str, ...], tuple[str, ...]] = {}

    def read(self, selections: Sequence[Selection], *, deadline: float) -> list[Reading]:
        """Return the selected attributes of every MBean that matches: see Transport."""
        output = self._run(_query(selections), deadline)
        found: dict[tuple[int, str], dict[str, Value]] = {}
        for each in self._records(output):
            found.setdefault((each.selection, each.name), {})[each.attribute] = each.value
        readings = []
        for (index, text), values in found.items():
            name = self._name(text)
            chosen = tuple(selections[index].choose(name, tuple(values)))
            attributes = tuple(attribute for attribute in chosen if attribute in values)
            if attributes:
                attributes = self._known_attributes.setdefault(attributes, attributes)
                readings.append(Reading(name, attributes, [values[attribute] for attribute in attributes]))
        return readings

    def forget(self) -> None:
        """Nothing is kept that was chosen."""
        self._known_attributes.clear()

    def close(self) -> None:
        """Nothing is open between reads."""

    def _name(self, text: str) -> ObjectName:
        try:
            return ObjectName(text)
        except ValueError as error:
            raise self._strange(text) from error

    def _strange(self, text: str) -> TransportError:
        what = f"{self._peer}: jmxquery printed {printable(text)!r}"
        return TransportError(Reason.PROTOCOL, f"{what}, which cannot be understood; use transport: rmi")

    def _run(self, query: str, deadline: float) -> str:
        url = f"service:jmx:rmi:///jndi/rmi://{self._peer}/jmxrmi"
        try:
            process = subprocess.Popen(  # noqa: S603 - our own list of arguments, and no shell
                [*self._command, url, "-q", query],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            what = f"{self._command[0]} cannot be started ({error.strerror})"
            raise TransportError(Reason.REFUSED, f"{what}; install a Java, or use transport: rmi") from error
        with process:
            try:
                output, complaint = process.communicate(timeout=max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                raise TransportError(
                    Reason.TIMEOUT,
                    f"{self._peer} did not answer in time; a Java is started for each read: allow for that",
                ) from None
            finally:
                with suppress(OSError):
                    process.kill()
        if process.returncode != 0 or not output.startswith("["):
            raise self._explained(output + complaint)
        return output

    def _explained(self, words: str) -> TransportError:
        for mark, reason, advice in _REASONS:
            if mark in words:
                return TransportError(reason, f"{self._peer}: {advice.format(option=self._option)}")
        return TransportError(Reason.PROTOCOL, f"{self._peer}: jmxquery says {printable(words)!r}; see the JVM's log")

    def _records(self, output: str) -> Iterator[_Found]:
        body = output.strip().removeprefix("[").removesuffix("]").strip().removeprefix('{"metricName" : ')
        for part in body.removesuffix("}").split(_NEXT_RECORD) if body else ():
            record = _RECORD.fullmatch('{"metricName" : ' + part)
            if record is None:
                raise self._strange(part)
            kind, text = record["type"], record["value"]
            if record["key"] is not None or kind not in _VALUES or text is None:
                continue  # a part of a composite, or nothing that we could show
            try:
                value = _VALUES[kind](text.removeprefix('"').removesuffix('"'))
            except ValueError as error:
                raise self._strange(part) from error
            yield _Found(int(record["selection"]), record["name"].replace(r"\"", '"'), record["attribute"], value)


def _query(selections: Sequence[Selection]) -> str:
    """Return the jar's query, each selection under its number; raise ValueError for what it has no words for."""
    for selection in selections:
        ObjectName(selection.pattern)
        if set(";/") & set(selection.pattern) or "==" in selection.pattern:
            raise ValueError(f"{selection.pattern!r}: jmxquery cannot ask for names with ';', '/' or '=='")
    return ";".join(f"{index}=={selection.pattern}" for index, selection in enumerate(selections))
