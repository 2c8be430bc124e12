from kafka_producer_exporter.net.pool import Pool, Reservation


def test_users_share_a_pool_and_what_one_gives_back_another_may_take():
    pool = Pool(100)
    one, other = Reservation(pool), Reservation(pool)

    assert one.grow_to(60)
    assert other.grow_to(40)
    assert not other.grow_to(41)
    one.release()
    assert other.grow_to(100)
    assert not pool.admit(1)


def test_a_reservation_takes_only_what_is_missing_and_never_shrinks_by_itself():
    pool = Pool(100)
    one = Reservation(pool)

    assert all(one.grow_to(count) for count in (10, 30, 20))

    assert one.taken == 30
    assert pool.admit(70)
