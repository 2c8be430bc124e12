"""Read a JVM's MBeans with the jar of the jmxquery package: slow, but independent of the product under test."""

import json

import jmxquery

from lab import jvm
from lab.process import LabError, run

Value = float | str


def read_mbeans(
    port: int, pattern: str = "kafka.producer:*", *, user: str = "", password: str = ""
) -> dict[str, dict[str, Value]]:
    """Return ObjectName → attribute → value for every MBean that matches *pattern*.

    Numbers are floats, "NaN" included. An item of a composite value has the key ``Attribute.item``. Null values are
    omitted. Raises LabError if the JVM cannot be read.
    """
    address = f"service:jmx:rmi:///jndi/rmi://127.0.0.1:{port}/jmxrmi"
    login = ["-u", user, "-p", password] if user else []
    output = run(
        [jvm.java(), *jvm.SMALL, "-jar", jmxquery.JAR_PATH, "-url", address, "-json", *login, "-q", pattern],
        what=f"read {pattern} on port {port}",
        timeout_seconds=30,
    )
    try:
        rows = json.loads(output)
    except ValueError:
        raise LabError(f"read {pattern} on port {port}: {output.strip()[-500:]}") from None
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
