import re

import pytest
import yaml

from kafka_producer_exporter.errorcodes.entry import GUIDE_STEPS, Kind
from kafka_producer_exporter.errorcodes.table import BY_NAME, CODES, ENTRIES, close_names, find
from lab.kafka_errors import KafkaErrors, recorded_file
from tests.paths import ROOT

ERRORS = KafkaErrors.read(recorded_file("4.4.0"))
KINDS = {
    "org.apache.kafka.common.errors.TransactionAbortableException": Kind.ABORTABLE,
    "org.apache.kafka.common.errors.RefreshRetriableException": Kind.REFRESH,
    "org.apache.kafka.common.errors.RetriableException": Kind.RETRIABLE,
    "org.apache.kafka.common.errors.ApplicationRecoverableException": Kind.RECOVERABLE,
    "org.apache.kafka.common.errors.InvalidConfigurationException": Kind.CONFIGURATION,
    "org.apache.kafka.common.config.ConfigException": Kind.CONFIGURATION,
}
IDS = [entry.name for entry in ENTRIES]


def kind(exception):
    """The kind that the classes of the jar say; INVALID_CONFIG is the base class itself, thrown by brokers alone."""
    classes = [exception, *ERRORS.superclasses[exception]]
    if exception.endswith(".InvalidConfigurationException"):
        return Kind.OTHER
    return next((kind for base, kind in KINDS.items() if base in classes), Kind.OTHER)


def test_each_code_of_the_newest_client_has_an_entry_with_its_name_and_exception():
    ours = {code: (entry.name, entry.exception) for code, entry in CODES.items()}

    assert ours == ERRORS.codes
    assert len(ours) == 138


def test_each_exception_exists_in_the_jar_and_its_kind_follows_from_its_base_classes():
    ours = [entry for entry in ENTRIES if entry.exception.startswith("org.apache.kafka.")]
    retriable = {
        entry.name
        for entry in ours
        if "org.apache.kafka.common.errors.RetriableException"
        in [entry.exception, *ERRORS.superclasses[entry.exception]]
    }

    assert {entry.name: entry.kind for entry in ours} == {entry.name: kind(entry.exception) for entry in ours}
    assert {entry.name for entry in ours if entry.retriable} == retriable


def test_names_and_pairs_of_exception_and_message_are_unique():
    pairs = [(entry.exception, entry.message) for entry in ENTRIES if entry.exception]

    assert len(set(IDS)) == len(IDS)
    assert len(set(pairs)) == len(pairs)


def test_each_alert_exists_and_so_does_its_runbook_in_each_language():
    named = {alert for entry in ENTRIES for alert in entry.alerts}
    rules = [yaml.safe_load(file.read_text()) for file in (ROOT / "alerts" / "rules").glob("*.yaml")]
    alerts = {rule["alert"] for theme in rules for rule in theme["rules"] if "alert" in rule}

    assert named <= alerts
    for language in ("en", "ko"):
        assert named <= {file.stem for file in (ROOT / "alerts" / "runbooks" / language).glob("*.md")}


def test_an_entry_that_concerns_producers_names_an_alert_unless_nothing_is_lost():
    without_harm = {
        *("SECURITY_DISABLED", "TRANSACTIONAL_ID_NOT_FOUND", "UNKNOWN_SUBSCRIPTION_ID", "TELEMETRY_TOO_LARGE"),
    }

    assert {entry.name for entry in ENTRIES if entry.concerns_producers and not entry.alerts} == without_harm
    assert not [entry.name for entry in ENTRIES if entry.alerts and not entry.concerns_producers]


def test_the_two_languages_name_the_same_settings_and_calls():
    for text in (text for entry in ENTRIES for text in (entry.meaning, entry.next_step)):
        english, korean = (
            set(re.findall(r"[a-z]+(?:\.[a-z]+)+|[a-z]+[A-Z]\w*\(\)|[A-Z]+(?:_[A-Z]+)+", each)) for each in text
        )
        assert english == korean
        assert re.search("[가-힣]", text.ko)
        assert not re.search("[가-힣]|  ", text.en)
        assert "  " not in text.ko


def test_the_guides_advice_is_there_for_each_kind_of_error_in_both_languages():
    assert set(GUIDE_STEPS) == set(Kind) - {Kind.NONE}
    for kind_, text in GUIDE_STEPS.items():
        retries = kind_ in (Kind.RETRIABLE, Kind.REFRESH)
        assert ("retry.backoff.ms" in text.en) == ("retry.backoff.ms" in text.ko) == retries
        assert ("DLQ" in text.en) == ("DLQ" in text.ko) == (kind_ in (Kind.OTHER, Kind.CONFIGURATION))


def test_what_a_call_waited_for_in_vain_is_not_said_to_be_retried_until_delivery_timeout_ms():
    waited = {entry.name for entry in ENTRIES if "max.block.ms" in entry.meaning.en and entry.retriable}

    assert waited == {"BufferExhaustedException", "TimeoutException (metadata)", "TimeoutException (transaction)"}
    for name in waited:
        advice = BY_NAME[name].advice
        assert advice not in GUIDE_STEPS.values()
        for text in advice:
            assert {"max.block.ms", "retries", "delivery.timeout.ms"} <= set(re.findall(r"[a-z.]*[a-z]", text))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("7", ["REQUEST_TIMED_OUT"]),
        ("-1", ["UNKNOWN_SERVER_ERROR"]),
        (" request_timed_out ", ["REQUEST_TIMED_OUT"]),
        ("NotEnoughReplicas", ["NOT_ENOUGH_REPLICAS"]),
        ("org.apache.kafka.common.errors.NOTENOUGHREPLICASEXCEPTION", ["NOT_ENOUGH_REPLICAS"]),
        ("NOT_LEADER_FOR_PARTITION", ["NOT_LEADER_OR_FOLLOWER"]),
        ("NotLeaderForPartitionException", ["NOT_LEADER_OR_FOLLOWER"]),
        ("RecordTooLargeException", ["RecordTooLargeException (client)", "MESSAGE_TOO_LARGE"]),
        ("TimeoutException: Expiring 3 record(s) for orders-0:120000 ms has passed", ["TimeoutException (delivery)"]),
        ("TimeoutException: The request timed out.", ["REQUEST_TIMED_OUT"]),
        ("TimeoutException: something else", ["TimeoutException"]),
        ("SSLHandshakeException", ["SSLHandshakeException"]),
        ("duplicate client.id", ["duplicate client.id"]),
        ("137", []),
        ("-2", []),
        ("", []),
        ("99999999999999999999", []),
    ],
)
def test_an_entry_is_found_by_code_name_or_exception_in_any_case(words, names):
    assert [entry.name for entry in find(words)] == names


def test_an_exception_without_its_message_has_all_its_variants():
    names = [entry.name for entry in find("TimeoutException")]

    assert names[0] == "REQUEST_TIMED_OUT"
    assert names[-1] == "TimeoutException"
    assert len(names) == 5


@pytest.mark.parametrize(
    ("word", "close"),
    [
        ("NOT_ENOUGH_REPLICA", "NOT_ENOUGH_REPLICAS"),
        ("TimeoutExcption", "TimeoutException"),
        ("org.apache.kafka.common.errors.ProducerFencdException: old", "ProducerFencedException"),
        ("UnknownTopicOrPartiton", "UNKNOWN_TOPIC_OR_PARTITION"),
    ],
)
def test_a_misspelled_name_has_the_right_one_as_the_closest(word, close):
    assert not find(word)
    assert close_names(word)[0] == close
