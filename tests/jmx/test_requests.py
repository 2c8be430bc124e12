import http.server
import threading
import time

import pytest

from kafka_producer_exporter.jmx.connection import RmiTransport
from kafka_producer_exporter.jmx.readings import Selection
from kafka_producer_exporter.net.errors import Reason, TransportError

SELECTIONS = (Selection("kafka.producer:*", lambda _, listed: listed),)


class Quiet(http.server.BaseHTTPRequestHandler):
    """Answers 400 to a line that is no request, once it has the whole line."""

    def log_message(self, *_):
        pass


@pytest.fixture
def website():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_that_reads_lines_is_found_not_to_be_jmx_long_before_the_deadline(website):
    transport = RmiTransport("127.0.0.1", website.server_port)

    began = time.monotonic()
    with pytest.raises(TransportError) as caught:
        transport.read(SELECTIONS, deadline=began + 5)
    took_seconds = time.monotonic() - began

    assert caught.value.reason is Reason.NOT_JMX
    assert "does not speak JMX but HTTP; give the port of -Dcom.sun" in str(caught.value)
    assert took_seconds < 2
