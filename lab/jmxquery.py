"""Read a JVM's MBeans through the jmxquery package's jar: slow, and independent of the product, to check it by."""

import json

import jmxquery

from lab import jvm
from lab.process import LabError, run

Value = float | str


def read_mbeans(
    port: int, pattern: str = "kafka.producer:*", *, user: str = "", password: str = ""
) -> dict[str, dict[str, Value]]:
    """Return ObjectName → attribute → value for every MBean that matches; raises LabError where the JVM cannot be read.

    Numbers are floats, "NaN" included; composite values have the key ``Attribute.key``; what is null is left out.
    """
    address = f"service:jmx:rmi:///jndi/rmi://127.0.0.1:{port}/jmxrmi"
    login = ["-u", user, "-p", password] if user else []
    said = run(
        [jvm.java(), *jvm.SMALL, "-jar", jmxquery.JAR_PATH, "-url", address, "-json", *login, "-q", pattern],
        what=f"read {pattern} on port {port}",
        timeout_seconds=30,
    )
    try:
        rows = json.loads(said)
    except ValueError:
        raise LabError(f"read {pattern} on port {port}: {said.strip()[-500:]}") from None
    mbeans: dict[str, dict[str, Value]] = {}
    for row in rows:
        if "value" not in row:
            continue
        attribute = row["attribute"] + (f".{row['attributeKey']}" if row.get("attributeKey") else "")
        mbeans.setdefault(row["mBeanName"], {})[attribute] = _value(row)
    return mbeans


def _value(row: dict[str, object]) -> Value:
    try:
        return float(str(row["value"]))
    except ValueError:
        return str(row["value"])
