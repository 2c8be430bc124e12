import socket
import threading
import time

import pytest

from kafka_producer_exporter.net.dns import Resolver
from kafka_producer_exporter.net.errors import Reason, TransportError


def within(seconds: float) -> float:
    return time.monotonic() + seconds


def test_a_silent_name_server_is_reported_by_the_deadline_and_holds_one_thread():
    lookups, answer = [], threading.Event()

    def look_up(host, *_):
        lookups.append(host)
        answer.wait(30)
        return [(socket.AF_INET, 0, 0, "", ("192.0.2.1", 0)), (socket.AF_INET6, 0, 0, "", ("2001:db8::1", 0, 0, 0))]

    resolver, reasons = Resolver("producer.test", host_key="jmx.host", look_up=look_up), []
    for _ in range(3):
        with pytest.raises(TransportError) as error:
            resolver.addresses(deadline=within(0.05))
        reasons.append(error.value.reason)
    answer.set()

    addresses = resolver.addresses(deadline=within(5))

    assert reasons == [Reason.DNS] * 3
    assert lookups == ["producer.test"]
    assert addresses == [(socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")]


@pytest.mark.parametrize(("host", "family"), [("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6)])
def test_an_ip_address_needs_no_lookup(host, family):
    def look_up(*_):
        pytest.fail("looked up")

    resolver = Resolver(host, host_key="jmx.host", look_up=look_up)

    assert resolver.addresses(deadline=within(5)) == [(family, host)]


def test_a_host_without_an_address_is_reported_with_the_key_to_check():
    def look_up(*_):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    resolver = Resolver("producer.test", host_key="jmx.host", look_up=look_up)

    with pytest.raises(
        TransportError, match=r"^'producer\.test' has no address \(Name or service not known\); check jmx"
    ):
        resolver.addresses(deadline=within(5))
