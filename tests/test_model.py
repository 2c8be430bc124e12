import pytest

from kafka_producer_exporter.model import Fold, Kind, Labels, Metric, Profile, Unit


def metric(**changes):
    return Metric(**({"name": "kafka_producer_x", "kind": Kind.GAUGE, "help": "A test.", "section": "test"} | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "kafka_producer_x_total"}, "only counters"),
        ({"kind": Kind.COUNTER}, "only counters"),
        ({"kind": Kind.INFO}, "only infos"),
        ({"name": "kafka_producer_latency_ms", "unit": Unit.MILLISECONDS}, "must end in _seconds"),
        ({"help": "No full stop"}, "full stop"),
    ],
)
def test_an_entry_that_contradicts_itself_is_rejected(changes, message):
    with pytest.raises(ValueError, match=message):
        metric(**changes)


def test_a_fold_follows_from_kind_and_name_where_it_is_not_given():
    assert metric(name="kafka_producer_x_total", kind=Kind.COUNTER).fold is Fold.SUM
    assert metric(name="kafka_producer_latency_max_seconds", unit=Unit.MILLISECONDS).fold is Fold.MAX
    assert metric().fold is Fold.DROP
    assert metric(fold=Fold.SUM).fold is Fold.SUM


def test_labels_are_sorted_and_escaped_once():
    labels = Labels({"topic": 'a"b\\c\nd', "client_id": "x"})

    assert labels.text == r'{client_id="x",topic="a\"b\\c\nd"}'
    assert labels["client_id"] == "x"
    assert labels == Labels(dict(labels.pairs))
    assert Labels({}).text == ""


def test_each_profile_has_all_of_the_one_before():
    assert Profile.FULL.includes(Profile.MINIMAL)
    assert Profile.DEFAULT.includes(Profile.DEFAULT)
    assert not Profile.MINIMAL.includes(Profile.DEFAULT)
