"""The report: what a person reads, and what a program gets."""

import json

import pytest

from kafka_producer_exporter.diagnosis.diagnose import diagnose
from kafka_producer_exporter.diagnosis.evidence import Brokers, Down
from kafka_producer_exporter.diagnosis.report import Subject, as_text, as_values, exit_code
from tests.diagnosis.hand_made import evidence


def subject(found, **options):
    return Subject("checkout", found.seconds, diagnose(found), **options)


THROTTLED = subject(evidence(produce_throttle_time_max_seconds=2.4))
QUIET = subject(evidence())
UNREACHABLE = Subject("orders", 0.0, None, Down("refused", "nothing listens on orders:9999"))


def text_of(*subjects, language="en"):
    return "".join(as_text(subjects, language))


def test_a_finding_has_cause_numbers_certainty_change_owner_and_runbook():
    text = text_of(THROTTLED)

    assert text.startswith("checkout: 1 found (read twice, 10 s apart)\n")
    assert "1. A quota slows the producer down [certain] quota\n" in text
    assert "orders: kafka_producer_produce_throttle_time_max_seconds = 2.4 s\n" in text
    assert "producer_byte_rate: raise it" in text
    assert "(Kafka platform team)" in " ".join(text.split())
    assert "kafka-producer-exporter runbook KafkaProducerThrottled\n" in text


def test_the_korean_report_has_the_same_findings_and_numbers():
    text = text_of(THROTTLED, language="ko")

    assert "쿼터가 프로듀서를 늦추고 있습니다 [확실] quota" in text
    assert "kafka_producer_produce_throttle_time_max_seconds = 2.4 s" in text
    assert "found" not in text


def test_a_quiet_producer_has_one_line_and_what_cannot_be_known():
    text = text_of(QUIET)

    assert text.startswith("checkout: nothing was found (read twice, 10 s apart)\n")
    assert "give --bootstrap-server, or configure broker:" in text.replace("\n    ", " ").replace("  ", " ")


def test_of_many_quiet_targets_only_the_names_are_shown_and_after_the_findings():
    quiet = [QUIET._replace(name=f"quiet-{number}") for number in range(12)]

    text = text_of(*quiet[:6], THROTTLED, UNREACHABLE, *quiet[6:])

    assert text.startswith("checkout: 1 found")
    assert text.endswith(
        "\norders: cannot be read (refused): nothing listens on orders:9999\n\n"
        "Nothing was found in 12 targets: quiet-0, quiet-1, quiet-2, quiet-3, quiet-4, quiet-5, quiet-6,\n"
        "quiet-7, quiet-8, quiet-9 … +2.\n"
    )
    assert text_of(*quiet[:6]).startswith("Nothing was found in 6 targets")
    assert "quiet-4: nothing was found" in text_of(*quiet[:5])


def test_a_target_that_is_down_has_the_reason_and_what_to_do():
    assert text_of(UNREACHABLE) == "orders: cannot be read (refused): nothing listens on orders:9999\n"


def test_idle_is_said():
    idle = evidence(record_send_total=0.0, request_total=0.0, response_total=0.0)

    assert "Idle, which is no finding: the application sends nothing with orders." in text_of(subject(idle))


def test_a_jvm_without_a_producer_is_said():
    empty = evidence()
    empty = type(empty)(first=empty.first, second=empty.second._replace(page={}))

    assert "The JVM has no producer." in text_of(subject(empty))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_no_name_reaches_the_terminal_as_a_control_character(language):
    hostile = evidence(client="a\x1b[2J\nb\u202e", produce_throttle_time_max_seconds=2.4)
    shown = Subject("t\x1b[2J", 10.0, diagnose(hostile), notes=["\x07bell"])

    text = text_of(shown, language=language)

    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text


def test_programs_get_every_number():
    (values,) = as_values([THROTTLED], "en")

    (finding,) = values["findings"]
    assert (finding["cause"], finding["certainty"], finding["clients"]) == ("quota", "certain", ["orders"])
    assert finding["evidence"][0] == {
        "client_id": "orders",
        "metric": "kafka_producer_produce_throttle_time_max_seconds",
        "labels": {},
        "value": 2.4,
    }
    assert finding["changes"][0]["owner"] == "platform"
    assert values["reachable"] is True
    assert {"cause": "hanging-transaction", "needs": ["brokers"]} in values["cannot_know"]
    assert json.dumps(values)


def test_what_cannot_be_separated_is_named_on_both():
    both = evidence(record_retry_total=40.0, topic_record_retry_total=40.0)

    (values,) = as_values([subject(both)], "en")

    assert [one["inseparable_from"][0]["cause"] for one in values["findings"]] == [
        "unknown-topic",
        "not-enough-replicas",
    ]


def test_a_topic_that_does_not_exist_is_shown_as_absent():
    gone = evidence(record_retry_total=40.0, topic_record_retry_total=40.0, brokers=Brokers(all_topics=frozenset()))

    assert 'kafka_topic_replication_factor{topic="orders"} absent' in text_of(subject(gone))


@pytest.mark.parametrize(
    ("subjects", "code"), [([QUIET], 0), ([QUIET, THROTTLED], 1), ([THROTTLED, UNREACHABLE], 3), ([], 0)]
)
def test_exit_codes(subjects, code):
    assert exit_code(subjects) == code


def test_styles_are_painted_only_by_the_caller():
    painted = "".join(as_text([THROTTLED], "en", lambda text, style: f"<{style}>{text}</>"))

    assert "[<certain>certain</>]" in painted
