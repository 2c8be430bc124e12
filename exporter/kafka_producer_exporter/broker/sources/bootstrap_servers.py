"""The source ``bootstrap_servers``: probes every configured bootstrap server, so it works while the others are down."""

from collections.abc import Callable, Mapping

from kafka_producer_exporter.broker.client.connection import probe_server
from kafka_producer_exporter.broker.cluster.snapshots import ServerProbe
from kafka_producer_exporter.broker.sources.samples import LabelTexts, Samples
from kafka_producer_exporter.broker.sources.source import Moment, Session, Source
from kafka_producer_exporter.catalogue import broker as catalogue
from kafka_producer_exporter.model import Family
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Broker


class BootstrapServers(Source):
    """Reports whether each bootstrap server can be used, and when its certificate expires."""

    name = "bootstrap_servers"

    def __init__(
        self, broker: Broker, texts: LabelTexts, *, probe: Callable[[Broker, Address], ServerProbe] = probe_server
    ) -> None:
        servers = len(broker.bootstrap_servers)
        self.silent_seconds = (servers + 1) * broker.request_timeout_seconds + broker.poll_seconds
        self._broker = broker
        self._texts = texts
        self._probe = probe
        self._probes: Mapping[Address, ServerProbe] = {}

    def poll(self, session: Session) -> float:  # noqa: ARG002 - a session would need a server that can be used
        """Probe the servers one after the other."""
        self._probes = {server: self._probe(self._broker, server) for server in self._broker.bootstrap_servers}
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
            if probe.certificate_expiry is not None:
                samples.add(catalogue.SERVER_EXPIRY, probe.certificate_expiry, server=server)
            if probe.error:
                samples.add(catalogue.SERVER_ERROR, 1, server=server, reason=probe.error.reason)
        return samples.families()
