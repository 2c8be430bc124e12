"""The verb ``audit`` on live producers, and on the broker that they write to."""

import json
import subprocess
import sys

from tests.integration.topics import new_topic


def audit(*words):
    command = [sys.executable, "-m", "kafka_producer_exporter", "audit", *words, "--format", "json", "--lang", "en"]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def test_a_live_producer_shows_what_it_can_and_the_broker_the_rest(broker, producer_jvm):
    topic = new_topic(broker)
    jvm = producer_jvm("3.9.2")
    careful = jvm.new("careful", broker.bootstrap, compression_type="gzip", buffer_memory=50_000_000)
    careless = jvm.new("careless", broker.bootstrap, acks="0")
    careful.send(topic, 20, 500, compressible=True)
    careless.send(topic, 20, 500)
    target = f"127.0.0.1:{jvm.jmx_port}"

    ended = audit(target, "--bootstrap-server", broker.bootstrap)

    assert ended.returncode == 1, ended.stderr
    reports = {report["subject"]: report for report in json.loads(ended.stdout)}
    items = {
        client: {item["option"]: item for item in reports[f"{target}, {client}"]["items"]}
        for client in ("careful", "careless")
    }
    assert reports[f"{target}, careful"]["note"] == "Kafka client 3.9.2"
    assert items["careful"]["buffer.memory"]["value"] == "50000000"
    assert items["careful"]["compression.type"]["verdict"] == "good"
    assert items["careful"]["acks"]["verdict"] == "cannot know"
    assert "Client 3.9.2 has all by default" in items["careful"]["acks"]["why"]
    assert items["careless"]["acks"]["verdict"] == items["careless"]["compression.type"]["verdict"] == "finding"
    for seen in items.values():
        assert seen["security.protocol"]["value"] == "PLAINTEXT?"
        assert seen["client.id"]["verdict"] == "good"
        assert all(item["guide"] for item in seen.values())
    brokers = {(item["option"], item["where"]): item for item in reports[broker.bootstrap]["items"]}
    assert brokers["min.insync.replicas", topic]["value"] == "1"
    assert brokers["min.insync.replicas", topic]["verdict"] == "finding"
    assert any(option == "transaction.state.log.replication.factor" for option, _ in brokers)


def test_a_broker_completes_the_audit_of_a_file(broker, tmp_path):
    file = tmp_path / "producer.properties"
    file.write_text("bootstrap.servers=a:1,b:1\nacks=all\n")

    alone, both = audit(str(file)), audit(str(file), "--bootstrap-server", broker.bootstrap)

    assert "Give --bootstrap-server" in alone.stdout
    assert "Give --bootstrap-server" not in both.stdout
    assert json.loads(both.stdout)[-1]["subject"] == broker.bootstrap
