import pytest

from kafka_producer_exporter.broker.client.admin import EARLIEST, LATEST
from kafka_producer_exporter.broker.client.fetch import OutOfRangeError
from kafka_producer_exporter.broker.log.clock import BrokerClock
from kafka_producer_exporter.broker.log.follower import MAX_LISTED, NEW_MS, LogFollower, Loss, LossKind, Shard, SkipKind
from kafka_producer_exporter.broker.log.outcomes import AbortReason
from kafka_producer_exporter.broker.log.record_batches import Chunk, Fetched, Hole
from kafka_producer_exporter.broker.log.records import decode
from kafka_producer_exporter.broker.log.tracker import SETTLE_AFTER_MS, TransactionTracker
from tests.broker.memory_log import THREE_COMMITS_AND_AN_ABORT, Log
from tests.transaction_log import recorded_log

WHOLE = Shard()


def follower(*, shard=WHOLE, lookback_records=1000):
    return LogFollower(TransactionTracker(), shard=shard, lookback_records=lookback_records)


def look_up(following, log, now_ms=0):
    new = following.new_partitions(log.partitions())
    earliest, latest = log.offsets(new, EARLIEST), log.offsets(new, LATEST)
    following.follow(log.partitions(), earliest=earliest, latest=latest, now_ms=now_ms)


def poll(following, log, *, times=1, now_ms=0):
    """Fetch and take in. Return what the last poll could not read."""
    for _ in range(times):
        intake = following.take_in(log.fetch(following.positions, wait_seconds=0), now_ms=now_ms)
    return intake


def committed(following):
    return sum(series.counts.committed for series in following.tracker.series())


def aborted(following):
    return sum(series.counts.aborted[AbortReason.CLIENT] for series in following.tracker.series())


def test_older_records_set_the_state_and_newer_records_are_counted():
    log = Log(p0=THREE_COMMITS_AND_AN_ABORT[:7])
    log.chunk_size = 4
    following = follower()

    look_up(following, log, 5000)
    poll(following, log)
    assert following.counting_since_ms is None
    assert following.lag_records == 3
    poll(following, log)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    poll(following, log, times=3)

    assert following.counting_since_ms == 5000
    assert committed(following) == 1
    assert (following.lag_records, following.records_read) == (0, len(THREE_COMMITS_AND_AN_ABORT))


def test_a_log_that_appears_later_is_counted_from_its_beginning():
    log = Log()
    following = follower()
    look_up(following, log, 5000)
    assert following.positions == {}
    assert following.counting_since_ms == 5000

    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    look_up(following, log, 9000)
    poll(following, log)

    assert committed(following) == 3
    assert following.counting_since_ms == 5000


def test_a_new_connection_continues_where_the_old_one_was():
    log = Log(p0=[])
    following = follower()
    look_up(following, log, 0)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    log.chunk_size = 5
    poll(following, log)

    look_up(following, log, 0)
    poll(following, log, times=3)

    assert committed(following) == 3


def test_each_shard_follows_its_own_partitions():
    log = Log(p0=[], p1=[], p2=[], p3=[])
    followers = [follower(shard=Shard(number, 2)) for number in range(2)]
    for following in followers:
        look_up(following, log, 0)
    for partition in log.held:
        log.held[partition] = THREE_COMMITS_AND_AN_ABORT[: 4 * partition]

    for following in followers:
        poll(following, log)

    assert [following.records_read for following in followers] == [8, 16]


def test_only_the_end_of_a_long_log_is_read_to_learn_its_state():
    log = Log(p0=THREE_COMMITS_AND_AN_ABORT)
    following = follower(lookback_records=3)

    look_up(following, log, 0)
    poll(following, log)

    assert following.records_read == 3
    assert following.counting_since_ms == 0


def test_an_abort_by_the_client_is_counted_once_its_partition_was_read_to_the_end_and_nothing_followed():
    log = Log(p0=[])
    following = follower()
    look_up(following, log, 0)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT

    poll(following, log, now_ms=100)
    poll(following, log, now_ms=100 + SETTLE_AFTER_MS - 1)
    assert aborted(following) == 0
    poll(following, log, now_ms=100 + SETTLE_AFTER_MS)

    assert aborted(following) == 1


