import socket
import threading
import time

import pytest

from lab.proxy import Proxy


@pytest.fixture
def echo():
    """The port of a server that sends back what it receives."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve_one(connection):
        with connection:
            while data := connection.recv(4096):
                connection.sendall(data)

    def serve():
        while True:
            try:
                connection = server.accept()[0]
            except OSError:
                return
            threading.Thread(target=suppressed, args=(serve_one, connection), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


def suppressed(function, *arguments):
    try:
        function(*arguments)
    except OSError:  # a test has cut the connection
        return


@pytest.fixture
def proxy(echo):
    with Proxy(echo) as proxy:
        yield proxy


def connect(proxy):
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def ask(connection, word=b"hello"):
    connection.sendall(word)
    return connection.recv(4096)


def is_cut(connection):
    try:
        return ask(connection) == b""
    except ConnectionError:  # an orderly end or a reset, depending on timing
        return True


def test_a_proxy_forwards_bytes_in_both_directions(proxy):
    with connect(proxy) as connection:
        assert ask(connection) == b"hello"


def test_a_delay_is_added_to_the_round_trip(proxy):
    proxy.delay_seconds = 0.1
    with connect(proxy) as connection:
        started = time.monotonic()

        ask(connection)

        assert time.monotonic() - started >= 0.1


def test_a_silent_proxy_keeps_connections_open_and_delivers_later(proxy):
    with connect(proxy) as connection:
        ask(connection)
        proxy.silent = True
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            ask(connection, b"are you there?")

        proxy.silent = False
        connection.settimeout(5)

        assert connection.recv(4096) == b"are you there?"


def test_a_refusing_proxy_cuts_open_connections_and_refuses_new_ones_until_it_accepts(proxy):
    with connect(proxy) as connection:
        ask(connection)

        proxy.refuse()

        assert is_cut(connection)
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.accept()
    with connect(proxy) as connection:
        assert ask(connection) == b"hello"


def test_a_cut_ends_open_connections_and_new_ones_are_accepted(proxy):
    with connect(proxy) as old:
        ask(old)

        proxy.cut()

        assert is_cut(old)
    with connect(proxy) as new:
        assert ask(new) == b"hello"


def test_what_passes_can_be_altered(proxy):
    proxy.alter = lambda data, from_target: [(0.0, data), (0.0, b"!")] if from_target else [(0.0, data)]
    with connect(proxy) as connection:
        connection.sendall(b"hello")

        with connection.makefile("rb") as received:
            assert received.read(6) == b"hello!"


def test_an_empty_piece_cuts_the_connection(proxy):
    proxy.alter = lambda data, from_target: [(0.0, data[:2]), (0.0, b"")]
    with connect(proxy) as connection:
        assert is_cut(connection)
