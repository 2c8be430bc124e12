"""A live exporter with a broker view, on real producers of which some are in trouble."""

import contextlib
import json
import time

from lab.broker import Broker, Listener
from lab.hanging import leave_hanging
from lab.process import Port, wait_until
from lab.producer import ProducerJvm
from lab.proxy import Proxy
from tests.integration.serving import Serve

CLIENT = "4.4.0"
TARGETS = ("checkout", "billing", "shipping")
SOON = {"delivery_timeout_ms": 8000, "request_timeout_ms": 3000, "max_block_ms": 2000, "metrics_sample_window_ms": 4000}
HANGING_SECONDS = 7200
"""How old the hanging transaction is."""
OUTAGE_SECONDS = 12


@contextlib.contextmanager
def live(folder):
    """Start everything; yield the address of the pages.

    checkout is healthy, billing does not reach its broker, shipping aborts a transaction now and then and has another
    one open, and the JVM of returns does not run. A hanging transaction stops the consumers of parcels.
    """
    with contextlib.ExitStack() as stack:
        proxy = stack.enter_context(Proxy())
        broker = stack.enter_context(Broker(listeners=[Listener(name="THROUGH_PROXY", proxy=proxy)]))
        for topic in ("orders", "invoices", "parcels"):
            broker.create_topic(topic, partitions=3)
        jvms = {name: stack.enter_context(ProducerJvm(CLIENT)) for name in TARGETS}
        jvms["checkout"].new("checkout", broker.bootstrap, **SOON).loop("orders", per_second=50, size=400)
        way = broker.address("THROUGH_PROXY")
        # Batches outlive the outage, so the buffer stays full.
        patient = {"delivery_timeout_ms": 600_000, "batch_size": 1024, "buffer_memory": 16_384}
        jvms["billing"].new("billing", way, **(SOON | patient)).loop("invoices", per_second=100, size=2000)
        first, second = (_transactional(jvms["shipping"], name, broker) for name in ("shipping-1", "shipping-2"))
        first.transform("orders", "parcels", group="shipping", per_second=5, abort_every=10, revive=True)
        leave_hanging(broker, "parcels", partition=2, producer_id=4711, age_seconds=HANGING_SECONDS)
        no_jvm = Port()
        stack.callback(no_jvm.close)
        ports = {name: jvm.jmx_port for name, jvm in jvms.items()} | {"returns": no_jvm.number}
        config = folder / "exporter.yml"
        config.write_text(json.dumps(_config(ports, broker.bootstrap)))  # JSON is YAML
        serve = stack.enter_context(Serve("--config", str(config), folder=folder))
        serve.page_once("transactions are counted", lambda page: "kafka_transaction_started_total" in page.names())
        second.begin()
        second.send("parcels", partition=1)
        wait_until(
            "the hanging transaction is found",
            lambda: "kafka_transaction_hanging{" in serve.page().text,
            processes=[serve.process],
            timeout_seconds=60,
        )
        proxy.silent = True
        time.sleep(OUTAGE_SECONDS)
        yield f"http://{serve.pages_address}"


def _transactional(jvm, name, broker):
    # The first initTransactions waits until the broker has created its transaction log.
    settings = {"transactional_id": name, "transaction_timeout_ms": 600_000, "max_block_ms": 20_000}
    producer = jvm.new(name, broker.bootstrap, **(SOON | settings))
    producer.init()
    return producer


def _config(ports, bootstrap):
    cluster = {"kafka_cluster": "demo"}
    return {
        "targets": [
            {"name": name, "jmx": {"host": "127.0.0.1", "port": port}, "labels": cluster}
            for name, port in ports.items()
        ],
        "broker": {"bootstrap_servers": [bootstrap], "labels": cluster, "topics": [".*"], "poll_seconds": 2},
    }
