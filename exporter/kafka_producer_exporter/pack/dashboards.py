"""The dashboards as Grafana's classic JSON, with a user's own parameters."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.pack.data import FOLDER, rules_and_parameters
from kafka_producer_exporter.pack.parameters import Values, unknown, values

_PLACE = re.compile(r"%\{([a-z0-9_.]+)\}")
_RUNBOOKS = "%{runbook_base}"


def render(
    given: Mapping[str, str] | None = None, *, language: str = "en", scale: float = 1
) -> dict[str, dict[str, Any]]:
    """Return each dashboard, by the name of its file.

    *given* are values of parameters of the rules, those that the dashboards use. *scale* divides every window, for
    trials against real faults. Raise ConfigError with every problem of *given*.
    """
    given = given or {}
    templates = _templates(language)
    known = {name.partition(".")[0] for text in templates.values() for name in _PLACE.findall(text)}
    problems = [
        Problem(f"--set {name}", unknown("parameter of the dashboards", name, sorted(known)))
        for name in given
        if name not in known
    ]
    if "," in given.get("cluster", ""):
        problems.append(Problem("--set cluster", "the dashboards need one label, not a list"))
    if problems:
        raise ConfigError("the parameters of the dashboards", problems)
    trimmed = {name: text.rstrip("/") if name == "runbook_base" else text for name, text in given.items()}
    chosen = values(rules_and_parameters()["parameters"], trimmed, language=language, scale=scale)
    return {name: _fill(json.loads(text), chosen) for name, text in templates.items()}


def _templates(language: str) -> Mapping[str, str]:
    files = sorted(FOLDER.joinpath("dashboards", language).iterdir(), key=lambda file: file.name)
    return {file.name: file.read_text(encoding="utf-8") for file in files}


def fill(text: str, chosen: Values) -> str:
    """Return a text of a dashboard with values for ``%{name}``, ``%{window.seconds}`` and ``%{window.words}``."""
    return _PLACE.sub(lambda place: chosen.fill(f"${{{place[1]}}}"), text)


def uid(board: str, language: str) -> str:
    """Return the uid of a dashboard. Those of one language link only to each other."""
    return f"kafka-producer-{board}" + ("" if language == LANGUAGES[0] else f"-{language}")


def path_of(alert: str, cluster: str, language: str) -> str:
    """Return the path in Grafana to the panel of an alert, as a template of Prometheus for the alert's labels.

    *cluster* is the label of the Kafka cluster. Labels that the alert does not have are left out.
    """
    place = panels()[alert]
    variables = {"cluster": cluster, "namespace": "namespace", "target": "target", "client_id": "client_id"}
    chosen = "".join(
        f"{{{{ with $labels.{label} }}}}&var-{variable}={{{{ . | urlquery }}}}{{{{ end }}}}"
        for variable, label in variables.items()
    )
    return f"/d/{uid(place['board'], language)}?viewPanel={place['panel']}{chosen}"


@cache
def panels() -> Mapping[str, Mapping[str, Any]]:
    """Return, for each alert, ``{"board": the last part of its uid, "panel": the panel's id}``."""
    content: Mapping[str, Mapping[str, Any]] = json.loads(FOLDER.joinpath("panels.json").read_text(encoding="utf-8"))
    return content


def _fill(value: Any, chosen: Values) -> Any:
    match value:
        case str():
            return fill(value, chosen)
        case list():
            return [_fill(item, chosen) for item in value if chosen.texts["runbook_base"] or not _is_runbook(item)]
        case dict():
            return {_fill(key, chosen): _fill(item, chosen) for key, item in value.items()}
    return value


def _is_runbook(item: Any) -> bool:
    return isinstance(item, dict) and str(item.get("url", "")).startswith(_RUNBOOKS)
