"""Every line of the operating guide leads to something that exists, and the pages are up to date."""

import pytest

from kafka_producer_exporter.catalogue.guide import GUIDE
from kafka_producer_exporter.languages import LANGUAGES, Text
from tests.paths import DOCS
from tools.guide.lines import CHAPTERS, Chapter, Flaw, Line
from tools.guide.page import PAGES, page, problems
from tools.guide.served import Kind, Served, causes, metrics

LINES = [line for chapter in CHAPTERS for line in chapter.lines]


def problems_of(**line):
    given = {"guide": "줄", "meaning": "A line.", "served": causes("dns"), **line}
    return list(problems([Chapter(Text("Chapter", "장"), [Line(**given)])]))


def test_every_line_leads_to_something_that_exists():
    assert list(problems()) == []


@pytest.mark.parametrize("language", PAGES)
def test_the_pages_are_up_to_date(language):
    assert (DOCS / PAGES[language]).read_text(encoding="utf-8") == page(language), "make generate"


def test_there_is_a_page_in_each_language_with_the_same_rows():
    rows = [page(language).partition("## The names")[0].count("\n| ") for language in LANGUAGES]

    assert list(PAGES) == list(LANGUAGES)
    assert rows[0] == rows[1] > len(LINES)


def test_every_name_of_the_monitoring_section_belongs_to_a_line():
    assert sorted(name for line in LINES for name in line.names) == sorted(entry.name for entry in GUIDE)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Kind.METRIC, "kafka_producer_sent_total"),
        (Kind.ALERT, "KafkaProducerSleeps"),
        (Kind.PANEL, "overview: Batch sizes"),
        (Kind.PANEL, "producer: Records sent, by service"),
        (Kind.CAUSE, "bad-luck"),
        (Kind.RULE, "num.io.threads"),
        (Kind.ERROR, "NO_SUCH_CODE"),
        (Kind.PAGE, "broker-view.md#no-such-section"),
        (Kind.PAGE, "no-such-page.md"),
    ],
)
def test_a_dead_end_is_noticed(kind, name):
    assert problems_of(served=[Served(kind, name)]) == [f"there is no {kind.name.lower()} {name}"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"served": []}, "nothing serves: 줄"),
        ({"guide": "`acks=all`"}, "nothing answers `acks=all` of: `acks=all`"),
        ({"guide": "`retries`", "note": Text("See `retries`.", "참고.")}, "nothing answers `retries` of: `retries`"),
        ({"guide": "`producer.commitTransaction();`"}, "nothing answers `producer.commitTransaction();` of:"),
        ({"flaw": Flaw.OUTDATED}, "it is not said what is right: 줄"),
    ],
)
def test_a_line_that_is_not_fully_answered_is_noticed(line, problem):
    (found,) = problems_of(**line)

    assert found.startswith(problem)


def test_a_term_is_answered_by_what_serves_the_line_or_by_the_note_in_both_languages():
    assert problems_of(guide="`buffer-full`", served=causes("buffer-full")) == []
    assert problems_of(guide="`Errors`", note=Text("About `Errors`.", "`Errors`에 대하여.")) == []
    begun = metrics("kafka_producer_txn_begin_time_seconds_total")
    assert problems_of(guide="`producer.beginTransaction();`", served=begun) == []
