"""A number that may also be our own in a StatefulSet, which is the last part of a pod's name."""

import re
from dataclasses import dataclass

from kafka_producer_exporter.config.found import Findings, Found
from kafka_producer_exporter.config.shapes import Integer, JsonSchema, shown

FROM_HOSTNAME = "from_hostname"


@dataclass(frozen=True, slots=True)
class Ordinal(Integer):
    """A whole number within bounds, or ``from_hostname``: the number behind the last dash of ``HOSTNAME``."""

    def read(self, found: Found, findings: Findings) -> int:
        """Return the number. Raises Unusable."""
        if found.value != FROM_HOSTNAME:
            return Integer.read(self, found, findings)
        name = findings.environment.get("HOSTNAME", "")
        ordinal = re.fullmatch(r".+-([0-9]{1,9})", name)
        if ordinal is None:
            says = f"HOSTNAME is {shown(name)}, with no -NUMBER at its end" if name else "there is no HOSTNAME"
            findings.refuse(found, f"{says}; run in a StatefulSet, or write the number itself")
        return Integer.read(self, found._replace(value=int(ordinal[1])), findings)

    def json_schema(self) -> JsonSchema:
        """Return the same check as JSON schema."""
        return {"anyOf": [Integer.json_schema(self), {"const": FROM_HOSTNAME}]}
