import pytest

from kafka_producer_exporter.pack import runbooks
from tests.two_runbooks import ENGLISH, KOREAN

pytestmark = pytest.mark.usefixtures("two_runbooks")


def test_each_runbook_is_listed_by_the_name_of_its_alert():
    assert runbooks.names() == ["KafkaClockSkew", "KafkaProducerThrottled"]


@pytest.mark.parametrize(("language", "texts"), [("en", ENGLISH), ("ko", KOREAN)])
def test_a_runbook_is_there_in_each_language_as_text_and_as_page(language, texts):
    for name, text in texts.items():
        assert runbooks.markdown(name, language) == text
        assert f'<html lang="{language}">' in runbooks.page(name, language)
        assert f"<h1>{name}</h1>" in runbooks.page(name, language)


def test_the_first_sentence_of_a_runbook_is_one_line():
    assert runbooks.lead("KafkaProducerThrottled", "en") == "A quota slows a producer."


@pytest.mark.parametrize("name", ["", "index", "../en/KafkaClockSkew", "KafkaClockSkew.md", "kafkaclockskew", "\0"])
def test_no_other_file_can_be_read_by_the_name_of_a_runbook(name):
    for read in (runbooks.markdown, runbooks.page):
        with pytest.raises(KeyError):
            read(name, "en")


@pytest.mark.parametrize(
    ("word", "close"),
    [
        ("KafkaProducerThrotled", ["KafkaProducerThrottled"]),
        ("kafkaclockskew", ["KafkaClockSkew"]),
        ("skew", ["KafkaClockSkew"]),
        ("Kafka", ["KafkaClockSkew", "KafkaProducerThrottled"]),
        ("xyz", []),
        ("", []),
    ],
)
def test_close_names_are_found_by_likeness_or_a_part(word, close):
    assert runbooks.close_names(word) == close
