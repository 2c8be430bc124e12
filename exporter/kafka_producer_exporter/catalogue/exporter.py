"""What we say of ourselves: whether a target answered, what was left out, and which program this is."""

from kafka_producer_exporter.model import Kind, Metric, Profile, Unit

SECTION = "The exporter"

UP = Metric(
    name="kafka_producer_up",
    kind=Kind.GAUGE,
    help="Whether the JVM answered this scrape, also a broker's: 1, or 0 and then the target has no series of its own.",
    section=SECTION,
    labels=("target",),
    source="the exporter",
    profile=Profile.MINIMAL,
)
TARGET_ERROR = Metric(
    name="kafka_producer_exporter_target_error",
    kind=Kind.GAUGE,
    help="Why a target is down; always 1, and there only while it is down.",
    section=SECTION,
    labels=("target", "reason"),
    source="the exporter",
    profile=Profile.MINIMAL,
)
SCRAPE_DURATION = Metric(
    name="kafka_producer_exporter_scrape_duration_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="How long this read of the target took, whether it answered or not.",
    section=SECTION,
    labels=("target",),
    source="the exporter",
    profile=Profile.MINIMAL,
)
CLIENTS = Metric(
    name="kafka_producer_clients",
    kind=Kind.GAUGE,
    help="Producers that the JVM shows; 0 where it answered and has none, absent where it is a broker's.",
    section=SECTION,
    labels=("target",),
    source="the exporter",
    profile=Profile.MINIMAL,
)
HIDDEN = Metric(
    name="kafka_producer_hidden",
    kind=Kind.GAUGE,
    # After close() of either of two producers with one client.id only app-info,client-id= is left of both.
    help="A live producer whose numbers another one of the same client.id took along when it closed; always 1.",
    section=SECTION,
    labels=("target", "client_id"),
    source="the exporter: an app-info MBean without its producer-metrics",
    profile=Profile.MINIMAL,
)
SERIES_FOLDED = Metric(
    name="kafka_producer_exporter_series_folded",
    kind=Kind.GAUGE,
    help="Clients, topics or brokers over their limit, which this page sums up as other or under their group.",
    section=SECTION,
    labels=("target", "kind"),
    source="the exporter",
    profile=Profile.MINIMAL,
)
SERIES_SHED = Metric(
    name="kafka_producer_exporter_series_shed",
    kind=Kind.GAUGE,
    help="Topics or brokers that this page leaves out, so that the container stays within its memory limit.",
    section=SECTION,
    labels=("target", "kind"),
    source="the exporter",
    profile=Profile.MINIMAL,
)
CONFIG_VALID = Metric(
    name="kafka_producer_exporter_config_valid",
    kind=Kind.GAUGE,
    help="Whether the configuration as it stands now can be used; 0: the last good one stays in force.",
    section=SECTION,
    source="the exporter",
    profile=Profile.MINIMAL,
)
CONFIG_LAST_RELOAD_SUCCESS = Metric(
    name="kafka_producer_exporter_config_last_reload_success_timestamp_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="When the configuration in force was read, in seconds since 1970.",
    section=SECTION,
    source="the exporter",
    profile=Profile.MINIMAL,
)
BUILD_INFO = Metric(
    name="kafka_producer_exporter_build_info",
    kind=Kind.INFO,
    help="The exporter's version and that of the Python under it, as labels; the value is always 1.",
    section=SECTION,
    labels=("version", "python_version"),
    source="the exporter",
    profile=Profile.MINIMAL,
)

METRICS = (
    UP,
    TARGET_ERROR,
    SCRAPE_DURATION,
    CLIENTS,
    HIDDEN,
    SERIES_FOLDED,
    SERIES_SHED,
    CONFIG_VALID,
    CONFIG_LAST_RELOAD_SUCCESS,
    BUILD_INFO,
)
