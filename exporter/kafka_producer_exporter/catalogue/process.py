"""What our own process costs. Plain ``process_*`` would be taken for the application's."""

from kafka_producer_exporter.model import Kind, Metric, Profile, Unit

SECTION = "The exporter's process"
SOURCE = "/proc/self"

METRICS = (
    Metric(
        name="kafka_producer_exporter_process_virtual_memory_bytes",
        kind=Kind.GAUGE,
        unit=Unit.BYTES,
        help="Virtual memory of this exporter.",
        section=SECTION,
        source=SOURCE,
        profile=Profile.MINIMAL,
    ),
    Metric(
        name="kafka_producer_exporter_process_resident_memory_bytes",
        kind=Kind.GAUGE,
        unit=Unit.BYTES,
        help="Resident memory of this exporter.",
        section=SECTION,
        source=SOURCE,
        profile=Profile.MINIMAL,
    ),
    Metric(
        name="kafka_producer_exporter_process_start_time_seconds",
        kind=Kind.GAUGE,
        unit=Unit.SECONDS,
        help="When this exporter was started, in seconds since 1970.",
        section=SECTION,
        source=SOURCE,
        profile=Profile.MINIMAL,
    ),
    Metric(
        name="kafka_producer_exporter_process_cpu_seconds_total",
        kind=Kind.COUNTER,
        unit=Unit.SECONDS,
        help="Processor time that this exporter has used, its own and the kernel's for it.",
        section=SECTION,
        source=SOURCE,
        profile=Profile.MINIMAL,
    ),
    Metric(
        name="kafka_producer_exporter_process_open_fds",
        kind=Kind.GAUGE,
        help="File descriptors that this exporter has open.",
        section=SECTION,
        source=SOURCE,
        profile=Profile.MINIMAL,
    ),
    Metric(
        name="kafka_producer_exporter_process_max_fds",
        kind=Kind.GAUGE,
        help="File descriptors that this exporter may have open.",
        section=SECTION,
        source=SOURCE,
        profile=Profile.MINIMAL,
    ),
)
