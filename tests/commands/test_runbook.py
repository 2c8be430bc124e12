import pytest

from kafka_producer_exporter.__main__ import main
from kafka_producer_exporter.commands import runbook
from tests.two_runbooks import ENGLISH, KOREAN, two_runbooks

__all__ = ["two_runbooks"]
pytestmark = pytest.mark.usefixtures("two_runbooks")


@pytest.fixture
def verb():
    return runbook


def test_a_runbook_is_printed_as_it_was_written(printed):
    assert printed("KafkaClockSkew") == ENGLISH["KafkaClockSkew"]
    assert printed("KafkaClockSkew", "--lang", "ko") == KOREAN["KafkaClockSkew"]


def test_a_runbook_is_printed_as_a_page(printed):
    assert printed("KafkaClockSkew", "--lang", "ko", "--format", "html").startswith('<!doctype html>\n<html lang="ko">')


def test_without_a_name_all_are_listed_with_what_has_happened(printed):
    assert printed() == (
        "KafkaClockSkew          The clock is wrong.\nKafkaProducerThrottled  A quota slows a producer.\n"
    )
    assert '<a href="KafkaClockSkew?lang=en">' in printed("--format", "html")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("throttled", "did you mean KafkaProducerThrottled?"),
        ("xyz", "there is no such runbook; run kafka-producer-exporter runbook for a list"),
    ],
)
def test_an_unknown_name_ends_with_2_and_the_one_that_was_meant(name, advice, capsys):
    assert main(["runbook", name]) == 2
    assert advice in capsys.readouterr().err
