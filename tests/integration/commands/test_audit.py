"""The verb ``audit`` on a live producer that has no broker yet, and where no broker answers."""

import json
import subprocess
import sys


def audit(*words):
    command = [sys.executable, "-m", "kafka_producer_exporter", "audit", *words, "--format", "json", "--lang", "en"]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def test_a_live_producer_shows_its_buffer_its_name_and_its_version(producer_jvm):
    jvm = producer_jvm("3.9.2")
    jvm.new("orders", "127.0.0.1:9", buffer_memory=50_000_000)
    target = f"127.0.0.1:{jvm.jmx_port}"

    ended = audit(target)

    assert ended.returncode == 0, ended.stderr
    reports = {report["subject"]: report for report in json.loads(ended.stdout)}
    assert reports[f"{target}, orders"]["note"] == "Kafka client 3.9.2"
    items = {item["option"]: item for item in reports[f"{target}, orders"]["items"]}
    assert (items["buffer.memory"]["value"], items["buffer.memory"]["basis"]) == ("50000000", "seen")
    assert (items["client.id"]["value"], items["client.id"]["verdict"]) == ("orders", "good")
    assert "Client 3.9.2 has all by default" in items["acks"]["why"]
    assert {"retries", "max.block.ms", "client.dns.lookup"} <= {item["option"] for item in reports[target]["items"]}


def test_an_unreachable_broker_ends_with_3_after_the_report(tmp_path):
    file = tmp_path / "producer.properties"
    file.write_text("acks=all\n")

    ended = audit(str(file), "--bootstrap-server", "127.0.0.1:1")

    assert ended.returncode == 3
    assert json.loads(ended.stdout)[0]["subject"] == str(file)
    assert "127.0.0.1:1" in ended.stderr
