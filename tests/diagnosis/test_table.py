"""The table of causes: texts, names, and what refers to what."""

import re

from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.diagnosis.table import CAUSES, PAIRS
from kafka_producer_exporter.model import Profile
from kafka_producer_exporter.pack import runbooks
from tests.paths import ROOT

IDS = [cause.id for cause in CAUSES]
ROOM = ROOT / "exporter" / "kafka_producer_exporter" / "diagnosis"


def texts():
    for cause in CAUSES:
        yield from (cause.title, cause.explanation, *(change.value for change in cause.changes))
    yield from (pair.apart for pair in PAIRS)


def test_every_text_is_there_in_both_languages():
    for text in texts():
        assert text.en.isascii(), text.en
        assert re.search("[가-힣]", text.ko), text.ko


def test_ids_are_unique_and_what_refers_to_them_exists():
    assert len(set(IDS)) == len(IDS)
    for cause in CAUSES:
        assert set(cause.explains) <= set(IDS), cause.id
    for pair in PAIRS:
        assert len(pair.ids) == 2
        assert pair.ids <= set(IDS)


def test_no_two_causes_explain_each_other():
    explains = {cause.id: set(cause.explains) for cause in CAUSES}

    assert [(one, two) for one in IDS for two in explains[one] if one in explains[two]] == []


def test_every_cause_has_a_rule_a_change_and_a_runbook_that_exists():
    for cause in CAUSES:
        assert cause.rule or cause.whole
        assert cause.changes
        assert runbooks.page(cause.runbook, "en")


def test_every_metric_that_a_rule_names_is_in_the_default_profile():
    named = {name for file in ROOM.rglob("*.py") for name in re.findall(r'"(kafka_[a-z_]+)"', file.read_text())}

    assert len(named) > 50
    assert [n for n in sorted(named) if n not in METRICS or not Profile.DEFAULT.includes(METRICS[n].profile)] == []
