"""The rendered rules of the pack as values, with their expressions parsed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kafka_producer_exporter.pack.rules import ALL, render
from promql.expressions import Node, parse, selectors

RECORDINGS = "recordings"
"""The test file of the recording rules that no alert uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of a rule file. ``title`` names it: ``Name``, or ``Name (2)`` for the second of that name."""

    title: str
    name: str
    group: str
    is_alert: bool
    text: str
    tree: Node
    content: Mapping[str, Any]

    @property
    def labels(self) -> Mapping[str, str]:
        """Return the labels that the rule adds."""
        labels: Mapping[str, str] = self.content.get("labels", {})
        return labels

    @property
    def annotations(self) -> Mapping[str, str]:
        """Return the annotations."""
        annotations: Mapping[str, str] = self.content.get("annotations", {})
        return annotations


def whole_pack(*, scale: float = 1) -> Mapping[str, Any]:
    """Return the content of a rule file with every alert, and the default parameters."""
    return render(enable=(ALL,), scale=scale)


def rules_of(rule_file: Mapping[str, Any]) -> list[Rule]:
    """Return the rules of a rule file, in its order; raise ExpressionError for an expression that does not parse."""
    seen: dict[str, int] = {}
    rules: list[Rule] = []
    for group in rule_file["groups"]:
        for content in group["rules"]:
            name = content.get("alert") or content["record"]
            seen[name] = seen.get(name, 0) + 1
            rules.append(
                Rule(
                    title=name if seen[name] == 1 else f"{name} ({seen[name]})",
                    name=name,
                    group=group["name"],
                    is_alert="alert" in content,
                    text=str(content["expr"]),
                    tree=parse(str(content["expr"])),
                    content=content,
                )
            )
    return rules


def recordings_used(rules: Sequence[Rule], *, by: Sequence[Rule]) -> Iterator[Rule]:
    """Yield the recording rules that some rules need, also those that a recording rule needs, in the file's order."""
    recordings: dict[str, list[Rule]] = {}
    for rule in rules:
        if not rule.is_alert:
            recordings.setdefault(rule.name, []).append(rule)
    needed: set[str] = set()
    waiting = list(by)
    while waiting:
        for selector in selectors(waiting.pop().tree):
            if selector.name in recordings and selector.name not in needed:
                needed.add(selector.name)
                waiting += recordings[selector.name]
    return (rule for rule in rules if not rule.is_alert and rule.name in needed)


def needed_rules(test: str, rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules that a test file is about, with the recordings that they need, in the order of the pack."""
    if test == RECORDINGS:
        return [rule for rule in rules if not rule.is_alert]
    about = [rule for rule in rules if rule.is_alert and rule.name == test]
    used = {rule.title for rule in recordings_used(rules, by=about)}
    return [rule for rule in rules if rule in about or (not rule.is_alert and rule.title in used)]


def rule_file(rules: Sequence[Rule], changed: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the content of a rule file with some rules changed, by title."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for rule in rules:
        groups.setdefault(rule.group, []).append(changed.get(rule.title, rule.content))
    return {"groups": [{"name": name, "rules": content} for name, content in groups.items()]}
