import pytest

from kafka_producer_exporter.broker.cluster.snapshots import ServerProbe
from kafka_producer_exporter.broker.sources.bootstrap_servers import BootstrapServers
from kafka_producer_exporter.broker.sources.samples import LabelTexts
from kafka_producer_exporter.broker.sources.source import Session
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Broker, BrokerTls
from tests.broker.served import DOWN, UP, moment, served

ONE, TWO = Address("one", 9093), Address("two", 9093)
PROBES = {
    ONE: ServerProbe(2, 1_900_000_000.0, None),
    TWO: ServerProbe(1, None, TransportError(Reason.REFUSED, "nothing listens there")),
}


def unavailable():
    raise AssertionError("no client is needed to probe a server")


@pytest.fixture
def source():
    broker = Broker(bootstrap_servers=(ONE, TWO))
    source = BootstrapServers(broker, LabelTexts({}), probe=lambda _, server: PROBES[server])
    assert source.poll(Session(unavailable)) == broker.poll_seconds
    return source


def test_a_bootstrap_server_that_cannot_be_used_is_reported_with_its_reason(source):
    found = served(source.families(moment(bootstrap_servers=UP)))

    assert found == {
        'kafka_bootstrap_server_up{server="one:9093"}': 1,
        'kafka_bootstrap_server_up{server="two:9093"}': 0,
        'kafka_bootstrap_server_addresses{server="one:9093"}': 2,
        'kafka_bootstrap_server_addresses{server="two:9093"}': 1,
        'kafka_broker_certificate_expiry_timestamp_seconds{server="one:9093"}': 1_900_000_000,
        'kafka_bootstrap_server_error{reason="refused",server="two:9093"}': 1,
    }


def test_while_the_source_is_down_nothing_is_served(source):
    assert source.families(moment(bootstrap_servers=DOWN)) == []


class Cluster:
    """A session whose client knows the brokers' addresses, and the probes of their TLS listeners."""

    def __init__(self, *advertised):
        self.advertised = list(advertised)
        self.expiries = dict.fromkeys([ONE, TWO, *advertised], 2000.0)
        self.error = None
        self.probed = []

    def client(self):
        if self.error:
            raise self.error
        return self

    def probe(self, _, server):
        self.probed.append(server)
        return ServerProbe(1, self.expiries[server], self.error)


TLS = BrokerTls()
THREE, FOUR = Address("three", 9093), Address("four", 9093)


def expiries(source):
    prefix = 'kafka_broker_certificate_expiry_timestamp_seconds{server="'
    found = served(source.families(moment(bootstrap_servers=UP)))
    return {name.removeprefix(prefix)[:-2]: value for name, value in found.items() if name.startswith(prefix)}


def polled(cluster, times, *, tls=TLS):
    source = BootstrapServers(Broker(bootstrap_servers=(ONE,), tls=tls), LabelTexts({}), probe=cluster.probe)
    for _ in range(times):
        source.poll(cluster)
    return source


def test_the_certificates_of_all_brokers_are_looked_at_one_at_a_poll():
    cluster = Cluster(ONE, THREE, FOUR)

    source = polled(cluster, 4)

    assert cluster.probed == [ONE, THREE, ONE, FOUR, ONE, THREE, ONE, FOUR]
    assert expiries(source) == {"one:9093": 2000, "three:9093": 2000, "four:9093": 2000}


def test_without_tls_no_other_broker_is_probed():
    cluster = Cluster(ONE, THREE)

    polled(cluster, 2, tls=None)

    assert cluster.probed == [ONE, ONE]


def test_the_expiry_of_a_server_stays_while_it_cannot_be_used():
    cluster = Cluster(ONE, THREE)
    source = polled(cluster, 1)

    cluster.error = TransportError(Reason.REFUSED, "nothing listens there")
    cluster.expiries = dict.fromkeys(cluster.expiries)
    source.poll(cluster)

    assert expiries(source) == {"one:9093": 2000, "three:9093": 2000}


def test_the_expiry_of_a_broker_that_has_left_the_cluster_goes_with_it():
    cluster = Cluster(ONE, THREE)
    source = polled(cluster, 1)

    cluster.advertised = [ONE]
    source.poll(cluster)

    assert expiries(source) == {"one:9093": 2000}
