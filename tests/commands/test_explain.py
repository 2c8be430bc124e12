import io
import json
import subprocess
import sys

import pytest

from kafka_producer_exporter.__main__ import main
from kafka_producer_exporter.commands import explain
from kafka_producer_exporter.commands.explain import MAX_LINE

LOST = b"ERROR org.apache.kafka.common.errors.RecordTooLargeException: The request included a larger message\n"


@pytest.fixture(autouse=True)
def no_locale(monkeypatch):
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def verb():
    return explain


@pytest.fixture
def explained(monkeypatch, capsys):
    """Return a function that runs ``explain -`` on a log, and returns the exit code and what is printed."""

    def explained(log, *words):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(log)))
        return main(["explain", "-", *words]), capsys.readouterr().out

    return explained


def test_a_code_is_explained_with_its_next_step_alert_and_runbook(printed):
    assert (
        printed("19")
        == """\
NOT_ENOUGH_REPLICAS (19), org.apache.kafka.common.errors.NotEnoughReplicasException
  retriable: yes
  meaning: Fewer replicas are in sync than min.insync.replicas of the topic, so the broker takes
    nothing with acks=all. Nothing was written.
  next step: Bring the missing broker back. Do not lower acks. min.insync.replicas must be below the
    replication factor, or one dead broker stops the topic.
  retries: The client retries by itself, every retry.backoff.ms, until delivery.timeout.ms is over.
    While it does, there is nothing to change. If the application got this error, that time was too
    short for the fault: repair the fault, or raise delivery.timeout.ms, and leave retries at its
    default.
  alerts: KafkaTopicUnderMinIsr, KafkaProducerHighRetryRatio, KafkaProducerErrorBudgetBurn
  runbook: kafka-producer-exporter runbook KafkaTopicUnderMinIsr
"""
    )


@pytest.mark.parametrize(
    ("word", "lines"),
    [
        ("MESSAGE_TOO_LARGE", ["  retriable: no"]),
        ("TimeoutException", ["REQUEST_TIMED_OUT (7)", "TimeoutException (metadata), org"]),
        ("MEMBER_ID_REQUIRED", ["  alerts: none, this code does not reach producers"]),
        ("TELEMETRY_TOO_LARGE", ["  alerts: none\n"]),
        ("NONE", ["NONE (0)\n  meaning: No error."]),
    ],
)
def test_each_kind_of_entry_is_explained(word, lines, printed):
    text = printed(word)

    for line in lines:
        assert line in text


def test_korean_is_asked_for_by_flag_or_locale(printed, monkeypatch):
    by_flag = printed("PRODUCER_FENCED", "--lang", "ko")
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    by_locale = printed("PRODUCER_FENCED")

    assert by_flag == by_locale
    assert "  재시도 가능(retriable): 아니요\n" in by_flag
    assert "runbook KafkaTransactionFenced --lang ko\n" in by_flag
    assert "retriable: no" in printed("PRODUCER_FENCED", "--lang", "en")


def test_json_has_the_same_facts(printed):
    (entry,) = json.loads(printed("90", "--format", "json"))

    assert (entry["name"], entry["code"], entry["retriable"], entry["kind"]) == (
        "PRODUCER_FENCED",
        90,
        False,
        "recoverable",
    )
    assert entry["exception"] == "org.apache.kafka.common.errors.ProducerFencedException"
    assert entry["alerts"] == entry["runbooks"] == ["KafkaTransactionFenced", "KafkaProducerSessionResets"]


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("PRODUCER_FENCD", "did you mean PRODUCER_FENCED"),
        ("999", "there is no such code or exception; the codes are -1 to 136"),
        ("", "there is no such code or exception; the codes are -1 to 136"),
        ("\x1b[31mred", "?[31mred: there is no such code or exception"),
    ],
)
def test_an_unknown_code_ends_with_2_and_the_nearest_known_one(word, advice, capsys):
    assert main(["explain", word]) == 2
    assert advice in capsys.readouterr().err


