"""A client whose brokers reply from memory."""

from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.net.errors import TransportError


class FakeClient:
    """Passes each request to ``reply(node, request)``, which returns a response or raises TransportError."""

    timeout_ms = 1234
    call_all = Client.call_all
    call_one = Client.call_one

    def __init__(self, reply, *, topics=()):
        self.requests = []
        self._reply = reply
        self._topics = list(topics)

    def call(self, requests, *, patience_seconds=0.0):
        return {node: self._response(node, request) for node, request in requests.items()}

    def metadata(self, topics):
        return self._topics

    def _response(self, node, request):
        self.requests.append((node, request))
        try:
            return self._reply(node, request)
        except TransportError as error:
            return error
