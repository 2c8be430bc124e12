"""The metrics pages of other exporters, made of recorded MBeans by the rules that those exporters have."""

import math

from kafka_producer_exporter.jmx.objectname import ObjectName
from tests.recordings import recorded_mbeans

KINDS = ("producer-metrics", "producer-topic-metrics", "producer-node-metrics", "app-info")


def page(version, name_of, *, quoted=False):
    lines = []
    for text, attributes in recorded_mbeans(version).items():
        name = ObjectName(text)
        if name.domain != "kafka.producer" or name.properties.get("type") not in KINDS:
            continue
        labels = {key.replace("-", "_"): value for key, value in name.properties.items() if key != "type"}
        if quoted and "client_id" in labels:
            labels["client_id"] = f'"{labels["client_id"]}"'
        shown = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
        for attribute, value in attributes.items():
            if isinstance(value, float | int):
                number = "NaN" if math.isnan(value) else repr(float(value)).replace("inf", "Inf")
                kind = name.properties["type"]
                lines.append(f"{name_of(kind, attribute.replace('-', '_'))}{{{shown}}} {number}\n")
    return "".join(lines)


def _escaped(value):
    return value.replace("\\", "\\\\").replace('"', '\\"')


def jmx_exporter_0(kind, attribute):
    return f"kafka_producer_{kind.replace('-', '_')}_{attribute}"


def jmx_exporter_1(kind, attribute):
    return jmx_exporter_0(kind, attribute).removesuffix("_total")


def micrometer(kind, attribute):
    if kind == "app-info":
        return f"kafka_app_info_{attribute}"
    group = kind.removeprefix("producer").removesuffix("metrics").strip("-")
    return f"kafka_producer_{group}_{attribute}" if group else f"kafka_producer_{attribute}"
