import pytest

from kafka_producer_exporter.server.page_time import PageTime


class Clock:
    """A clock that a test moves."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def page_time(clock):
    return PageTime(clock)


@pytest.fixture
def make_page(clock, page_time):
    """Makes a page whose reads end at their deadline, or *late* seconds after it: ``make_page(1.5)``."""

    def make(seconds, late=0.0):
        until = clock.now
        clock.now += late
        with page_time.after_reads(until):
            clock.now += seconds

    return make


def test_a_quick_page_leaves_the_reads_all_but_half_a_second(page_time, make_page):
    make_page(0.01)

    assert [page_time.reads_seconds(timeout) for timeout in (10.0, 2.0, 1.0)] == [9.5, 1.5, 0.5]


def test_a_short_timeout_is_halved(page_time):
    assert page_time.reads_seconds(0.5) == 0.25


def test_after_a_slow_page_the_next_reads_get_less(page_time, make_page):
    make_page(1.5)

    assert page_time.reads_seconds(10.0) == 7.0


def test_reads_that_end_late_count_too(page_time, make_page):
    make_page(0.5, late=1.0)

    assert page_time.reads_seconds(10.0) == 7.0


def test_reads_that_end_early_do_not_count(page_time, clock):
    with page_time.after_reads(clock.now + 5.0):
        clock.now += 0.1

    assert page_time.reads_seconds(10.0) == 9.5


def test_the_reads_get_half_of_the_timeout_however_slow_the_pages_are(page_time, make_page):
    make_page(60.0)

    assert page_time.reads_seconds(10.0) == 5.0


def test_a_slow_page_is_forgotten_after_some_quick_ones(page_time, make_page):
    make_page(1.5)
    for _ in range(20):
        make_page(0.01)

    assert page_time.reads_seconds(10.0) == 9.5
