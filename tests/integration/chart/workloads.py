"""The chart's values for its own pods, and what it renders of them."""

import copy
import json
from functools import cache

from lab.helm import template
from tests.integration.chart.rendering import CHART

FOLDER = "/etc/kafka-producer-exporter"

IMAGE = {"image": {"repository": "r.io/e"}}
COLLECTOR = {"broker": {"enabled": True, "config": {"bootstrap_servers": ["kafka-1:9092", "[fd00::1]:9092"]}}}
FLEET = {
    "fleet": {
        "enabled": True,
        "networks": ["10.244.0.0/16"],
        "passwordSecret": "jmx",
        "tls": {"caSecret": "pods-ca", "serverName": "pods.example"},
    }
}
RUNBOOKS = {"runbooks": {"enabled": True}}


def merged(*values):
    """Return values merged as Helm merges files of values."""
    result = {}
    for one in values:
        for key, value in one.items():
            below = result.get(key)
            result[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


@cache
def _rendered(values, generation):
    return template(CHART, json.loads(values), generation=generation, namespace="monitoring")


def rendered(*values, generation=4):
    """Return kind and name's end → object. A test compares both generations of Helm."""
    objects = copy.deepcopy(_rendered(json.dumps(merged(IMAGE, *values)), generation))
    start = "release-kafka-producer-exporter"
    return {(each["kind"], each["metadata"]["name"].removeprefix(start)): each for each in objects}
