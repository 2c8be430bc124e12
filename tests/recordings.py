"""The recorded MBeans of eleven client versions and of a broker, as readings of a JVM."""

import json
import threading
import time
from collections.abc import Sequence

from kafka_producer_exporter.catalogue.selections import selections
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import LeftOut, Reading, Selection
from kafka_producer_exporter.model import Profile
from kafka_producer_exporter.net.errors import Reason, TransportError
from tests.paths import RECORDED

VERSIONS = sorted(file.stem for file in RECORDED.glob("[0-9]*.json"))


def recorded_mbeans(version: str) -> dict[str, dict[str, float | str]]:
    """Every MBean's attributes; NaN and infinities as floats."""
    mbeans = json.loads((RECORDED / f"{version}.json").read_text())["mbeans"]
    return {
        name: {
            attribute: float(known["nonfinite"]) if "nonfinite" in known else known["value"]
            for attribute, known in attributes.items()
        }
        for name, attributes in mbeans.items()
    }


def recorded_readings(version: str, asked: Profile | Sequence[Selection] = Profile.DEFAULT) -> list[Reading]:
    """The readings of a JVM with that client for these selections, or for those of a profile."""
    readings = []
    for selection in selections(asked) if isinstance(asked, Profile) else asked:
        domain = selection.pattern.partition(":")[0]
        for text, attributes in recorded_mbeans(version).items():
            name = ObjectName(text)
            wanted = (
                tuple(selection.choose(name, list(attributes))) if selection.choose and name.domain == domain else ()
            )
            if wanted:
                readings.append(Reading(name, wanted, [attributes[attribute] for attribute in wanted]))
    return readings


def recorded_broker_mbeans() -> dict[str, dict[str, float | str]]:
    """Attributes of a broker's MBeans: those that concern producers, and some others that must not be read."""
    mbeans: dict[str, dict[str, float | str]] = json.loads((RECORDED / "broker-mbeans-4.4.0.json").read_text())[
        "mbeans"
    ]
    return mbeans


def recorded_broker_readings(asked: Sequence[Selection]) -> list[Reading]:
    """The readings of that broker for these selections."""
    readings = []
    for selection in asked:
        pattern = ObjectName(selection.pattern)
        for text, attributes in recorded_broker_mbeans().items():
            name = ObjectName(text)
            matches = selection.choose and _matches(pattern, name)
            wanted = tuple(selection.choose(name, list(attributes))) if matches else ()
            if wanted:
                readings.append(Reading(name, wanted, [attributes[attribute] for attribute in wanted]))
    return readings


def _matches(pattern: ObjectName, name: ObjectName) -> bool:
    """Whether domain and keys are equal, and each value is equal or a wildcard in the pattern."""
    return (pattern.domain, pattern.properties.keys()) == (name.domain, name.properties.keys()) and all(
        value in ("*", name.properties[key]) for key, value in pattern.properties.items()
    )


class Recorded:
    """A transport that answers like a recorded JVM, raises ``failure``, or is silent while ``gate`` is closed."""

    def __init__(self, version="4.4.0"):
        self.version = version
        self.failure = None
        self.gate = threading.Event()
        self.gate.set()
        self.reads = self.forgotten = self.closed = 0
        self.listed: tuple[str, ...] = ()
        self.lists_all = True
        self.left_out: dict[LeftOut, int] = {}
        self.unread: tuple[str, ...] = ()
        """Names of further MBeans, whose values cannot be read."""

    def read(self, asked, *, deadline):
        self.reads += 1
        if not self.gate.wait(max(0, deadline - time.monotonic())):
            raise TransportError(Reason.TIMEOUT, "no answer")
        if self.failure:
            raise self.failure
        readings = self.answer(asked)
        self.listed = (*(reading.name.text for reading in readings), *self.unread)
        return readings

    def answer(self, asked):
        return recorded_readings(self.version, asked)

    def forget(self):
        self.forgotten += 1

    def interrupt(self):
        self.gate.set()

    def close(self):
        self.closed += 1


class RecordedBroker(Recorded):
    """The same for a recorded broker."""

    def answer(self, asked):
        return recorded_broker_readings(asked)
