"""The dashboards as Grafana's classic JSON, with a user's own parameters."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.pack import LANGUAGES
from kafka_producer_exporter.pack.data import FOLDER, rules_and_parameters
from kafka_producer_exporter.pack.parameters import unknown, values

PARAMETERS = ("cluster", "runbook_base")
"""The parameters of the rules that the dashboards use, too."""
_RUNBOOKS = "%{runbook_base}"


def render(given: Mapping[str, str] | None = None, *, language: str = "en") -> dict[str, dict[str, Any]]:
    """Return each dashboard, by the name of its file. *given* are values of ``PARAMETERS``.

    Raise ConfigError with every problem of *given*.
    """
    given = given or {}
    problems = [
        Problem(f"--set {name}", unknown("parameter", name, PARAMETERS)) for name in given.keys() - {*PARAMETERS}
    ]
    if "," in given.get("cluster", ""):
        problems.append(Problem("--set cluster", "the dashboards need one label, not a list"))
    if problems:
        raise ConfigError("the parameters of the dashboards", problems)
    texts = values(rules_and_parameters()["parameters"], given, language=language).texts
    chosen = {name: texts[name].rstrip("/") for name in PARAMETERS}
    files = sorted(FOLDER.joinpath("dashboards", language).iterdir(), key=lambda file: file.name)
    return {file.name: _fill(json.loads(file.read_text(encoding="utf-8")), chosen) for file in files}


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


def _fill(value: Any, chosen: Mapping[str, str]) -> Any:
    match value:
        case str():
            for name, text in chosen.items():
                value = value.replace(f"%{{{name}}}", text)
            return value
        case list():
            return [_fill(item, chosen) for item in value if chosen["runbook_base"] or not _leads_to_a_runbook(item)]
        case dict():
            return {_fill(key, chosen): _fill(item, chosen) for key, item in value.items()}
    return value


def _leads_to_a_runbook(item: Any) -> bool:
    return isinstance(item, dict) and str(item.get("url", "")).startswith(_RUNBOOKS)
