import pytest

from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.sidecar.options import Resources, SidecarOptions

GOOD = {"image": "registry.example.com:5000/team/exporter:1.0", "target": "orders", "secret": "jmx"}


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"image": ""}, "image"),
        ({"image": " x "}, "image"),
        ({"image": "registry/Exporter:1"}, "image"),
        ({"target": ""}, "target"),
        ({"target": "orders,billing"}, "target"),
        ({"target": "a=b"}, "target"),
        ({"port": 99999}, "port"),
        ({"port": 80}, "port"),
        ({"port": 9798}, "port"),
        ({"jmx_port": 0}, "jmx_port"),
        ({"jmx_port": 9797}, "jmx_port"),
        ({"secret": ""}, "secret"),
        ({"secret": "Not_A_Name"}, "secret"),
        ({"open_jmx": True}, "open_jmx"),
        ({"container": "A B"}, "container"),
        ({"application_user": -1}, "application_user"),
        ({"user": 0}, "user"),
        ({"pull_policy": "Sometimes"}, "pull_policy"),
        ({"labels": {"1st": "x"}}, "labels"),
        ({"labels": {"team": "a,b"}}, "labels"),
        ({"resources": Resources(memory_limit="lots")}, "resources.memory_limit"),
        ({"resources": Resources(guaranteed=True)}, "resources.cpu_limit"),
    ],
)
def test_a_wrong_option_is_refused_by_its_name(wrong, where):
    with pytest.raises(ConfigError) as caught:
        SidecarOptions(**{**GOOD, **wrong})

    assert [problem.where for problem in caught.value.problems] == [where]


def test_all_wrong_options_are_reported_at_once():
    with pytest.raises(ConfigError) as caught:
        SidecarOptions(image="", target="", port=1)

    assert [problem.where for problem in caught.value.problems] == ["image", "target", "port", "secret"]


@pytest.mark.parametrize(
    "image",
    ["exporter", "exporter:1", "localhost:5000/exporter", "quay.io/a/b_c:v1.2-3", f"r.io/e:1@sha256:{'0' * 64}"],
)
def test_images_are_accepted_as_registries_write_them(image):
    assert SidecarOptions(**{**GOOD, "image": image}).image == image


@pytest.mark.parametrize(
    ("given", "may_change"),
    [
        ({}, False),
        ({"application_user": 0}, True),
        ({"user": None}, True),  # the cluster assigns the same user to every container of the pod
        ({"secret": "", "open_jmx": True}, True),
        ({"application_user": 10001, "leave_jvm": "a reason"}, False),
    ],
)
def test_the_jvm_may_be_changed_only_if_its_user_is_known_or_needs_no_file(given, may_change):
    assert (SidecarOptions(**{**GOOD, **given}).unchanged_because == "") == may_change
