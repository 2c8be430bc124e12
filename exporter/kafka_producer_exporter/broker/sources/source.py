"""The contract of a source of the broker view."""

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.log.clock import BrokerClock
from kafka_producer_exporter.broker.sources.state import Statuses
from kafka_producer_exporter.model import Family


def cluster_ms(clock: BrokerClock) -> int:
    """Return the time in milliseconds since 1970, by the brokers' clock or, while that is unknown, by ours."""
    brokers_ms = clock.time_ms(time.monotonic_ns() // 1_000_000)
    return time.time_ns() // 1_000_000 if brokers_ms is None else brokers_ms


class Session:
    """A source's connection to the cluster. Its worker closes it after a failure and every few minutes."""

    def __init__(self, open_client: Callable[[], Client]) -> None:
        self._open_client = open_client
        self._client: Client | None = None

    def client(self) -> Client:
        """Return the client of this session; connect first if there is none. Raise TransportError."""
        if self._client is None:
            self._client = self._open_client()
        return self._client

    def close(self) -> None:
        """Close the client, if there is one. The next call of ``client`` opens a new one."""
        client, self._client = self._client, None
        if client is not None:
            client.close()


class Moment(NamedTuple):
    """One instant for which all sources report what they know, so that their families agree."""

    now_ms: int
    """Milliseconds since the epoch, by the brokers' clock or, while that is unknown, by ours."""
    statuses: Statuses

    def fresh_ms(self, source: str) -> int | None:
        """Return ``now_ms`` if gauges of *source* may be served, else None."""
        return self.now_ms if self.statuses[source].fresh else None


class Source(Protocol):
    """One way to learn something about a cluster. A worker polls it in a thread of its own; scrapes call ``families``.

    An implementation inherits from this class, which gives it the usual ``wanted``.
    """

    name: str
    """The value of the label ``source``."""
    silent_seconds: float
    """The longest time from one poll's end to the next poll's end. A source that exceeds it is down."""

    def poll(self, session: Session) -> float:
        """Ask the brokers once. Return the time until the next poll, in seconds. Raise TransportError."""

    def families(self, moment: Moment) -> list[Family]:
        """Return what is known, within milliseconds. Counters stay while the source is down; gauges do not."""

    def wanted(self, statuses: Statuses) -> bool:  # noqa: ARG002 - most sources depend on no other
        """Return whether to poll this source, and serve it, while the sources have these statuses."""
        return True
