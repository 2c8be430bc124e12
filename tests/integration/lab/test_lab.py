import os
import signal
import sys

import pytest

from lab.broker import Broker, Listener, Security
from lab.certificates import make_certificates
from lab.jmxquery import read_mbeans
from lab.process import LabError, Process, wait_until
from lab.producer import ProducerError, write_password_file
from lab.prometheus import job
from lab.proxy import Proxy
from tests.integration.lab.marked import new_mark, processes_with
from tests.integration.topics import new_topic
from tests.paths import ROOT


@pytest.mark.parametrize("version", ["2.8.2", "3.9.2", "4.4.0"])
def test_a_producer_of_any_generation_commits_and_has_mbeans(broker, producer_jvm, version):
    orders = new_topic(broker, partitions=3)
    producer = producer_jvm(version).new("orders", broker.bootstrap, transactional_id=f"orders-{version}")

    producer.init()
    producer.begin()
    stats = producer.send(orders, count=5)
    producer.send_offsets(f"group-{version}", orders, offset=0)
    producer.commit()

    mbeans = read_mbeans(producer.jvm.jmx_port)
    assert stats == {"ok": 5}
    assert mbeans["kafka.producer:type=producer-metrics,client-id=orders"]["record-send-total"] == 5
    assert mbeans["kafka.producer:type=app-info,client-id=orders"]["version"] == version


@pytest.mark.parametrize(("version", "offsets"), [("2.8.2", "group"), ("3.9.2", "metadata"), ("4.4.0", "metadata")])
def test_the_guides_loop_consumes_forwards_and_commits(broker, producer_jvm, version, offsets):
    source, sink = new_topic(broker), new_topic(broker)
    jvm = producer_jvm(version)
    jvm.new("feed", broker.bootstrap).send(source, count=20)
    loop = jvm.new("loop", broker.bootstrap, transactional_id=f"loop-{version}-{offsets}")

    loop.init()
    loop.transform(
        source, sink, group=f"loop-{version}", per_second=50, abort_every=2, offsets=offsets, max_poll_records=5
    )
    wait_until("four transactions are committed", lambda: loop.stats().get("committed", 0) >= 4, timeout_seconds=20)
    stats = loop.stop_loop()

    assert stats["committed"] == 4  # what an aborted transaction had read is read again
    assert stats["aborted"] >= 3
    assert "thrown" not in str(stats)


def test_an_error_of_the_client_is_reported_with_the_jvms_own_text(broker, producer_jvm):
    producer = producer_jvm().new("early", broker.bootstrap, transactional_id="early")

    with pytest.raises(ProducerError, match="Invalid transition attempted from state UNINITIALIZED"):
        producer.begin()


def test_a_jvm_that_ends_fails_the_commands_that_wait_for_it(broker, producer_jvm):
    producer = producer_jvm().new("gone", broker.bootstrap)
    waiting = producer.post("partitions", {"topic": "no-such-topic"})

    producer.jvm.kill()

    with pytest.raises(LabError, match=r"producer JVM 4\.4\.0 ended"):
        waiting.result(10)


def test_a_proxy_disturbs_only_the_producer_behind_it(lab, producer_jvm):
    with Proxy() as proxy, Broker(listeners=[Listener(name="VIA", proxy=proxy)]) as broker:
        orders = new_topic(broker)
        jvm = producer_jvm()
        direct = jvm.new("direct", broker.bootstrap)
        via = jvm.new(
            "via", broker.address("VIA"), delivery_timeout_ms=2000, request_timeout_ms=1000, max_block_ms=2000
        )
        via.send(orders)

        proxy.refuse()
        refused = via.send(orders)
        proxy.accept()
        healed = via.send(orders)

        assert refused == {"TimeoutException": 1, "ok": 1}
        assert healed["ok"] == 2
        assert direct.send(orders) == {"ok": 1}


