"""The recorded MBeans of eleven client versions, as the readings that a JVM would give."""

import json
from collections.abc import Sequence
from pathlib import Path

from kafka_producer_exporter.catalogue.table import selections
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import Reading, Selection
from kafka_producer_exporter.model import Profile

RECORDED = Path(__file__).with_name("recorded")
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
    """What a JVM with that client answers to these selections, or to those of a profile."""
    (selection,) = selections(asked) if isinstance(asked, Profile) else asked
    readings = []
    for text, attributes in recorded_mbeans(version).items():
        name = ObjectName(text)
        wanted = tuple(selection.choose(name, list(attributes)))
        if wanted:
            readings.append(Reading(name, wanted, [attributes[attribute] for attribute in wanted]))
    return readings