def test_a_log_is_counted_and_explained(explained):
    log = b"""\
10:00 INFO [Producer clientId=orders, transactionalId=tx] ProducerId set to 4000 with epoch 0
10:01 WARN [Producer clientId=orders] Got error produce response on topic-partition t-0. Error: NOT_ENOUGH_REPLICAS
10:02 WARN [Producer clientId=orders] Got error produce response on topic-partition t-0. Error: NOT_ENOUGH_REPLICAS
10:03 ERROR org.apache.kafka.common.errors.FutureException: new
10:04 ERROR [Consumer clientId=in, groupId=g] Error: REBALANCE_IN_PROGRESS
"""

    code, text = explained(log)

    assert code == 1
    assert text.startswith("""\
5 lines read

Log entries by client.id and error; an entry with its stack trace counts once:
  client.id      error                                           retriable  entries
  orders         NOT_ENOUGH_REPLICAS (19)                        yes        2
  (not stated)   org.apache.kafka.common.errors.FutureException  ?          1
  in (consumer)  REBALANCE_IN_PROGRESS (27)                      no         1

Producer ids that the brokers gave, the last 5 of each client:
  client.id  transactional.id  producer ids  producer id/epoch
  orders     tx                1             4000/0
""")
    assert "\norg.apache.kafka.common.errors.FutureException\n  meaning: This exception is not in the table" in text
    assert "  first seen: 10:03 ERROR org.apache.kafka.common.errors.FutureException: new\n" in text
    assert "\nNOT_ENOUGH_REPLICAS (19), org.apache.kafka.common.errors.NotEnoughReplicasException\n" in text


def test_a_log_is_answered_in_korean(explained):
    code, text = explained(LOST, "--lang", "ko")

    assert code == 1
    assert text.startswith("1줄을 읽었습니다\n\nclient.id와 오류별 로그 항목 수입니다.")
    assert "  첫 항목: ERROR org.apache.kafka" in text


def test_a_log_without_errors_ends_with_0(explained):
    assert explained(b"INFO all is well\n") == (0, "1 lines read; no Kafka error found\n")
    assert explained(b"") == (0, "0 lines read; no Kafka error found\n")


def test_the_findings_of_a_log_are_json_for_programs(explained):
    code, text = explained(b"INFO [Producer clientId=a] ProducerId set to 7 with epoch 1\n" + LOST, "--format", "json")
    found = json.loads(text)

    assert code == 1
    assert found["errors"] == [
        {
            "client_kind": None,
            "client_id": None,
            "name": "MESSAGE_TOO_LARGE",
            "code": 10,
            "retriable": False,
            "count": 1,
            "first": LOST.decode().strip(),
        }
    ]
    assert found["producer_ids"] == [
        {"client_id": "a", "transactional_id": None, "count": 1, "last": [{"producer_id": 7, "epoch": 1}]}
    ]
    assert [entry["name"] for entry in found["explanations"]] == ["MESSAGE_TOO_LARGE"]


def test_nothing_from_a_log_reaches_the_terminal_as_a_control_character(explained):
    evil = "\x1b]0;title\x07\u202e\x9b\r"
    log = (
        f"[Producer clientId=a{evil}, transactionalId=t{evil}] ProducerId set to 1 with epoch 0 {evil}\n"
        f"[Producer clientId=a{evil}] Error: NOT_COORDINATOR {evil}\n"
        f"[Producer clientId=a] org.apache.kafka.errors.New{evil}Exception org.apache.kafka.NewException {evil}\n"
    ).encode()

    for words in ((), ("--lang", "ko"), ("--format", "json")):
        _, text = explained(log, *words)
        assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_a_line_that_is_too_long_is_cut_and_the_next_one_is_read(explained):
    log = b"x" * (3 * MAX_LINE + 5) + LOST + LOST

    code, text = explained(log)

    assert code == 1
    assert text.startswith("2 lines read\n")
    assert "MESSAGE_TOO_LARGE (10)  no         1" in text


def test_ctrl_c_shows_what_was_found_so_far(monkeypatch, capsys):
    class Followed(io.BytesIO):
        def readline(self, size=-1):
            line = super().readline(size)
            if not line:
                raise KeyboardInterrupt
            return line

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Followed(LOST)))

    assert main(["explain", "-"]) == 1
    assert "MESSAGE_TOO_LARGE (10)" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["explain", "90", "--lang", "ko"], ["explain", "-", "--lang", "ko"]])
def test_a_terminal_that_cannot_show_korean_gets_english_and_a_note(words):
    environment = {"PYTHONIOENCODING": "ascii", "PATH": "", "PYTHONPATH": ":".join(sys.path)}
    ended = subprocess.run(
        [sys.executable, "-m", "kafka_producer_exporter", *words],
        input="ERROR org.apache.kafka.common.errors.ProducerFencedException: 오류 \x1b[1m\n".encode(),
        capture_output=True,
        check=False,
        timeout=60,
        env=environment,
    )

    assert b"PRODUCER_FENCED" in ended.stdout
    assert b"retriable" in ended.stdout
    assert ended.stderr == b"the encoding ascii cannot show Korean; this is English\n"
    assert ended.returncode == (1 if "-" in words else 0)
