import pytest

from kafka_producer_exporter.broker import listing
from kafka_producer_exporter.broker.cluster.hanging import LogAnswer, Look
from kafka_producer_exporter.broker.cluster.sightings import Settled
from kafka_producer_exporter.broker.cluster.snapshots import LogLeader, ProducerState
from kafka_producer_exporter.broker.listing import LOOKS, look_for_hanging

STUCK = ProducerState("orders", 3, 987, 0, 1_700_000_000_000, 310)
SETTLED, MOVING = Settled({0: LogLeader(1, 5)}, None), Settled(None, "the leaders are moving")


class Looking:
    """The looks of one command, on a cluster that shows these scans."""

    def __init__(self, monkeypatch, *looks):
        self.slept, self.reported, looks = [], [], iter(looks)

        def scan(client, ask_log):
            settled, suspects = next(looks)
            look = Look(0.0, settled, suspects, LogAnswer({}, 1.0), {("orders", 3)}, {}, 900_000)
            return type("Scan", (), {"look": look})

        monkeypatch.setattr(listing, "scan_partitions", scan)
        log = type("Log", (), {"open_transactions": None})
        self.verdict = look_for_hanging(None, log, self.reported.append, self.slept.append)


def test_without_suspects_one_look_is_enough(monkeypatch):
    looking = Looking(monkeypatch, (SETTLED, []))

    assert (looking.verdict.hanging, looking.slept, looking.reported) == ([], [], [])


def test_a_suspect_gets_a_second_look_ten_seconds_later_which_is_announced(monkeypatch):
    looking = Looking(monkeypatch, (SETTLED, [STUCK]), (SETTLED, [STUCK]))

    assert [one.producer_id for one in looking.verdict.hanging] == [987]
    assert looking.slept == [10]
    assert looking.reported == ["some open transactions are unknown to every coordinator; look 2 follows in 10 s"]


def test_a_suspect_of_one_look_is_not_listed(monkeypatch):
    looking = Looking(monkeypatch, (SETTLED, [STUCK]), (SETTLED, []))

    assert looking.verdict.hanging == []
    assert not looking.verdict.awaits_look


@pytest.mark.parametrize(
    ("looks", "hangs"),
    [
        pytest.param(
            [(MOVING, [STUCK]), (SETTLED, [STUCK]), (SETTLED, [STUCK])], True, id="it moved at the first look"
        ),
        pytest.param([(MOVING, [STUCK])] * LOOKS, False, id="it moves all the time"),
    ],
)
def test_while_the_leaders_of_the_log_move_it_looks_again(monkeypatch, looks, hangs):
    looking = Looking(monkeypatch, *looks)

    assert bool(looking.verdict.hanging) == hangs
    assert looking.verdict.awaits_look != hangs
    assert len(looking.slept) == len(looks) - 1
    assert looking.reported[0].endswith("(the leaders are moving)")
