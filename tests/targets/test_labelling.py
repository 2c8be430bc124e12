import re

import pytest

from kafka_producer_exporter.model import MBeanKind
from kafka_producer_exporter.settings import IdGroup, Limits
from kafka_producer_exporter.targets.labelling import BOUNDS, MAX_LABEL_LENGTH, OTHER, Labeller

CLIENT = MBeanKind("kafka.producer", "producer-metrics", (("client-id", "client_id"),))
TOPIC = MBeanKind("kafka.producer", "producer-topic-metrics", (("client-id", "client_id"), ("topic", "topic")))
NODE = MBeanKind("kafka.producer", "producer-node-metrics", (("client-id", "client_id"), ("node-id", "node_id")))


class Name:
    """As much of an ObjectName as a placement needs."""

    def __init__(self, **properties):
        self.properties = {key.replace("_", "-"): value for key, value in properties.items()}


def labeller(*groups, **limits):
    return Labeller({"target": "checkout"}, limits=Limits(**limits), groups=groups)


def test_series_carry_the_static_labels_and_the_names_of_the_mbean():
    placed = labeller().place(NODE, Name(client_id="orders", node_id="node-1"))

    assert dict(placed.labels.pairs) == {"target": "checkout", "client_id": "orders", "node_id": "1"}
    assert placed.folded is None


def test_a_static_label_never_replaces_a_label_of_the_mbean():
    placed = Labeller({"client_id": "wrong"}, limits=Limits(), groups=()).place(CLIENT, Name(client_id="right"))

    assert placed.labels["client_id"] == "right"


def test_bootstrap_nodes_keep_their_negative_number():
    placed = labeller().place(NODE, Name(client_id="orders", node_id="node--1"))

    assert placed.labels["node_id"] == "-1"


def test_names_over_the_limit_are_folded_and_kept_names_stay_kept():
    subject = labeller(topics=1)
    first = subject.place(TOPIC, Name(client_id="a", topic="one"))
    second = subject.place(TOPIC, Name(client_id="a", topic="two"))
    of_another_client = subject.place(TOPIC, Name(client_id="b", topic="two"))

    assert (first.labels["topic"], first.folded) == ("one", None)
    assert (second.labels["topic"], second.folded) == ("other", "topic")
    assert (of_another_client.labels["topic"], of_another_client.folded) == ("two", None)


def test_a_client_that_ended_makes_room_for_the_next():
    subject = labeller(clients=1)
    subject.place(CLIENT, Name(client_id="a"))
    folded = subject.place(CLIENT, Name(client_id="b"))

    subject.retain([folded])

    assert subject.place(CLIENT, Name(client_id="c")).labels["client_id"] == "c"
    assert subject.place(CLIENT, Name(client_id="d")).folded == "client"


def test_retaining_all_changes_nothing():
    subject = labeller(clients=1, topics=1)
    placed = [subject.place(TOPIC, Name(client_id="a", topic="one"))]

    subject.retain(placed)

    assert subject.place(TOPIC, Name(client_id="a", topic="two")).folded == "topic"
    assert subject.place(CLIENT, Name(client_id="b")).folded == "client"


@pytest.mark.parametrize(
    ("client_id", "label"),
    [("app-1-StreamThread-7-producer", "app"), ("app-1-StreamThread-7-consumer", "app-1-StreamThread-7-consumer")],
)
def test_only_ids_that_match_the_whole_pattern_are_grouped(client_id, label):
    group = IdGroup(pattern=re.compile(r"(\w+)-\d+-StreamThread-\d+-producer"), group=r"\1")

    assert labeller(group).place(CLIENT, Name(client_id=client_id)).labels["client_id"] == label


def test_the_members_of_a_group_share_their_series_and_keep_their_own_id():
    placed = labeller(IdGroup(pattern=re.compile("job-.*"), group="jobs")).place(CLIENT, Name(client_id="job-17"))

    assert (placed.client_id, placed.labels["client_id"], placed.folded) == ("job-17", "jobs", "group")


@pytest.mark.parametrize("label", BOUNDS)
def test_a_label_without_a_configured_limit_is_bounded_too(label):
    kind = MBeanKind("kafka.server", "test", ((label, label),))
    subject = labeller()

    placed = [subject.place(kind, Name(**{label: str(number)})) for number in range(BOUNDS[label] + 2)]

    assert len({placement.labels for placement in placed}) == BOUNDS[label] + 1
    assert [placement.folded for placement in placed[-3:]] == [None, label, label]


def test_a_client_that_is_called_other_takes_no_room():
    subject = labeller(clients=1)

    other = subject.place(CLIENT, Name(client_id="other"))

    assert (other.labels["client_id"], other.folded) == ("other", None)
    assert subject.place(CLIENT, Name(client_id="a")).labels["client_id"] == "a"


def test_a_name_that_is_too_long_for_a_label_is_folded():
    longest, longer = "a" * MAX_LABEL_LENGTH, "a" * (MAX_LABEL_LENGTH + 1)
    subject = labeller()

    assert subject.place(CLIENT, Name(client_id=longest)).labels["client_id"] == longest
    folded = subject.place(CLIENT, Name(client_id=longer))
    assert (folded.labels["client_id"], folded.folded) == (OTHER, "client")
