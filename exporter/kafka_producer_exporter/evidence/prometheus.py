"""The source ``--prometheus``: what a Prometheus remembers of a moment."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kafka_producer_exporter.diagnosis.evidence import Reading
from kafka_producer_exporter.evidence.http import Access, fetch, without_login
from kafka_producer_exporter.evidence.names import Sample, by_our_names, by_target
from kafka_producer_exporter.net.errors import Reason, TransportError

NAMES = "kafka_(producer|transaction|topic|bootstrap|broker|cluster).*"
"""Of every metric that a rule may use, also by the names of other exporters."""


class Prometheus:
    """Returns the series as they were *interval_seconds* before a moment, and then those at that moment."""

    is_live = False

    def __init__(
        self, url: str, access: Access, *, at_seconds: float, interval_seconds: float, matchers: Sequence[str]
    ) -> None:
        """Prepare to ask. *at_seconds* is the time since 1970; *matchers* are such as ``target="checkout"``."""
        self._url = url.rstrip("/") + "/api/v1/query"
        self._name = without_login(url)
        self._access = access
        self._moments = [at_seconds - interval_seconds, at_seconds]
        self._query = "{" + ",".join([f'__name__=~"{NAMES}"', *matchers]) + "}"
        self.provides: frozenset[str] | None = frozenset()

    def read(self) -> Mapping[str, Reading]:
        """Ask for the next of the two moments. Raise TransportError."""
        at_seconds = self._moments.pop(0)
        form = {"query": self._query, "time": f"{at_seconds:.3f}"}
        samples = list(_samples(fetch(self._url, self._access, form), self._name))
        shown = by_our_names(samples)
        if not shown.provides and not self._moments:
            raise TransportError(Reason.PROTOCOL, f"{self._name} has no series of {self._query} at that time")
        self.provides = shown.provides
        return {target: Reading(at_seconds, page) for target, page in by_target(shown.page, self._name).items()}

    def close(self) -> None:
        """Nothing is held."""


def _samples(body: bytes, name: str) -> Iterator[Sample]:
    try:
        answer: dict[str, Any] = json.loads(body)
        for one in answer["data"]["result"]:
            labels = dict(one["metric"])
            yield labels.pop("__name__"), labels, float(one["value"][1])
    except (ValueError, KeyError, TypeError, IndexError):
        raise TransportError(Reason.PROTOCOL, f"{name} does not answer like a Prometheus") from None
