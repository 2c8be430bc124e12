import argparse
import io
import json
import os
import subprocess
import sys

import pytest

from kafka_producer_exporter.__main__ import main
from kafka_producer_exporter.commands import audit as verb
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import Reading
from tests.audit.audits import GOOD, OLD, properties
from tests.paths import ROOT

SECRET = "hunter2"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Write files, and go to their folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def write(**texts):
        for name, text in texts.items():
            (tmp_path / name.replace("__", ".")).write_bytes(text if isinstance(text, bytes) else text.encode())

    return write


def test_a_good_file_ends_with_0_and_a_bad_one_with_1(files, capsys):
    files(good__properties=properties(GOOD), bad__properties=properties({**GOOD, "acks": "1"}))

    assert main(["audit", "good.properties"]) == 0
    assert "✓ nothing to change" in capsys.readouterr().out
    assert main(["audit", "good.properties", "bad.properties"]) == 1
    assert "✗ bad.properties:9: acks=1  [certain: set here]" in capsys.readouterr().out


def test_a_finding_says_where_what_why_and_whose_job(files, capsys):
    files(bad__properties=properties({**GOOD, "retries": "0"}))

    main(["audit", "bad.properties", "--format", "json"])

    (report,) = json.loads(capsys.readouterr().out)
    finding = next(item for item in report["items"] if item["guide"].startswith("Options, retries"))
    assert finding == {
        "verdict": "finding",
        "where": "bad.properties:9",
        "option": "retries",
        "written": "retries",
        "value": "0",
        "certainty": "certain",
        "basis": "set",
        "guide": "Options, retries: retries, delivery.timeout.ms, retry.backoff.ms",
        "why": "The first error of a broker loses the records, even the change of a leader, which is routine.",
        "set": {"retries": "2147483647"},
        "do": None,
        "owner": "the application's team",
    }


def test_the_client_version_decides_about_defaults(files, capsys):
    files(a__properties=properties(GOOD), b__properties=properties({**GOOD, **OLD}))

    assert main(["audit", "a.properties", "--client-version", "2.8"]) == 1
    assert "a.properties (Kafka client 2.8)" in capsys.readouterr().out
    assert main(["audit", "b.properties", "--client-version", "2.8.1"]) == 0


@pytest.mark.parametrize("version", ["new", "2.0", "4", "3.9.x"])
def test_an_unusable_client_version_ends_with_2(files, capsys, version):
    files(a__properties=properties(GOOD))

    assert main(["audit", "a.properties", "--client-version", version]) == 2
    assert "--client-version: " in capsys.readouterr().err


def test_korean_is_chosen_by_flag_or_locale(files, capsys, monkeypatch):
    files(a__properties=properties({**GOOD, "acks": "1"}))

    main(["audit", "a.properties", "--lang", "ko"])
    by_flag = capsys.readouterr().out
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    main(["audit", "a.properties"])

    assert "리더만 확인(ack)합니다." in by_flag
    assert capsys.readouterr().out == by_flag


def test_a_terminal_that_is_not_utf_8_gets_ascii(files, tmp_path):
    files(a__properties=properties({**GOOD, "acks": "1", "client.id": "주문"}))
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "ko_KR.UTF-8"}
    words = [sys.executable, "-m", "kafka_producer_exporter", "audit", str(tmp_path / "a.properties")]

    ended = subprocess.run(words, env=environment, cwd=ROOT, capture_output=True, check=False, timeout=60)

    assert ended.returncode == 1
    assert b"a.properties:9: acks=1  [certain: set here]" in ended.stdout
    assert ended.stdout.isascii()
    assert b"cannot show Korean" in ended.stderr


def test_neither_secrets_nor_control_characters_reach_the_terminal(files, capsys):
    evil = "\x1b[31m\u202e"
    files(
        a__properties=properties({**GOOD, "ssl.key.password": SECRET, "client.id": f"x{evil}y", "linger.mss": SECRET}),
        b__yaml=f'acks: "{SECRET}\n',
    )

    assert main(["audit", "a.properties", "b.yaml", f"no{evil}.properties"]) == 2
    printed = capsys.readouterr()

    assert "a.properties:9: ssl.key.password  [" in printed.out
    for text in (printed.out, printed.err):
        assert SECRET not in text
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_files_that_cannot_be_read_are_all_reported_and_the_others_audited(files, capsys, tmp_path):
    files(good__properties=properties(GOOD), empty__yaml="", broken__yaml="a: [", elf__properties=b"\x7fELF\0")
    (tmp_path / "folder.yaml").mkdir()
    unreadable = ["empty.yaml", "broken.yaml", "elf.properties", "folder.yaml", "none.yaml", "/dev/zero"]

    assert main(["audit", "good.properties", *unreadable]) == 2
    printed = capsys.readouterr()

    assert "good.properties" in printed.out
    assert printed.err.startswith("audit: 6 problems\n")
    assert "  broken.yaml:2: not YAML" in printed.err or "  broken.yaml:1: not YAML" in printed.err
    assert "  none.yaml: there is no such file; correct its name" in printed.err