def test_a_secured_broker_accepts_the_right_password_and_rejects_a_wrong_one(lab, producer_jvm, tmp_path):
    certificates = make_certificates(tmp_path / "certificates")
    security = Security(certificates=certificates, users={"alice": "secret"}, super_users=["alice"])
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    options = {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-256",
        "ssl_truststore_location": certificates.trust_store,
        "ssl_truststore_password": "changeit",
        "max_block_ms": 3000,
    }
    with Broker(security=security) as broker:
        orders = new_topic(broker)
        jvm = producer_jvm()
        right, wrong = (
            jvm.new(
                name,
                broker.address("SASL_SSL"),
                **options,
                sasl_jaas_config=f'{module} required username="alice" password="{password}";',
            )
            for name, password in (("right", "secret"), ("wrong", "guess"))
        )

        assert right.send(orders) == {"ok": 1}
        assert wrong.send(orders) == {"SaslAuthenticationException": 1}


def test_a_jvm_with_a_jmx_password_rejects_a_client_without_one(lab, producer_jvm, tmp_path):
    jvm = producer_jvm(password_file=write_password_file(tmp_path, {"monitor": "secret"}))

    with pytest.raises(LabError):
        read_mbeans(jvm.jmx_port, "java.lang:type=Runtime")
    assert read_mbeans(jvm.jmx_port, "java.lang:type=Runtime", user="monitor", password="secret")


def test_a_killed_broker_comes_back_with_its_data(lab, producer_jvm):
    with Broker(transaction_version=1) as broker:
        orders = new_topic(broker)
        producer = producer_jvm().new("orders", broker.bootstrap)
        producer.send(orders)

        broker.kill()
        broker.start()

        assert producer.send(orders) == {"ok": 2}
        with broker.admin() as admin:
            assert admin.describe_features()["transaction.version"]["finalized"] == (1, 1)


def test_a_cluster_of_three_survives_the_loss_of_one_node(cluster, producer_jvm):
    orders = new_topic(cluster, replication=3, min_insync_replicas=2)
    producer = producer_jvm().new("orders", cluster.bootstrap)

    cluster.nodes[3].kill()
    try:
        survived = producer.send(orders, count=3)
    finally:
        cluster.nodes[3].start()

    assert survived == {"ok": 3}


@pytest.mark.parametrize("generation", [2, 3])
def test_a_real_prometheus_scrapes_and_answers(prometheus, generation):
    server = prometheus([job("nobody", "127.0.0.1:1")], generation=generation)

    server.wait_for('up{job="nobody"} == 0')

    assert server.value("prometheus_build_info") is None
    assert "refused" in server.targets()[0]["lastError"]
    with pytest.raises(LabError, match="parse error"):
        server.query("up{")


LONG_RUN = """
import time
from lab.broker import Broker
from lab.process import exit_on_sigterm
from lab.producer import ProducerJvm
exit_on_sigterm()
with Broker() as broker, ProducerJvm() as jvm:
    jvm.new("orders", broker.bootstrap)
    print("up", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("moment", ["starting", "running"])
def test_an_interrupted_lab_leaves_nothing_behind(lab, tmp_path, tmp_path_factory, number, moment):
    mark = new_mark()
    log_file = tmp_path_factory.mktemp("log") / "lab.log"
    environment = {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT), **mark}
    with Process("lab", [sys.executable, "-c", LONG_RUN], log_file=log_file, env=environment) as process:
        if moment == "running":
            wait_until("everything is up", lambda: process.log_tail() == "up", processes=[process], timeout_seconds=80)
        else:
            wait_until("a first child starts", lambda: len(processes_with(mark)) >= 2, processes=[process])

        os.kill(process.pid, number)
        wait_until("the lab has ended", lambda: process.exit_code is not None, timeout_seconds=30)

    wait_until("every process has ended", lambda: not processes_with(mark), timeout_seconds=5)
    assert number == signal.SIGKILL or list(tmp_path.iterdir()) == []
