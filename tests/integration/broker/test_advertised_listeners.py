"""Brokers that advertise an address that cannot be reached from here, as after a mistake in advertised.listeners."""

import pytest
from kafka.protocol.admin import ListTransactionsRequest

from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Broker as BrokerSettings
from lab.broker import Broker, Listener
from lab.process import Port


@pytest.fixture(scope="module")
def nobody():
    """Return a port of this machine where nothing listens."""
    port = Port()
    yield port.number
    port.close()


@pytest.fixture(scope="module")
def broker(lab, nobody):
    elsewhere = {"NAMELESS": "kafka-1.invalid:9092", "NOWHERE": f"127.0.0.1:{nobody}"}
    with Broker(listeners=[Listener(name=name, advertises=address) for name, address in elsewhere.items()]) as broker:
        yield broker


def error_of(broker, listener):
    settings = BrokerSettings(bootstrap_servers=(Address.parse(broker.address(listener)),), request_timeout_seconds=2)
    with Client(settings) as client, pytest.raises(TransportError) as caught:
        client.call_one(ListTransactionsRequest(), node=1)
    return caught.value


def test_an_advertised_name_without_an_address_is_reported_with_broker_and_address(broker):
    error = error_of(broker, "NAMELESS")

    assert error.reason is Reason.DNS
    assert "broker 1, which advertises kafka-1.invalid:9092, cannot be used" in str(error)
    assert "has no address" in str(error)
    assert "check the broker's advertised.listeners" in str(error)


def test_an_advertised_address_where_nothing_listens_is_reported_with_broker_and_address(broker, nobody):
    error = error_of(broker, "NOWHERE")

    assert error.reason is Reason.REFUSED
    assert f"broker 1, which advertises 127.0.0.1:{nobody}, cannot be used: nothing listens on" in str(error)
    assert "correct the broker's advertised.listeners" in str(error)


def test_an_address_advertised_as_the_message_says_can_be_reached(broker):
    with Client(BrokerSettings(bootstrap_servers=(Address.parse(broker.bootstrap),))) as client:
        assert client.call_one(ListTransactionsRequest(), node=1).error_code == 0
