import pytest

from kafka_producer_exporter.broker.log.clock import KEPT_MS, BrokerClock

MINUTES_5 = 300_000
NOW_MS = 1_800_000_000_000


def clock(*notes):
    """A clock that has noted (partition, how long before that the brokers wrote, when)."""
    made = BrokerClock()
    for partition, age_ms, now_ms in notes:
        made.note(partition, written_ms=NOW_MS + now_ms - age_ms, now_ms=now_ms)
    return made


def test_before_the_first_new_record_the_time_is_unknown():
    assert clock().time_ms(5) is None


def test_the_record_that_was_read_soonest_tells_the_time():
    assert clock((0, 400, 1000), (0, 20, 2000), (0, 300, 3000)).time_ms(9000) == NOW_MS + 9000 - 20


@pytest.mark.parametrize("off_ms", [-MINUTES_5, MINUTES_5])
def test_one_broker_whose_clock_is_off_does_not_set_the_time(off_ms):
    made = clock((0, 10, 0), (1, 10 + off_ms, 0), (2, 10, 0))

    assert made.time_ms(0) == NOW_MS - 10


def test_a_clock_that_the_brokers_have_set_is_followed_within_ten_minutes():
    made = clock((0, 10, 0))
    for minute in range(1, 11):
        made.note(0, written_ms=NOW_MS + minute * 60_000 - MINUTES_5, now_ms=minute * 60_000)

    assert made.time_ms(2 * KEPT_MS) == NOW_MS + 2 * KEPT_MS - MINUTES_5


def test_without_new_records_the_last_difference_stays():
    assert clock((0, 10, 0)).time_ms(24 * 3600_000) == NOW_MS + 24 * 3600_000 - 10
