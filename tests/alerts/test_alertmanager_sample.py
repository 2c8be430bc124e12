"""The Alertmanager sample fits the rules: names, labels, and what may inhibit what."""

import re
from dataclasses import dataclass

import pytest
import yaml

from alerts.data import HERE
from alerts.lint import with_recordings
from alerts.pack_rules import rules_of, whole_pack
from promql.series import series_of

SAMPLE = yaml.safe_load((HERE / "alertmanager.yaml").read_text())
_MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"(.*)"')


@dataclass(frozen=True)
class Matcher:
    label: str
    op: str
    value: str

    def allows(self, fixed, possible):
        """Whether an alert can match that has these fixed labels, and may have these other ones."""
        if self.label in fixed:
            found = re.fullmatch(self.value, fixed[self.label]) if "~" in self.op else self.value == fixed[self.label]
            return bool(found) != self.op.startswith("!")
        return self.label in possible if self.op == "!=" and not self.value else self.op.startswith("!")


def matchers(texts):
    return [Matcher(*_MATCHER.fullmatch(text).groups()) for text in texts]


def routes(route):
    yield route
    for child in route.get("routes", ()):
        yield from routes(child)


RULES = rules_of(whole_pack())
KNOWN = with_recordings(RULES)
ALERTS = [
    ({"alertname": rule.name, **rule.labels}, series_of(rule.tree, KNOWN).labels) for rule in RULES if rule.is_alert
]
"""Each alert: its fixed labels, and those of its expression."""
NAMES = {fixed["alertname"] for fixed, _ in ALERTS}
LABELS = {label for fixed, possible in ALERTS for label in (*fixed, *possible)}
INHIBITIONS = [
    (matchers(rule["source_matchers"]), matchers(rule["target_matchers"]), rule["equal"])
    for rule in SAMPLE["inhibit_rules"]
]
EVERY_MATCHER = [
    *(matcher for source, target, _ in INHIBITIONS for matcher in (*source, *target)),
    *(matcher for route in routes(SAMPLE["route"]) for matcher in matchers(route.get("matchers", ()))),
]


def matching(wanted):
    return [(fixed, own) for fixed, own in ALERTS if all(matcher.allows(fixed, own) for matcher in wanted)]


def test_every_alert_that_is_named_exists_and_every_label_is_one_of_an_alert():
    named = [name for m in EVERY_MATCHER if m.label == "alertname" for name in m.value.split("|")]
    used = {
        *(matcher.label for matcher in EVERY_MATCHER),
        *(label for _, _, equal in INHIBITIONS for label in equal),
        *(label for route in routes(SAMPLE["route"]) for label in route.get("group_by", ())),
    }

    assert (set(named) - NAMES, used - LABELS) == (set(), set())


def test_every_value_of_a_fixed_label_is_one_that_an_alert_has():
    for label in ("severity", "component", "theme", "window"):
        asked = {value for m in EVERY_MATCHER if m.label == label for value in m.value.split("|")}
        assert asked <= {fixed.get(label) for fixed, _ in ALERTS}, label


def test_what_does_not_page_inhibits_no_page():
    for source, target, _ in INHIBITIONS:
        if any(fixed["severity"] == "critical" for fixed, _ in matching(target)):
            assert {fixed["severity"] for fixed, _ in matching(source)} == {"critical"}, source


def test_nothing_inhibits_the_watchdog():
    for _, target, _ in INHIBITIONS:
        assert "KafkaProducerWatchdog" not in {fixed["alertname"] for fixed, _ in matching(target)}


@pytest.mark.parametrize("number", range(len(INHIBITIONS)))
def test_an_alert_that_is_inhibited_has_the_labels_that_must_be_equal(number):
    source, target, equal = INHIBITIONS[number]
    named = {name for m in target if m.label == "alertname" and m.op == "=~" for name in m.value.split("|")}
    able = {
        fixed["alertname"]
        for fixed, own in matching(target)
        for cause, causes in matching(source)
        if all((label in {*own, *fixed}) == (label in {*causes, *cause}) for label in equal)
    }

    assert able >= named
    assert able


@pytest.mark.parametrize("number", range(len(INHIBITIONS)))
def test_alerts_of_different_names_are_linked_by_a_label_that_both_have(number):
    source, target, equal = INHIBITIONS[number]
    of_one_name = {f["alertname"] for f, _ in matching(source)} == {f["alertname"] for f, _ in matching(target)}
    asked = [{m.label for m in side if (m.op, m.value) == ("!=", "")} for side in (source, target)]

    assert "alertname" in equal or of_one_name or asked[0] & asked[1] & set(equal)


def test_the_placeholders_need_no_secret_and_info_goes_nowhere():
    receivers = {receiver.pop("name"): receiver for receiver in map(dict, SAMPLE["receivers"])}

    assert receivers.pop("nowhere") == {}
    assert {url["url"] for ways in receivers.values() for url in ways["webhook_configs"]} == {
        f"http://{name}.invalid/" for name in receivers
    }