def test_records_that_cannot_be_read_are_skipped_and_counted():
    newer = b"\0\2" + THREE_COMMITS_AND_AN_ABORT[0][1][2:]
    key = THREE_COMMITS_AND_AN_ABORT[0][0]
    log = Log(p0=[])
    following = follower()
    look_up(following, log)
    log.held[0] = [(key, newer), (key, b"\0\1"), (None, b""), *THREE_COMMITS_AND_AN_ABORT]

    intake = poll(following, log)

    assert [(one.kind, one.offset, one.next_offset) for one in intake.skipped] == [
        (SkipKind.UNKNOWN_VERSION, 0, 1),
        (SkipKind.DAMAGED_RECORD, 1, 2),
        (SkipKind.DAMAGED_RECORD, 2, 3),
    ]
    assert following.skipped == {"unknown_version": 1, "damaged_record": 2, "damaged_batch": 0}
    assert committed(following) == 3


def test_an_unreadable_batch_is_fetched_again_and_then_skipped():
    log = Log(p0=[])
    following = follower()
    look_up(following, log)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    log.unreadable_at = (0, 0)

    first = poll(following, log)
    second = poll(following, log)
    poll(following, log)

    assert first.unreadable == [(0, "it is damaged")]
    assert [(one.kind, one.next_offset, one.reason) for one in second.skipped] == [
        (SkipKind.DAMAGED_BATCH, 2, "it is damaged")
    ]
    assert following.skipped["damaged_batch"] == 1
    assert following.tracker.position(0) == len(THREE_COMMITS_AND_AN_ABORT)


def test_an_unreadable_batch_that_is_whole_the_second_time_is_not_lost():
    log = Log(p0=[])
    following = follower()
    look_up(following, log)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    log.unreadable_at = (0, 0)
    poll(following, log)

    log.unreadable_at = None
    poll(following, log)

    assert committed(following) == 3
    assert following.skipped["damaged_batch"] == 0


def followed(records, *, before=0):
    """Return a log, and a follower that has counted its records except the first ones."""
    log = Log(p0=records[:before])
    following = follower()
    look_up(following, log)
    poll(following, log)
    log.held[0] = list(records)
    poll(following, log)
    return log, following


def open_ids(following):
    return [transaction.transactional_id for transaction in following.tracker.open_transactions(0)]


def started(following):
    return sum(series.counts.started for series in following.tracker.series())


def test_in_a_log_whose_beginning_was_deleted_reading_continues_at_the_new_beginning():
    log, following = followed(THREE_COMMITS_AND_AN_ABORT[:7])
    log.first, log.held[0] = 10, THREE_COMMITS_AND_AN_ABORT[10:]

    loss = following.lose(0, earliest=10, latest=13)
    poll(following, log)

    assert loss == Loss(LossKind.DELETED, 0, 3, 10)
    assert (following.missing["deleted"], following.is_complete) == (3, False)
    assert following.tracker.position(0) == 13
    assert (committed(following), started(following)) == (2, 3)


def test_what_was_deleted_before_counting_begins_is_not_missing():
    log = Log(p0=THREE_COMMITS_AND_AN_ABORT)
    following = follower()
    look_up(following, log)
    log.first, log.held[0] = 10, THREE_COMMITS_AND_AN_ABORT[10:]

    loss = following.lose(0, earliest=10, latest=13)

    assert (loss.records, following.is_complete) == (0, True)


def test_in_a_log_whose_end_was_truncated_counting_continues_where_it_differs():
    log, following = followed(THREE_COMMITS_AND_AN_ABORT[:8])
    assert (open_ids(following), committed(following)) == (["tx-4.4.0"], 2)
    log.held[0], log.epoch, log.diverged_at = THREE_COMMITS_AND_AN_ABORT[:4], 1, 4

    with pytest.raises(OutOfRangeError) as caught:
        poll(following, log)
    loss = following.lose(0, earliest=0, latest=4, diverged_at=caught.value.diverged_at)
    poll(following, log)
    assert (open_ids(following), committed(following)) == ([], 2)
    log.held[0] = [*log.held[0], *THREE_COMMITS_AND_AN_ABORT[7:10]]
    poll(following, log)

    assert loss == Loss(LossKind.TRUNCATED, 0, 4, 4)
    assert (following.missing["truncated"], following.is_complete) == (4, False)
    assert committed(following) == 3


def test_in_a_log_that_was_truncated_no_one_knows_where_only_new_records_are_counted():
    log, following = followed(THREE_COMMITS_AND_AN_ABORT[:7])
    log.held[0] = THREE_COMMITS_AND_AN_ABORT[:4]

    loss = following.lose(0, earliest=0, latest=4)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT[:7]
    poll(following, log)

    assert loss == Loss(LossKind.TRUNCATED, 0, 3, 4)
    assert committed(following) == 3