def test_standard_input_is_read(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"KAFKA_ACKS=1\n")))

    assert main(["audit", "-", "--lang", "en"]) == 1
    assert "stdin:1: KAFKA_ACKS=1" in capsys.readouterr().out


def test_too_much_on_standard_input_ends_with_2(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"#" * (verb.MAX_FILE_BYTES + 1))))

    assert main(["audit", "-"]) == 2
    assert "stdin: larger than" in capsys.readouterr().err


def test_without_a_file_or_target_the_usage_is_explained(capsys):
    assert main(["audit"]) == 2
    assert "no target is configured" in capsys.readouterr().err


def test_a_word_that_is_neither_a_file_nor_a_target_ends_with_2(capsys):
    assert main(["audit", "checkout"]) == 2
    assert "checkout: there is no such target" in capsys.readouterr().err


def test_a_target_that_is_not_there_ends_with_3_after_the_files(files, capsys):
    files(good__properties=properties(GOOD))

    assert main(["audit", "good.properties", "127.0.0.1:1"]) == 3
    printed = capsys.readouterr()
    assert "nothing to change" in printed.out
    assert "127.0.0.1:1: nothing listens" in printed.err


class Jvm:
    """A JVM with one producer."""

    lists_all = True

    def __init__(self, client_id="orders\x1b[1m"):
        def name(kind, **keys):
            pairs = ",".join(f"{key}={value}" for key, value in {"client-id": client_id, **keys}.items())
            return f"kafka.producer:type={kind},{pairs}"

        self.readings = [
            Reading(
                ObjectName(name("producer-metrics")),
                ("buffer-total-bytes", "connection-count", "compression-rate-avg", "request-latency-avg"),
                (33554432.0, 1.0, 1.0, float("nan")),
            ),
            Reading(ObjectName(name("app-info")), ("version",), ("3.9.2",)),
        ]
        nodes = [name("producer-node-metrics", **{"node-id": f"node-{node}"}) for node in ("-1", "-2", "0")]
        topics = [name("producer-topic-metrics", topic="orders")]
        self.listed = [*(reading.name.text for reading in self.readings), *nodes, *topics, "no name"]
        self.closed = False

    def read(self, selections, *, deadline):
        return self.readings

    def close(self):
        self.closed = True


def test_a_live_producer_is_audited_and_its_session_ended(parse, capsys):
    jvm = Jvm()

    code = verb.run(parse("checkout:1", "--lang", "en"), transport_for=lambda target: jvm)
    printed = capsys.readouterr().out

    assert (code, jvm.closed) == (1, True)
    assert "checkout:1, orders?[1m (Kafka client 3.9.2)" in printed
    assert "x compression.type=none?  [likely: inferred]" in printed.replace("✗", "x")
    assert "Client 3.9.2 has all by default (KIP-679)." in printed
    assert "It has connected to 2 bootstrap addresses." in printed
    assert "what nobody outside the application can know" in printed


def test_a_producer_that_lost_its_metrics_to_a_duplicate_is_a_finding(parse, capsys):
    jvm = Jvm("careful")
    jvm.listed.append("kafka.producer:type=app-info,client-id=lost")

    assert verb.run(parse("checkout:1", "--lang", "en", "--format", "json"), transport_for=lambda target: jvm) == 1
    reports = {report["subject"]: report["items"] for report in json.loads(capsys.readouterr().out)}
    (item,) = reports["checkout:1, lost"]
    assert (item["verdict"], item["option"], item["certainty"]) == ("finding", "client.id", "likely")


def test_a_jvm_without_a_producer_is_a_finding(parse, capsys):
    jvm = Jvm()
    jvm.readings, jvm.listed = [], []

    assert verb.run(parse("checkout:1"), transport_for=lambda target: jvm) == 1
    assert "check" in capsys.readouterr().out


@pytest.fixture
def parse():
    def parse(*words):
        parser = argparse.ArgumentParser()
        verb.add_arguments(parser)
        return parser.parse_args(words)

    return parse
