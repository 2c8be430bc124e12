"""Write what the Helm chart has from ``alerts/`` and ``dashboards/``, and the tables of its README.

Usage: ``python -m tools.generate_chart [FOLDER]``. The folder is that of the chart.

``files/`` has the rules and the dashboards of each language with places such as ``%{hold}`` and ``%{hold.words}``, and
``parameters.json``, from which the chart's templates (``_pack.tpl``) make the values for them. ``values.yaml`` and
``values.schema.json`` have a part with each alert and each parameter.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any

from dashboards import data as of_dashboards
from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.pack import durations, rules
from kafka_producer_exporter.pack.data import rules_and_parameters
from kafka_producer_exporter.pack.parameters import Values
from tools import chart_readme

CHART = Path(__file__).parents[1] / "helm" / "kafka-producer-exporter"
VALUES_OF_THE_CHART = ("runbook_base", "dashboard_base")
"""Parameters that have a value of their own, because more than the alerts needs them."""
BEGIN = "  # --- The rest of this block is written by `make generate` from alerts/. ---\n"
END = "  # --- Here ends what `make generate` writes. ---\n"


class _Places(Values):
    """Leaves the places as they are, in the form that has no meaning in a Grafana dashboard."""

    def fill(self, template: str) -> str:
        """Return *template* with ``%{`` for ``${``."""
        return template.replace("${", "%{")


def files() -> Iterator[tuple[str, str]]:
    """Yield the path in ``files/`` and the text of each data file."""
    yield "parameters.json", _pretty({"parameters": _all_parameters(), "units": list(_units())})
    for language in LANGUAGES:
        yield f"rules/{language}.json", _pretty(_rules(language))
    for path, text in of_dashboards.templates():
        if path.startswith("dashboards/"):
            yield path, json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


def values_part() -> str:
    """Return the part of ``values.yaml`` with each alert and each parameter."""
    lines = [
        *_comment(
            "Whether an alert is there. Recording rules are always there, because the dashboards use some of them.",
            indent=2,
        ),
        "  alerts:",
    ]
    for name, alert in _alerts().items():
        lines += [f"    # {alert['severity']}: {alert['summary']['en']}", f"    {name}: {json.dumps(alert['default'])}"]
    lines += [
        *_comment(
            "What the alerts compare with, and which series they read. The dashboards use the windows and the label of "
            "the cluster, too.",
            indent=2,
        ),
        "  parameters:",
    ]
    for name, parameter in _parameters().items():
        unit = f" Unit: {parameter['unit']}." if "unit" in parameter else ""
        lines += _comment(f"{parameter['reason']}{unit} Change it: {_lower(parameter['change'])}", indent=4)
        lines.append(f"    {name}: {json.dumps(parameter['default'])}")
    return "\n".join(lines) + "\n"


def definitions() -> Mapping[str, Mapping[str, Any]]:
    """Return the definitions of ``values.schema.json`` for alerts and parameters."""
    alerts = {name: {"type": "boolean"} for name in _alerts()}
    parameters = {name: {"$ref": f"#/definitions/rule{each['kind'].title()}"} for name, each in _parameters().items()}
    return {
        name: {"type": "object", "additionalProperties": False, "properties": properties}
        for name, properties in (("alerts", alerts), ("parameters", parameters))
    }


def main(chart: Path) -> None:
    """Write the files."""
    shutil.rmtree(chart / "files", ignore_errors=True)
    for path, text in files():
        file = chart / "files" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    between = re.compile(f"(?<={re.escape(BEGIN)}).*?(?={re.escape(END)})", re.DOTALL)
    _change(chart / "values.yaml", between, f"\n{values_part()}")
    for name, definition in definitions().items():
        text = json.dumps(definition, indent=2)
        # A property is one line.
        text = re.sub(r"\{\s+(\"(?:type|\$ref)\": \"[^\"]+\")\s+\}", r"{\1}", text).replace("\n", "\n    ")
        member = re.compile(rf'(?<=\n    "{name}": )\{{.*?\n    \}}', re.DOTALL)
        _change(chart / "values.schema.json", member, text)
    _change(chart / "README.md", chart_readme.PLACE, chart_readme.tables((chart / "values.yaml").read_text("utf-8")))


def _change(file: Path, place: re.Pattern[str], text: str) -> None:
    """Replace what *place* matches in a file, which must be one place."""
    changed, count = place.subn(lambda _: text, file.read_text(encoding="utf-8"))
    if count != 1:
        raise ValueError(f"{file}: {count} places instead of one for {place.pattern!r}")
    file.write_text(changed, encoding="utf-8")


def _rules(language: str) -> Mapping[str, Any]:
    parameters = rules_and_parameters()["parameters"]
    places = _Places({name: f"%{{{name}}}" for name in parameters}, {}, language)
    return rules.filled(places, _alerts())


def _alerts() -> Mapping[str, Mapping[str, Any]]:
    """Return the first rule of each alert, by name."""
    found: dict[str, Mapping[str, Any]] = {}
    for alert in rules.alerts():
        found.setdefault(alert["alert"], alert)
    return found


def _all_parameters() -> Mapping[str, Mapping[str, Any]]:
    return {
        name: {"kind": parameter["kind"], "default": parameter["default"]}
        for name, parameter in rules_and_parameters()["parameters"].items()
        if name not in VALUES_OF_THE_CHART
    }


def _parameters() -> Mapping[str, Mapping[str, Any]]:
    """Return the parameters that a user can change in ``prometheusRule.parameters``."""
    content: Mapping[str, Mapping[str, Any]] = rules_and_parameters()["parameters"]
    return {
        name: parameter
        for name, parameter in content.items()
        if not parameter.get("fixed") and name not in VALUES_OF_THE_CHART
    }


def _units() -> Iterator[Mapping[str, Any]]:
    """Yield the units of durations, the longest first. Those that durations are written in have words."""
    for name, length in durations.UNITS.items():
        unit = {"name": name, "milliseconds": length}
        if durations.duration(length) != f"1{name}":
            yield unit
            continue
        one = {language: durations.words(length, language) for language in LANGUAGES}
        many = {language: durations.words(2 * length, language).replace("2", "%d", 1) for language in LANGUAGES}
        yield {**unit, "one": one, "many": many}


def _comment(text: str, *, indent: int) -> list[str]:
    return [f"{' ' * indent}# {line}" for line in wrap(text, 118 - indent, break_on_hyphens=False)]


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _pretty(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CHART)
