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
)
from tests.paths import RECORDED
from tests.transaction_log import partition_for, recorded_log

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
        client_transaction_version=fields["client_transaction_version"],
    )


def with_tags(count, tags):
    """Return an Empty record of version 1 that ends in these tagged fields."""
    return VALUES[1][:-1] + bytes([count]) + bytes.fromhex(tags)


@pytest.mark.parametrize("vector", VECTORS["values"], ids=lambda v: f"v{v['fields']['version']}-{v['fields']['state']}")
def test_a_record_that_kafkas_own_classes_wrote_is_read_back(vector):
    assert decode(KEY, bytes.fromhex(vector["hex"])) == expected("tx-1", vector["fields"])


@pytest.mark.parametrize("log", ["tv0", "tv1", "tv2", "rollover"])
def test_every_record_of_a_real_log_is_decoded(log):
    for record in recorded_log(log):
        assert decode(record.key, record.value) == expected(record.transactional_id, record.fields)


def test_a_null_value_is_a_tombstone():
    assert decode(KEY, None) == Tombstone("tx-1")


def test_a_newer_version_is_an_unknown_record_and_not_an_error():
    assert decode(b"\0\1" + KEY[2:], VALUES[0]) == UnknownRecord("key version 1")
    assert decode(KEY, b"\0\2" + VALUES[0][2:]) == UnknownRecord("value version 2")
    assert decode(KEY, b"\xff\xff" + VALUES[0][2:]) == UnknownRecord("value version -1")


@pytest.mark.parametrize("value", VALUES[:2], ids=["v0", "v1"])
def test_a_newer_state_is_an_unknown_record_and_not_an_error(value):
    assert decode(KEY, value[:16] + b"\x09" + value[17:]) == UnknownRecord("state 9")


def test_tagged_fields_that_nothing_uses_are_skipped_and_those_after_them_are_read():
    next_producer_id, next_epoch, unknown = "01080000000000001389", "03020007", "0402abcd" + "c80103010203"

    transition = decode(KEY, with_tags(5, next_producer_id + next_epoch + unknown + "02020002"))

    assert transition == decode(KEY, with_tags(1, "02020002"))
    assert transition.client_transaction_version == 2


def test_tagged_fields_of_partitions_are_skipped():
    ongoing = VALUES[3]
    end_of_orders = ongoing.index(b"orders") + len(b"orders") + 1 + 8
    tagged = ongoing[:end_of_orders] + bytes.fromhex("01" + "0002ffff") + ongoing[end_of_orders + 1 :]

    assert decode(KEY, tagged) == decode(KEY, ongoing)


def test_lists_and_names_whose_length_needs_two_bytes_are_read():
    name, partitions = b"t" * 200, b"".join(n.to_bytes(4, "big") for n in range(300))
    topics = b"\x02" + b"\xc9\x01" + name + b"\xad\x02" + partitions + b"\x00"

    transition = decode(KEY, VALUES[1][:17] + topics + VALUES[1][18:])

    assert transition.partitions == (("t" * 200, tuple(range(300))),)


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_a_value_that_is_truncated_anywhere_is_damaged(value):
    for end in range(len(value)):
        with pytest.raises(DamagedRecordError):
            decode(KEY, value[:end])


def test_a_key_that_is_truncated_anywhere_is_damaged():
    for end in range(len(KEY)):
        with pytest.raises(DamagedRecordError):
            decode(KEY[:end], VALUES[0])


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(with_tags(1, "0004" + "00000000"), id="a known tag of another size"),
        pytest.param(with_tags(1, "0104" + "00000000"), id="a next producer id of another size"),
        pytest.param(with_tags(1, "0304" + "00000000"), id="a next epoch of another size"),
        pytest.param(with_tags(1, "0108" + "00000000"), id="a truncated next producer id"),
        pytest.param(with_tags(1, "0302" + "00"), id="a truncated next epoch"),
        pytest.param(with_tags(1, "0905" + "00"), id="a truncated unknown tag"),
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
def test_an_inconsistent_record_is_damaged(value):
    with pytest.raises(DamagedRecordError):
        decode(KEY, value)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), value=st.sampled_from(VALUES))
def test_changed_bytes_raise_only_the_intended_error(data, value):
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
def test_an_id_belongs_to_the_partition_that_java_computes(transactional_id, count, partition):
    assert partition_for(transactional_id, count) == partition


def test_the_ids_of_a_real_log_are_in_the_partitions_that_java_computes():
    for record in recorded_log("tv2"):
        assert record.partition == partition_for(record.transactional_id, 5)