def test_in_a_log_that_was_deleted_and_made_anew_everything_is_counted_and_nothing_else_is_open():
    other = [(record.key, record.value) for record in recorded_log("tv2") if record.transactional_id == "tx-4.3.1"]
    log, following = followed(THREE_COMMITS_AND_AN_ABORT[:8])
    log.held[0] = other

    loss = following.lose(0, earliest=0, latest=len(other), is_recreated=True)
    poll(following, log)

    assert loss == Loss(LossKind.RECREATED, 0, 1, 0)
    assert (open_ids(following), following.tracker.known_ids) == ([], 1)
    assert (committed(following), following.tracker.ends_unseen) == (2 + 3, 1)


def test_an_empty_log_that_was_made_anew_has_no_open_transaction():
    _, following = followed(THREE_COMMITS_AND_AN_ABORT[:8])

    following.lose(0, earliest=0, latest=0, is_recreated=True)

    assert (open_ids(following), following.tracker.known_ids) == ([], 0)


def test_records_that_were_compacted_before_they_were_read_are_missing():
    log, following = followed(THREE_COMMITS_AND_AN_ABORT[:2])
    log.held[0] = [None] * 9 + THREE_COMMITS_AND_AN_ABORT[9:]

    poll(following, log)
    assert following.is_complete  # one answer is not enough
    intake = poll(following, log)

    assert intake.losses == [Loss(LossKind.COMPACTED, 0, 7, 13)]
    assert (following.missing["compacted"], following.is_complete) == (7, False)
    # The first transaction has no end, and of the second one nothing is left.
    assert (started(following), committed(following), following.tracker.ends_unseen) == (3, 1, 1)


@pytest.mark.parametrize("before", range(14))
def test_holes_are_missing_records_only_where_counting_has_begun(before):
    compacted = [None] * 12 + THREE_COMMITS_AND_AN_ABORT[12:]
    log = Log(p0=compacted[:before])
    following = follower()
    look_up(following, log)
    log.held[0] = compacted

    poll(following, log, times=2)

    assert following.missing["compacted"] == max(0, 12 - before)
    assert following.is_complete == (before >= 12)


def test_an_id_of_which_compaction_has_left_nothing_is_dropped():
    other = [(record.key, record.value) for record in recorded_log("tv2") if record.transactional_id == "tx-4.3.1"]
    log, following = followed([*other[:2], *THREE_COMMITS_AND_AN_ABORT[:2]])
    assert len(open_ids(following)) == 2
    log.held[0] = [None, None, None, THREE_COMMITS_AND_AN_ABORT[1], None, None, *THREE_COMMITS_AND_AN_ABORT[2:]]
    poll(following, log, times=2)
    log.held[0] += THREE_COMMITS_AND_AN_ABORT[:0]

    following.read_again(0, earliest=0, latest=len(log.held[0]))
    poll(following, log)

    assert (open_ids(following), following.tracker.known_ids) == ([], 1)
    assert (committed(following), following.tracker.ends_unseen, following.missing["compacted"]) == (3, 1, 2)


def test_reading_a_partition_again_counts_nothing_twice():
    log, following = followed(THREE_COMMITS_AND_AN_ABORT[:8])
    before = (started(following), committed(following))

    following.read_again(0, earliest=0, latest=8)
    poll(following, log)
    assert (started(following), committed(following), open_ids(following)) == (*before, ["tx-4.4.0"])
    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    poll(following, log)

    assert (started(following), committed(following), open_ids(following)) == (4, 3, [])
    assert following.is_complete


def test_a_skipped_record_makes_the_counts_incomplete_only_where_counting_has_begun():
    broken = [(THREE_COMMITS_AND_AN_ABORT[0][0], b"\0\1")]
    _, following = followed(broken, before=1)
    assert following.is_complete

    _, following = followed(broken)

    assert not following.is_complete


def test_an_answer_with_implausible_offsets_never_moves_the_position():
    log = Log(p0=[])
    following = follower()
    look_up(following, log)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    nonsense = Fetched(0, Chunk([], 0, implausible="it is nonsense"), 1 << 40)

    for _ in range(3):
        assert following.take_in([nonsense], now_ms=0).unreadable == [(0, "it is nonsense")]

    assert (following.tracker.position(0), following.lag_records, following.refetched) == (0, 0, 3)
    poll(following, log)
    assert committed(following) == 3


def jump(log, *, over, end):
    """Return what a broker would send whose batch at the offset 0 arrives with the base offset *over*."""
    (fetched,) = log.fetch({0: 0}, wait_seconds=0)
    records = [(offset + over, *rest) for offset, *rest in fetched.chunk.records[:1]]
    return Fetched(0, Chunk(records, over + 1, holes=(Hole(0, over),)), end)


