"""The rules as a rule file of Prometheus, with a user's own parameters and choice of alerts."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.pack import dashboards
from kafka_producer_exporter.pack.data import rules_and_parameters
from kafka_producer_exporter.pack.parameters import Values, unknown, values

COMPONENT = "kafka-producer"
ALL = "all"
_LOOK_FURTHER = {"en": "Look further:", "ko": "더 보기:"}
_DIAGNOSE = "kafka-producer-exporter diagnose{target} --prometheus {{{{ $externalURL }}}} --match '{matcher}'{interval}"
"""Prometheus knows the address of its own pages. A label that a series lacks is empty, and so matches."""


def render(
    given: Mapping[str, str] | None = None,
    *,
    enable: Sequence[str] = (),
    disable: Sequence[str] = (),
    language: str = "en",
    scale: float = 1,
) -> dict[str, Any]:
    """Return the content of a rule file: ``{"groups": [{"name": …, "rules": […]}]}``.

    *given* are values of parameters. The alerts that are on by default are rendered, with those in *enable* (``all``
    stands for every one) and without those in *disable*. *scale* divides every window, for trials against real faults.
    Raise ConfigError with every problem of the arguments.
    """
    content = rules_and_parameters()
    chosen = values(content["parameters"], given or {}, language=language, scale=scale)
    return filled(chosen, _wanted(content["groups"], enable, disable))


def filled(chosen: Values, names: Collection[str]) -> dict[str, Any]:
    """Return the content of a rule file with the alerts *names*, and with *chosen* values."""
    content = rules_and_parameters()
    groups = [_group(group, names, chosen) for group in content["groups"]]
    thresholds = [
        {"record": f"kafka_producer_threshold:{name}", "expr": f"vector({chosen.texts[name]})"}
        for name, parameter in content["parameters"].items()
        if parameter["kind"] == "threshold"
    ]
    return {"groups": [{"name": "kafka-producer-thresholds", "rules": thresholds}, *(g for g in groups if g["rules"])]}


def alerts() -> Sequence[Mapping[str, Any]]:
    """Return every alert, as ``alerts/rules`` has it and with its ``theme``; a name can have several."""
    return [
        {"theme": group["theme"], **rule}
        for group in rules_and_parameters()["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]


def _wanted(groups: Sequence[Mapping[str, Any]], enable: Sequence[str], disable: Sequence[str]) -> set[str]:
    known = {rule["alert"]: rule["default"] for group in groups for rule in group["rules"] if "alert" in rule}
    problems = [
        Problem(f"--{flag} {name}", unknown("alert", name, sorted(known)))
        for flag, names in (("enable", enable), ("disable", disable))
        for name in names
        if name not in known and name != ALL
    ]
    if problems:
        raise ConfigError("the choice of alerts", problems)
    on = {name for name, is_default in known.items() if is_default or name in enable or ALL in enable}
    return set() if ALL in disable else on - set(disable)


def _group(group: Mapping[str, Any], names: Collection[str], chosen: Values) -> dict[str, Any]:
    rules = [
        _rule(rule, group["theme"], chosen) for rule in group["rules"] if "record" in rule or rule["alert"] in names
    ]
    interval = {"interval": chosen.fill(group["interval"])} if "interval" in group else {}
    return {"name": group["group"], **interval, "rules": rules}


def _rule(rule: Mapping[str, Any], theme: str, chosen: Values) -> dict[str, Any]:
    expression = chosen.fill(rule["expr"])
    if "record" in rule:
        return {"record": rule["record"], "expr": expression}
    holds = {key: chosen.fill(rule[key]) for key in ("for", "keep_firing_for") if key in rule}
    extra = {name: chosen.fill(text) for name, text in rule.get("labels", {}).items()}
    return {
        "alert": rule["alert"],
        "expr": expression,
        **holds,
        "labels": {"severity": rule["severity"], "component": COMPONENT, "theme": theme, **extra},
        "annotations": dict(_annotations(rule, chosen)),
    }


def _annotations(rule: Mapping[str, Any], chosen: Values) -> Iterator[tuple[str, str]]:
    language = chosen.language
    yield "summary", chosen.fill(rule["summary"][language])
    commands = "; ".join(f"`{chosen.fill(command)}`" for command in _commands(rule))
    yield "description", f"{chosen.fill(rule['description'][language])} {_LOOK_FURTHER[language]} {commands}"
    if base := chosen.texts["runbook_base"].rstrip("/"):
        yield "runbook_url", f"{base}/{rule['alert']}"
    if base := chosen.texts["dashboard_base"].rstrip("/"):
        yield "dashboard_url", base + dashboards.path_of(rule["alert"], chosen.texts["cluster"], language)


def _commands(rule: Mapping[str, Any]) -> Iterator[str]:
    """Yield what leads further, as templates: the last one finds the cause, where ``diagnose`` can."""
    yield rule["look"]
    if diagnosed := rule.get("diagnose"):
        of_service = diagnosed["of"] == "service"
        label = "namespace" if of_service else "${cluster}"
        yield _DIAGNOSE.format(
            target=" {{ $labels.target }}" if of_service else "",
            matcher=f'{label}="{{{{ $labels.{label} }}}}"',
            interval=f" --interval {diagnosed['within']}" if "within" in diagnosed else "",
        )
