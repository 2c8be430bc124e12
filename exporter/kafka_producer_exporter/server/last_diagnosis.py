"""What ``/diagnose`` found last, for the status page, which does not diagnose by itself."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from kafka_producer_exporter.languages import Text

KEPT_SECONDS = 900.0
"""Older findings say nothing about now."""


class Found(NamedTuple):
    """The titles of the findings of one target, and how old they are. No title means that nothing was found."""

    titles: Sequence[Text]
    age_seconds: float


class LastDiagnosis:
    """Thread-safe: what was found is replaced as a whole."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: tuple[float, Mapping[str, Sequence[Text]]] = (0.0, {})

    def keep(self, titles: Mapping[str, Sequence[Text]]) -> None:
        """Replace what is kept: the titles of the findings, by target, the most likely cause first."""
        self._kept = (self._clock(), titles)

    def of(self, target: str) -> Found | None:
        """Return what was found; None if the target was not diagnosed in the last ``KEPT_SECONDS``."""
        kept_at, titles = self._kept
        age_seconds = self._clock() - kept_at
        if target not in titles or age_seconds > KEPT_SECONDS:
            return None
        return Found(titles[target], age_seconds)
