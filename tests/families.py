"""Families as a test compares them."""

from collections.abc import Iterable

from kafka_producer_exporter.model import Family


def series_of(families: Iterable[Family]) -> dict[str, float]:
    """Every value by its series as a page shows it: ``{'kafka_producer_up{target="checkout"}': 1.0}``."""
    return {family.metric.name + labels.text: value for family in families for labels, value in family.samples}
