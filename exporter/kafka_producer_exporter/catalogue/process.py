"""Metrics about the exporter's own process. Plain ``process_*`` names would be mistaken for the application's."""

from kafka_producer_exporter.model import Kind, Metric, Profile, Unit

SECTION = "The exporter's process"
SOURCE = "/proc/self"

METRICS = (
    Metric(
        name="kafka_producer_exporter_process_virtual_memory_bytes",
        kind=Kind.GAUGE,
        unit=Unit.BYTES,
        help="Virtual memory of the exporter.",
        section=SECTION,
        source=SOURCE,
        profile=Profile.MINIMAL,
    ),
    Metric(
        name="kafka_producer_exporter_process_resident_memory_bytes",
        kind=Kind.GAUGE,
        unit=Unit.BYTES,
        help="Resident memory of the exporter.",
        section=SECTION,
        source=SOURCE,
        profile=Profile.MINIMAL,
    ),
    Metric(
        name="kafka_producer_exporter_process_start_time_seconds",
        kind=Kind.GAUGE,
        unit=Unit.SECONDS,
        help="Time at which the exporter was started, in seconds since 1970.",
        section=SECTION,
        source=SOURCE,
        profile=Profile.MINIMAL,
    ),
    Metric(
        name="kafka_producer_exporter_process_cpu_seconds_total",
        kind=Kind.COUNTER,
        unit=Unit.SECONDS,
        help="CPU time that the exporter has used, in user and in kernel mode.",
        section=SECTION,
        source=SOURCE,
        profile=Profile.MINIMAL,
    ),
    Metric(
        name="kafka_producer_exporter_process_open_fds",
        kind=Kind.GAUGE,
        help="File descriptors that the exporter has open.",
        section=SECTION,
        source=SOURCE,
        profile=Profile.MINIMAL,
    ),
    Metric(
        name="kafka_producer_exporter_process_max_fds",
        kind=Kind.GAUGE,
        help="Limit on the exporter's open file descriptors.",
        section=SECTION,
        source=SOURCE,
        profile=Profile.MINIMAL,
    ),
)
