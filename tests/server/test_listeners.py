import contextlib
import logging
import socket

import pytest

from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.server import listeners
from kafka_producer_exporter.server.listeners import Server


class Program:
    def collect(self, *, deadline):
        return []

    def statuses(self, *, max_age_seconds, deadline):
        return []

    def config_error(self):
        return None


@pytest.fixture
def serve():
    with contextlib.ExitStack() as stack:

        def start(listen, listen_pages=None):
            pages = None if listen_pages is None else Address.parse(listen_pages)
            server = Server(Address.parse(listen), pages, Program())
            stack.callback(server.close)
            server.start()
            return server

        yield start


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield Address("127.0.0.1", sock.getsockname()[1])


def status(host, port, path, *, name="localhost"):
    with socket.create_connection((host, port), timeout=5) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n".encode())
        return int(client.makefile("rb").readline().split()[1])


def test_metrics_and_pages_are_on_listeners_of_their_own(serve):
    server = serve("127.0.0.1:0", "127.0.0.1:0")

    assert status("127.0.0.1", server.port, "/metrics") == 200
    assert status("127.0.0.1", server.pages_port, "/metrics") == 404
    assert status("127.0.0.1", server.pages_port, "/targets.json") == 200
    assert status("127.0.0.1", server.port, "/targets.json") == 404


def test_pages_for_this_machine_alone_answer_no_foreign_name(serve):
    server = serve("127.0.0.1:0", "127.0.0.1:0")

    assert status("127.0.0.1", server.pages_port, "/", name="evil.example") == 403
    assert status("127.0.0.1", server.port, "/metrics", name="evil.example") == 200


def test_pages_can_be_left_out(serve):
    assert serve("127.0.0.1:0").pages_port is None


@pytest.mark.parametrize("listen", [":0", "[::]:0"])
def test_every_address_takes_in_both_generations(serve, listen):
    server = serve(listen)

    assert status("127.0.0.1", server.port, "/-/healthy") == 200
    if socket.has_dualstack_ipv6():
        assert status("::1", server.port, "/-/healthy") == 200


def test_localhost_is_where_others_look_for_it(serve):
    assert status("127.0.0.1", serve("localhost:0").port, "/-/healthy") == 200


def test_all_addresses_that_cannot_be_had_are_named_at_once(taken):
    with pytest.raises(ConfigError) as caught:
        Server(taken, Address("192.0.2.1", 0), Program())

    assert str(caught.value) == (
        "listen addresses: 2 problems\n"
        f"  listen: {taken}: the port is in use; stop the program that listens there, or choose another port\n"
        "  listen_pages: 192.0.2.1:0: this machine has no such address; use one of its own, or 0.0.0.0 for all"
    )


@pytest.mark.parametrize(
    ("listen", "advice"),
    [
        ("192.0.2.1:0", "this machine has no such address"),
        ("no..host:0", "the host name has no address here"),
    ],
)
def test_an_address_of_another_machine_is_refused_with_advice(listen, advice):
    with pytest.raises(ConfigError, match=advice):
        Server(Address.parse(listen), None, Program())


def test_a_failed_start_keeps_no_port(taken):
    with socket.create_server(("127.0.0.1", 0)) as sock:
        free = sock.getsockname()[1]

    with pytest.raises(ConfigError):
        Server(Address("127.0.0.1", free), taken, Program())

    socket.create_server(("127.0.0.1", free)).close()


def test_a_second_exporter_on_a_machine_goes_without_pages(serve, taken, monkeypatch, caplog):
    monkeypatch.setattr(listeners, "DEFAULT_LISTEN_PAGES", taken)
    caplog.set_level(logging.WARNING)

    server = serve("127.0.0.1:0", str(taken))

    assert server.pages_port is None
    assert status("127.0.0.1", server.port, "/-/healthy") == 200
    assert caplog.messages == [f"the pages for people are left out: {taken} is in use; choose one with --listen-pages"]
