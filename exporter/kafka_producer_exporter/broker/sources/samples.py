"""Samples on their way into families. Label texts are kept between scrapes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from kafka_producer_exporter.model import Family, Labels, Metric

MAX_KEPT_LABELS = 100_000
"""The default number of labels that are kept; beyond it, all are made again."""


class LabelTexts:
    """The labels of series, the static labels of the configuration included. Each text is made once and kept."""

    def __init__(self, static: Mapping[str, str], *, max_kept: int = MAX_KEPT_LABELS) -> None:
        self._static = dict(static)
        self._max_kept = max_kept
        self._kept: dict[tuple[str, ...], Labels] = {}
        self._kept_lists: dict[tuple[object, ...], tuple[Labels, ...]] = {}

    def of(self, labels: Mapping[str, str]) -> Labels:
        """Return *labels* and the static labels. A static label never replaces one of the series."""
        key = (*labels, *labels.values())
        known = self._kept.get(key)
        if known is None:
            if len(self._kept) >= self._max_kept:  # transactional ids and producer ids come and go
                self._kept.clear()
                self._kept_lists.clear()
            known = self._kept[key] = Labels({**self._static, **labels})
        return known

    def of_each(self, metric: Metric, labels: Mapping[str, str], by: str, values: Iterable[str]) -> tuple[Labels, ...]:
        """Return *labels* with the label *by*, once for each of *values*, which are fixed for *metric*."""
        key = (metric, *labels.values())
        known = self._kept_lists.get(key)
        if known is None:
            known = tuple(self.of({**labels, by: value}) for value in values)
            self._kept_lists[key] = known
        return known


class Samples:
    """Collects samples in any order, and groups them into families."""

    def __init__(self, texts: LabelTexts) -> None:
        self._texts = texts
        self._by_metric: defaultdict[Metric, list[tuple[Labels, float]]] = defaultdict(list)

    def add(self, metric: Metric, value: float, **labels: str) -> None:
        """Add one sample. *labels* are those of the series, without the static ones."""
        self._by_metric[metric].append((self._texts.of(labels), value))

    def add_all(self, values: Iterable[tuple[Metric, float]], **labels: str) -> None:
        """Add samples of several metrics that have the same labels."""
        text = self._texts.of(labels)
        for metric, value in values:
            self._by_metric[metric].append((text, value))

    def add_each(self, metric: Metric, values: Mapping[Any, float], *, by: str, **labels: str) -> None:
        """Add one sample for each item of *values*. Its key, from a fixed list for *metric*, becomes the label *by*."""
        self._by_metric[metric].extend(
            zip(self._texts.of_each(metric, labels, by, values), values.values(), strict=True)
        )

    def families(self) -> list[Family]:
        """Return one family for each metric that has a sample."""
        return [Family(metric, samples) for metric, samples in self._by_metric.items()]