def test_a_hole_that_another_answer_does_not_have_is_no_hole():
    log = Log(p0=[])
    following = follower()
    look_up(following, log)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT

    first = following.take_in([jump(log, over=8, end=len(log.held[0]))], now_ms=0)
    assert (first, following.tracker.position(0)) == (([], [], [], []), 0)
    second = poll(following, log)

    reason = "a fetch returned nothing of the offsets 0 to 7, and another one did"
    assert second.contradicted == [(0, reason)]
    assert (committed(following), following.refetched) == (3, 1)


def test_a_hole_that_two_answers_have_is_a_hole():
    log = Log(p0=[])
    following = follower()
    look_up(following, log)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT

    for _ in range(2):
        following.take_in([jump(log, over=8, end=20)], now_ms=0)

    assert (following.tracker.position(0), following.refetched) == (9, 0)


def test_holes_before_the_part_that_is_counted_are_what_compaction_leaves():
    log = Log(p0=THREE_COMMITS_AND_AN_ABORT)
    following = follower()
    look_up(following, log)

    following.take_in([jump(log, over=8, end=20)], now_ms=0)

    assert following.tracker.position(0) == 9


def test_no_abort_is_settled_while_the_answers_about_its_partition_are_not_believed():
    log = Log(p0=[])
    following = follower()
    look_up(following, log)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    poll(following, log)
    position = following.tracker.position(0)

    for now_ms in (0, SETTLE_AFTER_MS, 2 * SETTLE_AFTER_MS):
        following.take_in([Fetched(0, Chunk([], position, implausible="it is nonsense"), position)], now_ms=now_ms)
        following.take_in([], now_ms=now_ms)

    assert aborted(following) == 0


def test_only_the_first_skipped_records_are_listed_and_all_are_counted():
    log = Log(p0=[])
    following = follower()
    look_up(following, log)
    log.held[0] = [(None, b"")] * (MAX_LISTED + 50)

    intake = poll(following, log)

    assert len(intake.skipped) == MAX_LISTED
    assert following.skipped["damaged_record"] == MAX_LISTED + 50


def written_ms(log, number):
    """When the coordinator wrote a record of partition 0, by its own clock."""
    return decode(*log.held[0][number]).last_update_ms


def caught_up(log, clock=None, *, now_ms=1000):
    """A follower that has read the first record, and everything there is."""
    whole, log.held[0] = log.held[0], log.held[0][:1]
    following = LogFollower(TransactionTracker(), shard=WHOLE, lookback_records=1000, clock=clock)
    look_up(following, log)
    poll(following, log, now_ms=now_ms)
    log.held[0] = whole
    return following


def test_only_records_that_are_new_tell_the_brokers_time():
    log, clock = Log(p0=THREE_COMMITS_AND_AN_ABORT), BrokerClock()
    log.chunk_size = 2
    following = caught_up(log, clock)
    assert clock.time_ms(0) is None  # the first record may be of any age

    poll(following, log, now_ms=1400)
    poll(following, log, now_ms=9000)  # more of the same, read late

    assert clock.time_ms(1400) == written_ms(log, 2)


def test_a_record_that_comes_after_a_pause_may_be_old():
    log, clock = Log(p0=THREE_COMMITS_AND_AN_ABORT), BrokerClock()
    following = caught_up(log, clock)

    poll(following, log, now_ms=1000 + NEW_MS + 1)

    assert clock.time_ms(0) is None


def test_the_delay_of_a_log_that_was_read_to_its_end_is_the_time_since_it_was_asked_for():
    log = Log(p0=THREE_COMMITS_AND_AN_ABORT[:1])
    following = follower()
    look_up(following, log)
    assert following.delay_ms(1000, 0) is None

    following.take_in(log.fetch(following.positions, wait_seconds=0), now_ms=1500, asked_ms=1000)

    assert following.delay_ms(1700, 0) == 700


def test_the_delay_of_a_log_with_more_to_read_is_the_age_of_the_last_record():
    log = Log(p0=THREE_COMMITS_AND_AN_ABORT)
    log.chunk_size = 2
    following = caught_up(log)

    poll(following, log, now_ms=100_000)

    assert following.delay_ms(100_000, written_ms(log, 2) + 5000) == 5000
    assert following.delay_ms(3000, written_ms(log, 2) + 5000) == 2000  # nothing can be missing from before


def test_the_delay_is_that_of_the_partition_that_is_furthest_behind():
    log = Log(p0=THREE_COMMITS_AND_AN_ABORT[:1], p1=THREE_COMMITS_AND_AN_ABORT[:1])
    following = follower()
    look_up(following, log)

    for partition, asked_ms in ((0, 1000), (1, 4000)):
        answers = [one for one in log.fetch(following.positions, wait_seconds=0) if one.partition == partition]
        following.take_in(answers, now_ms=asked_ms)

    assert following.delay_ms(5000, 0) == 4000
