import pytest

from kafka_producer_exporter.languages import LANGUAGES, Text, of_header, of_locale


def test_a_text_has_every_language():
    assert Text._fields == LANGUAGES
    assert [Text("yes", "예").of(language) for language in LANGUAGES] == ["yes", "예"]


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko"}, "ko"),
        ({"LANG": "kok_IN"}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "ko_KR", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US", "LC_MESSAGES": "en_US", "LC_ALL": "ko_KR.eucKR"}, "ko"),
        ({"LC_ALL": "C", "LANG": "ko_KR.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "ko"}, "ko"),
    ],
)
def test_the_language_of_a_locale_is_found(environment, language):
    assert of_locale(environment) == language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("ko", "ko"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"),
        ("en-GB, ko;q=0.9", "en"),
        ("en;q=0.5, KO;q=0.6", "ko"),
        ("fr, de;q=0.9, ko;q=0.1", "ko"),
        ("fr, *;q=0.5, ko;q=0.4", "en"),
        ("ko;q=0", "en"),
        ("ko;q=nonsense", "en"),
        ("ko;q=", "en"),
        ("kok", "en"),
        (";,;q=1,", "en"),
        ("*", "en"),
    ],
)
def test_the_language_of_a_header_is_the_one_that_the_reader_prefers(header, language):
    assert of_header(header) == language
