"""The source ``bootstrap_servers``: probes every configured bootstrap server, so it works while the others are down.

It also learns when certificates expire, those of the other brokers included.
"""

from collections.abc import Callable, Mapping

from kafka_producer_exporter.broker.client.connection import probe_server
from kafka_producer_exporter.broker.cluster.snapshots import ServerProbe
from kafka_producer_exporter.broker.sources.samples import LabelTexts, Samples
from kafka_producer_exporter.broker.sources.source import Moment, Session, Source
from kafka_producer_exporter.catalogue import broker as catalogue
from kafka_producer_exporter.model import Family
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import TransportError
from kafka_producer_exporter.settings import Broker


class BootstrapServers(Source):
    """Reports whether each bootstrap server can be used, and when the certificates of all brokers expire."""

    name = "bootstrap_servers"

    def __init__(
        self, broker: Broker, texts: LabelTexts, *, probe: Callable[[Broker, Address], ServerProbe] = probe_server
    ) -> None:
        # Besides the probes of the servers: connecting, and the probe of another broker.
        servers = len(broker.bootstrap_servers)
        self.silent_seconds = (servers + 4) * broker.request_timeout_seconds + broker.poll_seconds
        self._broker = broker
        self._texts = texts
        self._probe = probe
        self._probes: Mapping[Address, ServerProbe] = {}
        self._others: list[Address] = []
        """Brokers that are no bootstrap servers; the one to probe next is the first."""
        self._expiries: dict[Address, float] = {}
        """What was last learned of each server's certificate."""

    def poll(self, session: Session) -> float:
        """Probe the servers one after the other and, if they use TLS, one of the other brokers."""
        servers = self._broker.bootstrap_servers
        self._probes = {server: self._probe(self._broker, server) for server in servers}
        probed = dict(self._probes)
        if self._broker.tls is not None:
            self._look_up_others(session)
            for other in self._others[:1]:
                probed[other] = self._probe(self._broker, other)
        known = {*servers, *self._others}
        learned = {server: one.certificate_expiry for server, one in probed.items()}
        self._expiries = {server: expiry for server, expiry in self._expiries.items() if server in known} | {
            server: expiry for server, expiry in learned.items() if expiry is not None
        }
        return self._broker.poll_seconds

    def families(self, moment: Moment) -> list[Family]:
        """Return what the last probes showed."""
        samples = Samples(self._texts)
        if moment.fresh_ms(self.name) is None:
            return []
        for address, probe in self._probes.items():
            server = str(address)
            samples.add(catalogue.SERVER_UP, float(probe.error is None), server=server)
            samples.add(catalogue.SERVER_ADDRESSES, probe.addresses, server=server)
            if probe.error:
                samples.add(catalogue.SERVER_ERROR, 1, server=server, reason=probe.error.reason)
        for address, expiry in self._expiries.items():
            samples.add(catalogue.CERTIFICATE_EXPIRY, expiry, server=str(address))
        return samples.families()

    def _look_up_others(self, session: Session) -> None:
        """Learn the brokers' addresses, and move the one that was probed last to the end of the line.

        While no server can be used the brokers stay as they were; the probes say why.
        """
        try:
            advertised = session.client().advertised
        except TransportError:
            return
        others = [address for address in advertised if address not in self._broker.bootstrap_servers]
        line = [*self._others[1:], *self._others[:1]]
        self._others = [one for one in line if one in others] + [one for one in others if one not in line]
