"""The source ``--prometheus``: what a Prometheus remembers of a moment."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kafka_producer_exporter.diagnosis.evidence import Page, Reading, Series
from kafka_producer_exporter.evidence.http import Access, fetch, without_login
from kafka_producer_exporter.evidence.names import Sample, by_our_names, by_target, readings
from kafka_producer_exporter.net.errors import Reason, TransportError

NAMES = "kafka_(producer|transaction|topic|bootstrap|broker|cluster).*"
"""Of every metric that a rule may use, also by the names of other exporters."""
VIEW_NAMES = "kafka_(transaction|topic|bootstrap|broker|cluster|producer_exporter).*"
"""Of those that the view of the brokers has."""
CLUSTER = "kafka_cluster"
"""The label that says which cluster producers, and a broker view, belong to."""


class Prometheus:
    """Returns the series as they were *interval_seconds* before a moment, and then those at that moment."""

    is_live = False

    def __init__(
        self,
        url: str,
        access: Access,
        *,
        at_seconds: float,
        interval_seconds: float,
        matchers: Sequence[str],
        targets: Sequence[str] = (),
    ) -> None:
        """Prepare to ask. *at_seconds* is the time since 1970; *matchers* are such as ``namespace="shop"``.

        With *targets*, matchers are about these targets alone, and the view of their brokers is asked for besides.
        """
        self._url = url.rstrip("/") + "/api/v1/query"
        self._name = without_login(url)
        self._access = access
        self._moments = [at_seconds - interval_seconds, at_seconds]
        self._has_targets = bool(targets)
        self._query = _selector(NAMES, *matchers)
        if targets:
            wanted = json.dumps("|".join(map(re.escape, targets)))
            view = _selector(VIEW_NAMES, 'target=""')
            self._query = f"{_selector(NAMES, *matchers, f'target=~{wanted}')} or {view}"
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
        parts = by_target(shown.page, self._name, by_instance=True)
        if self._has_targets:
            view = parts.pop("", {})
            parts[""] = _of_clusters(view, {cluster for page in parts.values() for cluster in _clusters(page)})
        return readings(parts, at_seconds, self._name)

    def close(self) -> None:
        """Nothing is held."""


def _selector(names: str, *matchers: str) -> str:
    return "{" + ",".join([f'__name__=~"{names}"', *matchers]) + "}"


def _clusters(page: Page) -> set[str]:
    """Return the clusters that series are labelled with; the empty text stands for none."""
    return {labels.get(CLUSTER, "") for series in page.values() for labels, _ in series}


def _of_clusters(page: Page, clusters: set[str]) -> dict[str, list[Series]]:
    parts = {name: [one for one in series if one[0].get(CLUSTER, "") in clusters] for name, series in page.items()}
    return {name: series for name, series in parts.items() if series}


def _samples(body: bytes, name: str) -> Iterator[Sample]:
    try:
        answer: dict[str, Any] = json.loads(body)
        for one in answer["data"]["result"]:
            labels = dict(one["metric"])
            yield labels.pop("__name__"), labels, float(one["value"][1])
    except (ValueError, KeyError, TypeError, IndexError):
        raise TransportError(Reason.PROTOCOL, f"{name} does not answer like a Prometheus") from None
