"""The panels of Confluent's producer board (jmx-monitoring-stacks), by row, as its JSON names them."""

from collections.abc import Mapping, Sequence

PANELS: Mapping[str, Sequence[str]] = {
    "Key metrics": (
        "Retry rate",
        "Record error rate",
        "Free buffer space",
        "Produce request throttle average",
        "Compression rate",
        "Produce request latency",
        "Record queue time",
        "Bufferpool wait ratio",
        "Failed authentication rate",
    ),
    "System": ("CPU Usage", "JVM Memory Used", "JVM GC time"),
    "Throughput": (
        "Outgoing byte rate",
        "Outgoing byte rate per topic",
        "Outgoing messages per second",
        "Outgoing messages per second per topic",
    ),
    "Performance": ("Batch size average", "Request in flight", "Record size average"),
    "Produce Request metrics": ("Produce request rate", "Produce request size average", "Produce response rate"),
    "Connections": (
        "Connection rate",
        "Connection creation rate",
        "Connection close rate",
        "IO Ratio",
        "IO Wait time average",
        "IO Time average",
        "IO Wait Ratio",
        "Select Rate",
    ),
    "Misc": ("API Version", "Metadata max age"),
}
ALL = tuple(title for titles in PANELS.values() for title in titles)
