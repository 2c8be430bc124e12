"""Metrics about the exporter itself: whether a target answered, what was left out, which version this is."""

from kafka_producer_exporter.model import Kind, Metric, Profile, Unit

SECTION = "The exporter"

UP = Metric(
    name="kafka_producer_up",
    kind=Kind.GAUGE,
    help="1 if the JVM answered this scrape, 0 if it did not; a target that is down has no series from its JVM.",
    section=SECTION,
    labels=("target",),
    source="the exporter",
    profile=Profile.MINIMAL,
)
TARGET_ERROR = Metric(
    name="kafka_producer_exporter_target_error",
    kind=Kind.GAUGE,
    help="Why a target is down, as the label reason; always 1, and present only while the target is down.",
    section=SECTION,
    labels=("target", "reason"),
    source="the exporter",
    profile=Profile.MINIMAL,
)
TARGET_INFO = Metric(
    name="kafka_producer_exporter_target_info",
    kind=Kind.INFO,
    help="Kind of the target, as a label: producer, or broker if the JVM is a broker's; the value is always 1.",
    section=SECTION,
    labels=("target", "kind"),
    source="the exporter",
    profile=Profile.MINIMAL,
)
SCRAPE_DURATION = Metric(
    name="kafka_producer_exporter_scrape_duration_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="Time that this read of the target took, whether it answered or not.",
    section=SECTION,
    labels=("target",),
    source="the exporter",
    profile=Profile.MINIMAL,
)
CLIENTS = Metric(
    name="kafka_producer_clients",
    kind=Kind.GAUGE,
    help="Producers in the JVM that have metrics (see kafka_producer_hidden); 0 if the JVM answered and has none, "
    "absent if the target is a broker.",
    section=SECTION,
    labels=("target",),
    source="the exporter",
    profile=Profile.MINIMAL,
)
HIDDEN = Metric(
    name="kafka_producer_hidden",
    kind=Kind.GAUGE,
    # The reasons are those of catalogue.hidden.
    help="Live producers that have no metrics, by reason: duplicate_client_id (another producer with the "
    "same client.id was closed), reporter (JmxReporter is off), filter (metrics.jmx.include or metrics.jmx.exclude), "
    "or unreadable.",
    section=SECTION,
    labels=("target", "client_id", "reason"),
    source="the exporter: an app-info MBean without the values of its producer-metrics",
    profile=Profile.MINIMAL,
)
GROUP_CLIENTS = Metric(
    name="kafka_producer_group_clients",
    kind=Kind.GAUGE,
    help="Producers that share the series with this client_id: the members of a group, or all that are over the limit.",
    section=SECTION,
    labels=("target", "client_id"),
    source="the exporter",
    profile=Profile.MINIMAL,
)
SERIES_FOLDED = Metric(
    name="kafka_producer_exporter_series_folded",
    kind=Kind.GAUGE,
    help="Clients, topics, nodes or other label values that are combined under other or under their group, by kind.",
    section=SECTION,
    labels=("target", "kind"),
    source="the exporter",
    profile=Profile.MINIMAL,
)
MBEANS_LEFT_OUT = Metric(
    name="kafka_producer_exporter_mbeans_left_out",
    kind=Kind.GAUGE,
    # The reasons are those of jmx.readings.LeftOut.
    help="MBeans that this page leaves out because they cannot be read, by reason: too_many (the JVM has more than "
    "65,536), name (too long, or not valid), or unreadable.",
    section=SECTION,
    labels=("target", "reason"),
    source="the exporter",
    profile=Profile.MINIMAL,
)
SERIES_SHED = Metric(
    name="kafka_producer_exporter_series_shed",
    kind=Kind.GAUGE,
    help="Topics, nodes or clients that this page leaves out to stay within the container's memory limit, by kind.",
    section=SECTION,
    labels=("target", "kind"),
    source="the exporter",
    profile=Profile.MINIMAL,
)
CONFIG_VALID = Metric(
    name="kafka_producer_exporter_config_valid",
    kind=Kind.GAUGE,
    help="1 if the configuration was valid when last loaded; 0 if it was not, and the last valid one stays in force.",
    section=SECTION,
    source="the exporter",
    profile=Profile.MINIMAL,
)
CONFIG_LAST_RELOAD_SUCCESS = Metric(
    name="kafka_producer_exporter_config_last_reload_success_timestamp_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="Time at which the configuration in force was loaded, in seconds since 1970.",
    section=SECTION,
    source="the exporter",
    profile=Profile.MINIMAL,
)
CERTIFICATE_EXPIRY = Metric(
    name="kafka_producer_exporter_certificate_expiry_timestamp_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="Expiry time of the client certificate in a file (broker.tls.cert_file, jmx.tls.cert_file), in seconds since "
    "1970; absent if the file cannot be read.",
    section=SECTION,
    labels=("file",),
    source="the exporter",
    profile=Profile.MINIMAL,
)
BUILD_INFO = Metric(
    name="kafka_producer_exporter_build_info",
    kind=Kind.INFO,
    help="Version of the exporter and of its Python, as labels; the value is always 1.",
    section=SECTION,
    labels=("version", "python_version"),
    source="the exporter",
    profile=Profile.MINIMAL,
)

METRICS = tuple(entry for entry in tuple(globals().values()) if isinstance(entry, Metric))
"""Every entry of this file, in its order."""
