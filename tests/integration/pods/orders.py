"""A pod with the application ``orders``, which sends to a real broker, and what can be seen of it from outside."""

import contextlib
import http.client
import re
from pathlib import Path

import kafka

from lab.broker import Broker, Listener
from lab.orders import TOPIC
from lab.pods import RunningPod
from lab.process import wait_until
from lab.proxy import Proxy
from lab.wire import Wire
from tests.integration.serving import Page

APPLICATION = "orders"
USER = 10001
BROKER_IN_POD = ("127.0.0.1", 9092)
"""Where the application finds the broker."""
PODS = "PODS"
SETTINGS = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092"}
METRICS_PORT, PAGES_PORT, JMX_PORT = 9797, 9798, 9999
UNTIL_SCRAPED_SECONDS = 40
"""Two JVMs and a broker start at once on a small machine."""


@contextlib.contextmanager
def broker_for_pods():
    """Start a broker with the topic of the application, and a listener for pods."""
    with Broker(listeners=[Listener(name=PODS, advertises="{}:{}".format(*BROKER_IN_POD))]) as broker:
        broker.create_topic(TOPIC)
        yield broker


class Orders:
    """The pod, its network, and the way to the broker.

    ``with Orders(podman, broker, pod, secrets={"jmx": {"password": "…"}}) as orders: orders.page_once(is_up)``
    """

    def __init__(self, podman, broker, manifest, *, secrets):
        self._podman = podman
        self._broker = broker
        self._manifest = manifest
        self._secrets = secrets
        self._resources = contextlib.ExitStack()

    def __enter__(self):
        with self._resources:
            self.wire = self._resources.enter_context(Wire())
            port = int(self._broker.address(PODS).rpartition(":")[2])
            self._resources.enter_context(Proxy(port, listen=lambda _: self.wire.listen(BROKER_IN_POD[1])))
            variables = {APPLICATION: SETTINGS}
            self.pod = self._resources.enter_context(
                RunningPod(
                    self._podman,
                    self._manifest,
                    network=self.wire.network,
                    secrets=self._secrets,
                    variables=variables,
                )
            )
            self._resources = self._resources.pop_all()
        return self

    def __exit__(self, *_):
        self._resources.close()

    @property
    def application(self):
        """The container of the application."""
        return self.pod.containers[APPLICATION]

    def page(self, port=METRICS_PORT):
        """Return the metrics page as Prometheus gets it, from outside of the pod."""
        connection = http.client.HTTPConnection("pod", port, timeout=30)
        connection.sock = self.wire.connect(port)
        with contextlib.closing(connection):
            connection.request("GET", "/metrics")
            return Page(connection.getresponse().read().decode())

    def page_once(self, what, holds):
        """Return the first page of which *holds* is true."""
        pages = []

        def is_there():
            with contextlib.suppress(OSError):
                pages.append(self.page())
            return bool(pages) and holds(pages[-1])

        wait_until(what, is_there, timeout_seconds=UNTIL_SCRAPED_SECONDS)
        return pages[-1]

    def require_sending(self):
        """Return once the broker has got further records; fail if the application has ended."""
        before = records(self._broker)
        wait_until(
            "the application sends on",
            lambda: not self.application.is_running or records(self._broker) > before + 5,
            timeout_seconds=UNTIL_SCRAPED_SECONDS,
        )
        assert self.application.is_running, self.application.log()


def records(broker):
    """Return how many records the topic has."""
    partition = kafka.TopicPartition(TOPIC, 0)
    with contextlib.closing(kafka.KafkaConsumer(bootstrap_servers=broker.bootstrap)) as consumer:
        return consumer.end_offsets([partition])[partition]


def is_up(page):
    """Return whether the page shows that the JVM was read and has sent."""
    sent = page.value("kafka_producer_topic_record_send_total", topic=TOPIC, client_id=APPLICATION)
    return page.value("kafka_producer_up") == 1 and bool(sent)


def is_down(page):
    """Return whether the page shows that the JVM was not read."""
    return page.value("kafka_producer_up") == 0


def user_of(container):
    """Return the user id of a container's first process."""
    return int(re.search(r"^Uid:\t(\d+)", Path(f"/proc/{container.pid}/status").read_text(), re.MULTILINE)[1])
