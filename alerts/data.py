"""Reads and checks ``parameters.yaml`` and ``rules/``, and makes them data for the package ``pack``."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from alerts.runbook_pages import pages
from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.pack import durations
from kafka_producer_exporter.pack.parameters import places

HERE = Path(__file__).parent

THEMES = (
    "errors",
    "latency",
    "backpressure",
    "efficiency",
    "connectivity",
    "transactions",
    "idempotence",
    "dead_letters",
    "brokers",
    "settings",
    "exporter",
)
"""The files of ``rules/``, in the order in which the rules are rendered."""
SEVERITIES = ("critical", "warning", "info", "none")
DIAGNOSED = ("service", "cluster")
"""What the line of ``diagnose`` at the end of an alert's description is about."""
KINDS = ("threshold", "window", "selector", "labels", "text")
_PARAMETER_KEYS = {"default", "kind", "unit", "reason", "change", "fixed"}
_RECORD_KEYS = {"record", "expr", "guide"}
_ALERT_KEYS = {
    *("alert", "default", "expr", "for", "keep_firing_for", "severity", "labels", "summary", "description", "look"),
    *("diagnose", "guide"),
}
_ALERT_NEEDS = ("default", "expr", "severity", "summary", "description", "look")


class MistakeError(Exception):
    """Files of ``alerts/`` cannot be used; the text has a line for each problem: where it is, and what."""


def load(folder: Path = HERE) -> Mapping[str, Any]:
    """Return ``{"parameters": {name: parameter}, "groups": [group]}``; raise MistakeError if something is wrong.

    A parameter and a rule have the keys of their file. A group has ``group`` (its name), ``theme`` and ``rules``.
    """
    parameters = _read(folder / "parameters.yaml")
    groups = []
    for theme in THEMES:
        file = folder / "rules" / f"{theme}.yaml"
        if file.exists():
            groups.append({"theme": theme, **_read(file)})
    strangers = {file.stem for file in (folder / "rules").glob("*")} - set(THEMES)
    mistakes = [
        *(f"rules/{name}: no such theme; the themes are {', '.join(THEMES)}" for name in sorted(strangers)),
        *_of_parameters(parameters),
        *(mistake for group in groups for mistake in _of_group(group, parameters)),
        *_unused(parameters, groups),
    ]
    if mistakes:
        raise MistakeError("\n".join(mistakes))
    return {"parameters": parameters, "groups": groups}


def package_data() -> Mapping[str, str]:
    """Return the files of the package's data that are about alerts, by path."""
    rules = json.dumps(load(), ensure_ascii=False, indent=1) + "\n"
    return {"rules.json": rules, **pages(HERE / "runbooks")}


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content


def _of_parameters(parameters: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, parameter in parameters.items():
        where = f"parameters.yaml, {name}"
        yield from (f"{where}: unknown key {key}" for key in sorted(parameter.keys() - _PARAMETER_KEYS))
        yield from (
            f"{where}: {key} is missing" for key in ("default", "kind", "reason", "change") if key not in parameter
        )
        kind = parameter.get("kind")
        if kind not in KINDS:
            yield f"{where}: kind must be one of {', '.join(KINDS)}"
        if kind == "threshold" and not isinstance(parameter.get("default"), int | float):
            yield f"{where}: the default of a threshold is a number"
        if (kind == "threshold") != ("unit" in parameter):
            yield f"{where}: a threshold has a unit, and nothing else has one"
        if kind == "window":
            try:
                durations.milliseconds(str(parameter.get("default")))
            except ValueError as error:
                yield f"{where}: {error}"


def _of_group(group: Mapping[str, Any], parameters: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    file = f"rules/{group['theme']}.yaml"
    yield from (f"{file}: unknown key {key}" for key in sorted(group.keys() - {"theme", "group", "interval", "rules"}))
    for rule in group["rules"]:
        name = rule.get("alert") or rule.get("record") or "a rule without a name"
        where = f"{file}, {name}"
        allowed = _ALERT_KEYS if "alert" in rule else _RECORD_KEYS
        yield from (f"{where}: unknown key {key}" for key in sorted(rule.keys() - allowed))
        yield from (f"{where}: {key} is missing" for key in _needs(rule) if key not in rule)
        if "alert" in rule and rule.get("severity") not in SEVERITIES:
            yield f"{where}: severity must be one of {', '.join(SEVERITIES)}"
        for key in ("summary", "description"):
            yield from (
                f"{where}: {key} has no text in {language}"
                for language in LANGUAGES
                if key in rule and not rule[key].get(language)
            )
        diagnosed = rule.get("diagnose", {"of": DIAGNOSED[0]})
        yield from (f"{where}: unknown key diagnose.{key}" for key in sorted(diagnosed.keys() - {"of", "within"}))
        if diagnosed.get("of") not in DIAGNOSED:
            yield f"{where}: diagnose.of must be one of {', '.join(DIAGNOSED)}"
        for template in _templates(rule):
            yield from (f"{where}: there is no parameter {used}" for used in places(template) if used not in parameters)


def _needs(rule: Mapping[str, Any]) -> Sequence[str]:
    return _ALERT_NEEDS if "alert" in rule else ("record", "expr")


def _templates(rule: Mapping[str, Any]) -> Iterator[str]:
    for value in rule.values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            yield from value.values()


def _unused(parameters: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    used = {
        name for group in groups for rule in group["rules"] for text in _templates(rule) for name in places(text)
    } | {name for group in groups for name in places(group.get("interval", ""))}
    used |= {"runbook_base", "dashboard_base"}  # the renderer's own
    yield from (f"parameters.yaml, {name}: no rule uses it" for name in parameters if name not in used)
