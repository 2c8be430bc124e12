import pytest

from kafka_producer_exporter.broker.cluster.snapshots import ServerProbe
from kafka_producer_exporter.broker.sources.bootstrap_servers import BootstrapServers
from kafka_producer_exporter.broker.sources.samples import LabelTexts
from kafka_producer_exporter.broker.sources.source import Session
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Broker
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
        'kafka_bootstrap_server_certificate_expiry_timestamp_seconds{server="one:9093"}': 1_900_000_000,
        'kafka_bootstrap_server_error{reason="refused",server="two:9093"}': 1,
    }


def test_while_the_source_is_down_nothing_is_served(source):
    assert source.families(moment(bootstrap_servers=DOWN)) == []
