import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_producer_exporter.broker.log.records import (
    DamagedRecordError,
    Tombstone,
    TransactionState,
    Transition,
    UnknownRecord,
    decode,
    partition_for,
)
from tests.paths import RECORDED

VECTORS = json.loads((RECORDED / "transaction-log-vectors.json").read_text())
KEY = bytes.fromhex(VECTORS["key"]["hex"])
VALUES = [bytes.fromhex(vector["hex"]) for vector in VECTORS["values"]]
STATES = dict(
    zip(
        ("Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort"),
        TransactionState,
        strict=False,
    )
)


def expected(transactional_id, fields):
    partitions = fields["partitions"]
    return Transition(
        transactional_id=transactional_id,
        version=fields["version"],
        producer_id=fields["producer_id"],
        epoch=fields["producer_epoch"],
        timeout_ms=fields["timeout_ms"],
        state=STATES[fields["state"]],
        partitions=None if partitions is None else tuple((topic, tuple(ids)) for topic, ids in partitions),
        last_update_ms=fields["last_update_ms"],
        start_ms=fields["start_ms"],
        previous_producer_id=fields["previous_producer_id"],
        next_producer_id=fields["next_producer_id"],
        client_transaction_version=fields["client_transaction_version"],
        next_epoch=fields["next_producer_epoch"],
    )


def with_tags(count, tags):
    """An Empty record of version 1 that ends in these tagged fields."""
    return VALUES[1][:-1] + bytes([count]) + bytes.fromhex(tags)


@pytest.mark.parametrize("vector", VECTORS["values"], ids=lambda v: f"v{v['fields']['version']}-{v['fields']['state']}")
def test_what_kafkas_own_classes_wrote_is_read_back(vector):
    assert decode(KEY, bytes.fromhex(vector["hex"])) == expected("tx-1", vector["fields"])


@pytest.mark.parametrize("log", ["tv0", "tv1", "tv2", "rollover"])
def test_every_record_of_a_real_log_is_read(log):
    records = json.loads((RECORDED / f"transaction-log-{log}.json").read_text())["records"]

    for record in records:
        transition = decode(bytes.fromhex(record["key"]), bytes.fromhex(record["value"]))

        assert transition == expected(record["transactional_id"], record["fields"])


def test_a_null_value_says_that_the_id_has_expired():
    assert decode(KEY, None) == Tombstone("tx-1")


def test_a_newer_version_is_a_value_and_not_an_error():
    assert decode(b"\0\1" + KEY[2:], VALUES[0]) == UnknownRecord("key version 1")
    assert decode(KEY, b"\0\2" + VALUES[0][2:]) == UnknownRecord("value version 2")
    assert decode(KEY, b"\xff\xff" + VALUES[0][2:]) == UnknownRecord("value version -1")


@pytest.mark.parametrize("value", VALUES[:2], ids=["v0", "v1"])
def test_a_newer_state_is_a_value_and_not_an_error(value):
    assert decode(KEY, value[:16] + b"\x09" + value[17:]) == UnknownRecord("state 9")


def test_unknown_tags_are_passed_over_and_known_ones_behind_them_are_read():
    transition = decode(KEY, with_tags(4, "02020002" + "03020007" + "0402abcd" + "c80103010203"))

    assert (transition.client_transaction_version, transition.next_epoch) == (2, 7)


def test_tags_of_partitions_are_passed_over():
    ongoing = VALUES[3]
    end_of_orders = ongoing.index(b"orders") + len(b"orders") + 1 + 8
    tagged = ongoing[:end_of_orders] + bytes.fromhex("01" + "0002ffff") + ongoing[end_of_orders + 1 :]

    assert decode(KEY, tagged) == decode(KEY, ongoing)


def test_lists_and_names_longer_than_one_byte_can_say_are_read():
    name, partitions = b"t" * 200, b"".join(n.to_bytes(4, "big") for n in range(300))
    topics = b"\x02" + b"\xc9\x01" + name + b"\xad\x02" + partitions + b"\x00"

    transition = decode(KEY, VALUES[1][:17] + topics + VALUES[1][18:])

    assert transition.partitions == (("t" * 200, tuple(range(300))),)


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_a_record_that_is_cut_anywhere_is_damaged(value):
    for end in range(len(value)):
        with pytest.raises(DamagedRecordError):
            decode(KEY, value[:end])


def test_a_key_that_is_cut_anywhere_is_damaged():
    for end in range(len(KEY)):
        with pytest.raises(DamagedRecordError):
            decode(KEY[:end], VALUES[0])


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(with_tags(1, "0004" + "00000000"), id="a known tag of another size"),
        pytest.param(with_tags(1, "0905" + "00"), id="the last tag too long"),
        pytest.param(VALUES[1][:17] + b"\x02\x00" + VALUES[1][18:], id="a topic without name"),
        pytest.param(VALUES[1][:17] + b"\x02\x02t\x00\x00" + VALUES[1][18:], id="a topic without partitions"),
        pytest.param(VALUES[1][:17] + b"\xff\xff\xff\xff\xff\xff" + VALUES[1][18:], id="an endless count"),
        pytest.param(VALUES[1][:17] + b"\xff\xff\xff\xff\x0f" + VALUES[1][18:], id="four thousand million topics"),
        pytest.param(VALUES[1][:17] + b"\x02\x02\xff\x02\0\0\0\0\0" + VALUES[1][18:], id="a name that is no UTF-8"),
        pytest.param(VALUES[0][:17] + b"\xff\xff\xff\xfe" + VALUES[0][21:], id="minus two topics"),
        pytest.param(VALUES[0][:17] + b"\0\0\0\1\xff\xfe" + VALUES[0][21:], id="a name of minus two bytes"),
        pytest.param(VALUES[0][:17] + b"\0\0\0\1\0\1t\xff\xff\xff\xff" + VALUES[0][21:], id="minus one partitions"),
    ],
)
def test_a_record_that_contradicts_itself_is_damaged(value):
    with pytest.raises(DamagedRecordError):
        decode(KEY, value)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), value=st.sampled_from(VALUES))
def test_changed_bytes_raise_nothing_but_the_intended_error(data, value):
    changed = bytearray(value)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))

    try:
        decoded = decode(KEY, bytes(changed))
    except DamagedRecordError:
        return

    assert isinstance(decoded, Transition | UnknownRecord)


@pytest.mark.parametrize(
    ("transactional_id", "count", "partition"),
    [
        ("tx-1", 50, 20),
        ("", 50, 0),
        ("polygenelubricants", 50, 0),  # its hashCode is Integer.MIN_VALUE, the trap of Math.abs
        ("\N{GRINNING FACE}", 1 << 30, 1772899),  # Java hashes the two UTF-16 halves: 31 * 0xD83D + 0xDE00
    ],
)
def test_an_id_is_found_in_the_partition_that_java_puts_it_in(transactional_id, count, partition):
    assert partition_for(transactional_id, count) == partition


def test_the_ids_of_a_real_log_lie_in_the_partitions_that_they_were_read_from():
    records = json.loads((RECORDED / "transaction-log-tv2.json").read_text())["records"]

    assert {(r["transactional_id"], r["partition"]) for r in records} == {
        (r["transactional_id"], partition_for(r["transactional_id"], 5)) for r in records
    }
