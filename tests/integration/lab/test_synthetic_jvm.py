"""The lab's JVM of any shape looks as a real producer's does."""

import re

import pytest

from lab.jmxquery import read_mbeans
from lab.synthetic_jvm import ShapeJvm
from tests.recordings import recorded_mbeans

pytestmark = pytest.mark.integration


def attributes_by_kind(mbeans):
    """What tells MBeans of one kind from those of another, without their ids → the attributes that they have."""
    return {re.sub(r"=[^,]*", "", name.replace("type=", "")): sorted(mbeans[name]) for name in mbeans}


def test_each_mbean_of_a_shape_has_the_attributes_of_the_recorded_producer(lab):
    with ShapeJvm(clients=2, nodes=3, topics=5) as jvm:
        mbeans = read_mbeans(jvm.jmx_port)

    assert attributes_by_kind(mbeans) == attributes_by_kind(recorded_mbeans("4.4.0"))
    assert len(mbeans) == 2 * (4 + 1 + 3 + 5)


def test_the_values_of_a_shape_rise_from_reading_to_reading(lab):
    with ShapeJvm(clients=1, nodes=1, topics=1) as jvm:
        before, after = read_mbeans(jvm.jmx_port), read_mbeans(jvm.jmx_port)

    of_the_producer = [name for name in before if ":type=producer-" in name]
    assert all(after[name][a] > before[name][a] for name in of_the_producer for a in before[name])
