"""What the program says of itself: its version, whether its configuration is good, and what its process costs."""

import platform

from prometheus_client.process_collector import ProcessCollector

from kafka_producer_exporter import __version__
from kafka_producer_exporter.catalogue import exporter
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.model import NO_LABELS, Family, Labels

_BUILD = Labels({"version": __version__, "python_version": platform.python_version()})
_PROCESS = ProcessCollector(namespace="kafka_producer_exporter", registry=None)


def own_families(*, config_valid: bool, config_loaded: float | None) -> list[Family]:
    """Return the families about the program; ``config_loaded`` is in seconds since the epoch, None for never."""
    families = [
        Family(exporter.BUILD_INFO, [(_BUILD, 1.0)]),
        Family(exporter.CONFIG_VALID, [(NO_LABELS, float(config_valid))]),
    ]
    if config_loaded is not None:
        families.append(Family(exporter.CONFIG_LAST_RELOAD_SUCCESS, [(NO_LABELS, config_loaded)]))
    return families + [
        Family(METRICS[sample.name], [(NO_LABELS, float(sample.value))])
        for metric in _PROCESS.collect()
        for sample in metric.samples
    ]
