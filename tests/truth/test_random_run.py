import pytest

from tests.integration.serving import Page
from tests.paths import RECORDED
from tests.truth.decoded_log import read
from tests.truth.random_run import ALONE, FROZEN, RESTARTED, Result, differences, found_on, text_of

ENTRIES = read((RECORDED / "dump-log-segments.txt").read_text())
FROM_ITS_FIRST_RECORD = ({}, {})
RIGHT = """\
kafka_transaction_started_total{transactional_id="orders-0"} 2
kafka_transaction_committed_total{transactional_id="orders-0"} 0
kafka_transaction_aborted_total{transactional_id="orders-0",reason="client"} 0
kafka_transaction_aborted_total{transactional_id="orders-0",reason="fenced"} 1
kafka_transactional_producer_session_total{transactional_id="orders-0",reason="init"} 1
kafka_transactional_producer_session_total{transactional_id="orders-0",reason="takeover"} 1
kafka_transaction_started_total{transactional_id="orders-5"} 2
kafka_transaction_committed_total{transactional_id="orders-5"} 2
kafka_transactional_producer_session_total{transactional_id="orders-5",reason="init"} 1
kafka_transactional_producer_session_total{transactional_id="orders-1",reason="init"} 1
kafka_transactional_producer_session_total{transactional_id="orders-6",reason="init"} 1
kafka_cluster_transaction_started_total 4
kafka_cluster_transaction_committed_total 2
kafka_cluster_transaction_aborted_total{reason="fenced"} 1
kafka_producer_exporter_transaction_end_unseen_total 0
kafka_producer_exporter_transaction_counts_exact 1
"""
LATER = """\
kafka_transaction_started_total{transactional_id="orders-0"} 1
kafka_transaction_aborted_total{transactional_id="orders-0",reason="fenced"} 1
kafka_transactional_producer_session_total{transactional_id="orders-0",reason="init"} 1
kafka_transaction_started_total{transactional_id="orders-5"} 1
kafka_transaction_committed_total{transactional_id="orders-5"} 2
kafka_cluster_transaction_started_total 2
kafka_cluster_transaction_committed_total 2
kafka_cluster_transaction_aborted_total{reason="fenced"} 1
kafka_producer_exporter_transaction_end_unseen_total 0
kafka_producer_exporter_transaction_counts_exact 1
"""
"""What counts from offset 9 of partition 3 on, and from offset 2 of partition 4 on."""


def found(text=RIGHT, **changes):
    return found_on(Page(text))._replace(**changes)


def result_of(*, alone=None, frozen=None, unlike=(), problems=()):
    counted = {ALONE: alone or found(), FROZEN: frozen or found(), RESTARTED: found()}
    collectors = {name: [1, 9, one, [], []] for name, one in counted.items()}
    collectors[RESTARTED][3:] = list(unlike), list(problems)
    return Result(1, [1, 2], records=18, collectors=collectors)


def test_a_page_with_the_counts_of_the_log_has_no_differences():
    assert differences(ENTRIES, found(), FROM_ITS_FIRST_RECORD) == []


@pytest.mark.parametrize(
    ("line", "wrong", "difference"),
    [
        ('started_total{transactional_id="orders-5"} 2', 'started_total{transactional_id="orders-5"} 3', "orders-5: "),
        ("cluster_transaction_committed_total 2", "cluster_transaction_committed_total 1", "the cluster: "),
        ("end_unseen_total 0", "end_unseen_total 1", "ends unseen: "),
        ("orders-6", "orders-7", "orders-7: "),
    ],
)
def test_each_count_that_the_log_does_not_have_is_a_difference(line, wrong, difference):
    lines = differences(ENTRIES, found(RIGHT.replace(line, wrong)), FROM_ITS_FIRST_RECORD)

    assert any(text.startswith(difference) for text in lines)


def test_counting_may_have_begun_anywhere_between_the_ends_of_the_log_but_at_one_place_for_all_ids():
    between = ({3: 5, 4: 0}, {3: 12, 4: 2})
    two_places = LATER.replace('started_total{transactional_id="orders-0"} 1', 'started_total{transactional_id="x"} 1')

    assert differences(ENTRIES, found(LATER), between) == []
    assert differences(ENTRIES, found(LATER), ({3: 10, 4: 2}, {3: 16, 4: 2}))
    assert differences(ENTRIES, found(two_places), between)


def test_a_run_is_right_if_each_collector_is_or_says_that_it_is_not_exact():
    inexact = found(RIGHT.replace("exact 1", 'exact 0\nkafka_producer_exporter_source_x{a="b"} 1'))

    assert result_of().is_good
    assert result_of(frozen=inexact).is_good
    assert not result_of(alone=inexact).is_good
    assert not result_of(unlike=["orders-5: …"]).is_good
    assert not result_of(problems=["… fell"]).is_good


def test_two_collectors_that_have_counted_everything_may_differ_only_about_client_and_fenced():
    late = result_of(frozen=found(RIGHT.replace('"orders-0",reason="fenced"', '"orders-0",reason="client"', 1)))
    wrong = result_of(frozen=found(RIGHT.replace('"orders-0",reason="fenced"', '"orders-0",reason="timeout"', 1)))
    assert late.is_good
    assert wrong.is_good

    for result in (late, wrong):
        result.compare_reasons()

    assert (late.is_good, late.decided_late) == (True, 1)
    assert not wrong.is_good


def test_the_section_says_why_counts_are_not_exact():
    lost = 'exact 0\nkafka_producer_exporter_transaction_log_missing_records_total{cause="compacted"} 7'

    text = text_of([result_of(frozen=found(RIGHT.replace("exact 1", lost)))])

    assert "| 1 | frozen | 1 | 9 | 4 | 2 | 1 |" in text
    assert "7 compacted" in text
