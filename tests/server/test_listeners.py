import contextlib
import logging
import socket

import pytest

from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.server.application import Collected
from kafka_producer_exporter.server.listeners import Server

LOCAL = Address("127.0.0.1", 0)
ELSEWHERE = Address("192.0.2.1", 0)
"""Reserved for documentation, so no machine has it."""


class Program:
    def collect(self, *, deadline):
        return Collected((), list)

    def statuses(self, *, max_age_seconds, deadline):
        return []

    def broker_families(self):
        return None

    def config_error(self):
        return None


def server_on(listen, listen_pages=None, **options):
    return Server(Program(), listen=listen, listen_pages=listen_pages, **options)


@pytest.fixture
def serve():
    """Starts servers that end with the test: ``serve(LOCAL)``."""
    with contextlib.ExitStack() as stack:

        def start(listen, listen_pages=None, **options):
            server = server_on(listen, listen_pages, **options)
            stack.callback(server.close)
            server.start()
            return server

        yield start


@pytest.fixture
def taken():
    """An address that is in use."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield Address("127.0.0.1", sock.getsockname()[1])


def status(host, port, path, *, name="localhost"):
    with socket.create_connection((host, port), timeout=5) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n".encode())
        return int(client.makefile("rb").readline().split()[1])


def test_metrics_and_status_pages_have_a_listener_each(serve):
    server = serve(LOCAL, LOCAL)

    assert status("127.0.0.1", server.port, "/metrics") == 200
    assert status("127.0.0.1", server.pages_port, "/metrics") == 404
    assert status("127.0.0.1", server.pages_port, "/targets.json") == 200
    assert status("127.0.0.1", server.port, "/targets.json") == 404


def test_status_pages_on_loopback_are_not_served_under_a_foreign_name(serve):
    server = serve(LOCAL, LOCAL)

    assert status("127.0.0.1", server.pages_port, "/", name="evil.example") == 403
    assert status("127.0.0.1", server.port, "/metrics", name="evil.example") == 200


def test_status_pages_are_optional(serve):
    assert serve(LOCAL).pages_port is None


@pytest.mark.parametrize("host", ["", "::"])
def test_every_address_means_ipv4_and_ipv6(serve, host):
    server = serve(Address(host, 0))

    assert status("127.0.0.1", server.port, "/-/healthy") == 200
    if socket.has_dualstack_ipv6():
        assert status("::1", server.port, "/-/healthy") == 200


def test_localhost_is_the_ipv4_loopback_address(serve):
    assert status("127.0.0.1", serve(Address("localhost", 0)).port, "/-/healthy") == 200


def test_all_addresses_that_cannot_be_used_are_reported_at_once(taken):
    with pytest.raises(ConfigError) as caught:
        server_on(taken, ELSEWHERE)

    assert str(caught.value) == (
        "listen addresses: 2 problems\n"
        f"  listen: {taken}: the port is in use; stop the program that listens on it, or choose another port\n"
        "  listen_pages: 192.0.2.1:0: this machine does not have this address; use one that it has, "
        "or leave out the host for all"
    )


@pytest.mark.parametrize(
    ("listen", "advice"),
    [
        (ELSEWHERE, "this machine does not have this address"),
        (Address("no..host", 0), "this host name does not resolve"),
    ],
)
def test_an_address_of_another_machine_is_refused_with_advice(listen, advice):
    with pytest.raises(ConfigError, match=advice):
        server_on(listen)


def test_a_failed_start_keeps_no_port(taken):
    with socket.create_server(("127.0.0.1", 0)) as sock:
        free = sock.getsockname()[1]

    with pytest.raises(ConfigError):
        server_on(Address("127.0.0.1", free), taken)

    socket.create_server(("127.0.0.1", free)).close()


def test_a_second_exporter_on_a_machine_starts_without_status_pages(serve, taken, caplog):
    caplog.set_level(logging.WARNING)

    server = serve(LOCAL, taken, default_pages=taken)

    assert server.pages_port is None
    assert status("127.0.0.1", server.port, "/-/healthy") == 200
    assert caplog.messages == [f"no status pages: {taken} is in use; choose another address with --listen-pages"]
