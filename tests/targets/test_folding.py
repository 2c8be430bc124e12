import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_producer_exporter.model import Fold, Kind, Labels, Metric
from kafka_producer_exporter.targets.folding import MEMBER_SCRAPES, SERIES_SCRAPES, Folder

COUNTER = Metric(name="kafka_producer_x_total", kind=Kind.COUNTER, help="A test.", section="test")
MAXIMUM = Metric(name="kafka_producer_x_max", kind=Kind.GAUGE, help="A test.", section="test")
AVERAGE = Metric(name="kafka_producer_x_avg", kind=Kind.GAUGE, help="A test.", section="test")
REQUESTS = Metric(name="kafka_producer_y_avg", kind=Kind.GAUGE, help="A test.", section="test", fold=Fold.REQUEST_MEAN)
PLAIN = Metric(name="kafka_producer_z_avg", kind=Kind.GAUGE, help="A test.", section="test", fold=Fold.MEAN)
THREADS = Metric(name="kafka_producer_threads", kind=Kind.GAUGE, help="A test.", section="test", fold=Fold.SUM)
OTHER = Labels({"client_id": "other"})


def scrape(folder, metric, **members):
    for member, value in members.items():
        folder.add(metric, OTHER, member, value)
    return {(metric.name, labels): value for metric, labels, value in folder.finish()}.get((metric.name, OTHER))


def test_counters_are_summed_and_nothing_is_lost_when_a_member_ends():
    folder = Folder()

    assert scrape(folder, COUNTER, a=10.0, b=5.0) == 15
    assert scrape(folder, COUNTER, b=6.0) == 16
    assert scrape(folder, COUNTER) == 16


def test_a_member_that_restarts_adds_what_it_has_counted_since():
    folder = Folder()
    scrape(folder, COUNTER, a=10.0)

    assert scrape(folder, COUNTER, a=3.0) == 13


def test_a_member_that_is_missing_once_is_not_counted_twice():
    folder = Folder()
    scrape(folder, COUNTER, a=10.0)
    scrape(folder, COUNTER)

    assert scrape(folder, COUNTER, a=11.0) == 11


def test_gauges_are_folded_by_their_rule_and_forgotten_after_the_scrape():
    folder = Folder()

    assert scrape(folder, MAXIMUM, a=1.0, b=3.0) == 3
    assert scrape(folder, MAXIMUM, a=1.0) == 1
    assert scrape(folder, THREADS, a=1.0, b=3.0) == 4
    assert scrape(folder, AVERAGE, a=1.0, b=3.0) is None
    assert scrape(folder, MAXIMUM) is None


@pytest.mark.parametrize(
    ("metric", "members", "expected"),
    [
        (REQUESTS, [(10.0, 9.0), (20.0, 1.0)], 11.0),
        (REQUESTS, [(10.0, 1.0), (20.0, 0.0)], 10.0),
        (REQUESTS, [(10.0, 0.0), (20.0, 0.0)], 15.0),
        (REQUESTS, [(0.1, 0.3)], 0.1),
        (PLAIN, [(10.0, 9.0), (20.0, 1.0)], 15.0),
        (REQUESTS, [(1e308, 10.0), (1e308, 10.0)], None),
        (THREADS, [(1e308, 0.0), (1e308, 0.0)], None),
    ],
)
def test_an_average_of_several_members_is_weighted_and_of_one_is_its_own(metric, members, expected):
    folder = Folder()

    for number, (value, request_rate) in enumerate(members):
        folder.add(metric, OTHER, str(number), value, request_rate=request_rate)

    assert [value for *_, value in folder.finish()] == ([] if expected is None else [expected])
    assert list(folder.finish()) == []


def test_ended_members_and_later_their_series_are_forgotten():
    folder = Folder()
    scrape(folder, COUNTER, a=10.0)

    for _ in range(2 * MEMBER_SCRAPES + 1):
        assert scrape(folder, COUNTER) == 10
    assert not folder._counters[(COUNTER, OTHER)].members

    for _ in range(SERIES_SCRAPES):
        scrape(folder, COUNTER)
    assert not folder._counters


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 50)), max_size=30))
def test_a_folded_counter_never_falls(scrapes):
    folder = Folder()
    before = 0.0

    for members in scrapes:
        after = scrape(folder, COUNTER, **{name: float(value) for name, value in members.items()})
        assert (after or 0.0) >= before
        before = after or 0.0
