"""The source ``--metrics-url``: a metrics page of ours, of jmx_exporter, or of Micrometer."""

import time
from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from kafka_producer_exporter.diagnosis.evidence import Reading
from kafka_producer_exporter.evidence.http import Access, fetch, without_login
from kafka_producer_exporter.evidence.names import Shown, by_our_names, by_target, readings
from kafka_producer_exporter.net.errors import Reason, TransportError

TEXT = "text/plain;version=0.0.4"


class MetricsPage:
    """Reads a page, and splits ours by its label ``target``; any other page is one target, named by its URL."""

    is_live = True

    def __init__(self, url: str, access: Access) -> None:
        self._url = url
        self._name = without_login(url)
        self._access = access
        self.provides: frozenset[str] | None = frozenset()

    def read(self) -> Mapping[str, Reading]:
        """Fetch the page. Raise TransportError."""
        at_seconds = time.monotonic()
        shown = parsed(fetch(self._url, self._access, accept=TEXT).decode("utf-8", "replace"), self._name)
        self.provides = shown.provides
        return readings(by_target(shown.page, self._name), at_seconds, self._name)

    def close(self) -> None:
        """Nothing is held."""


def parsed(text: str, name: str) -> Shown:
    """Return a page in the text format by our names. Raise TransportError if it has no metric of a producer."""
    try:
        samples = [
            (sample.name, sample.labels, sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ]
    except ValueError as error:
        raise TransportError(Reason.PROTOCOL, f"{name} is no metrics page: {error}") from None
    shown = by_our_names(samples)
    if not any(metric.startswith("kafka_producer_") for metric in shown.provides):
        detail = f"{name} has no metric of a Kafka producer that is known here; see docs/diagnosis.md for the names"
        raise TransportError(Reason.PROTOCOL, detail)
    return shown
