"""Writes ``rendered/`` and ``docs/alerts.md`` with the package's own room ``pack``: ``python -m alerts.render``."""

from collections.abc import Iterator
from pathlib import Path

from alerts.data import HERE
from kafka_producer_exporter.catalogue.guide import GUIDE
from kafka_producer_exporter.pack import rules
from kafka_producer_exporter.pack.data import rules_and_parameters
from kafka_producer_exporter.pack.document import document
from kafka_producer_exporter.text import markdown_table

RENDERED = HERE / "rendered"
PAGE = HERE.parent / "docs" / "alerts.md"
_WRITTEN = (
    "# Written by `make generate` from alerts/rules; `kafka-producer-exporter rules` prints it with other parameters.\n"
)
_INTRODUCTION = """\
<!-- Written by `make generate` from alerts/; do not edit. -->

# Alerts

`kafka-producer-exporter rules` prints the rules for Prometheus, and with `--format prometheusrule` for its Operator.
`--enable NAME` and `--disable NAME` choose alerts, `--set NAME=VALUE` changes a parameter, and `--lang ko` gives Korean
annotations. `kafka-producer-exporter runbook NAME` says what to do.

The Helm chart installs the same rules with `prometheusRule.enabled`: each alert is a value
(`prometheusRule.alerts.NAME`), and so is each parameter (`prometheusRule.parameters.NAME`).

A description ends with the commands that look further. `diagnose` asks the Prometheus that sent the alert, at the
external URL that it is configured with. Where that cannot be reached, run it in the pod instead:
`kubectl exec POD -c kafka-producer-exporter -- kafka-producer-exporter diagnose`.

*Critical* alerts page somebody. A *warning* is a ticket. An *info* is worth a look in office hours.
"""


def files() -> Iterator[tuple[Path, str]]:
    """Return each generated file and its text."""
    yield RENDERED / "kafka-producer-rules.yaml", _WRITTEN + document(rules.render(), "prometheus")
    yield RENDERED / "kafka-producer-rules.ko.yaml", _WRITTEN + document(rules.render(language="ko"), "prometheus")
    yield RENDERED / "prometheusrule.yaml", _WRITTEN + document(rules.render(), "prometheusrule")
    yield PAGE, _page()


def _page() -> str:
    return f"""{_INTRODUCTION}
{_alerts()}
## Parameters

A window is a duration. What is fixed is in the names of recording rules, and cannot be changed.

{_parameters()}
## What the operating guide says to monitor

Each name of the guide's monitoring section is used by an alert, or has a recording rule.

{_guide()}"""


def _alerts() -> str:
    by_name: dict[str, list[tuple[str, bool, str, str]]] = {}
    for alert in rules.alerts():
        row = (alert["theme"], alert["default"], alert["severity"], alert["summary"]["en"])
        by_name.setdefault(alert["alert"], []).append(row)
    rows = [
        (f"`{name}`", alerts[0][0], "on" if alerts[0][1] else "off", _unique(a[2] for a in alerts), alerts[0][3])
        for name, alerts in by_name.items()
    ]
    return markdown_table(("Alert", "Theme", "By default", "Severity", "Summary"), rows)


def _unique(words: Iterator[str]) -> str:
    return ", ".join(dict.fromkeys(words))


def _parameters() -> str:
    rows = [
        (
            f"`{name}`",
            f"`{parameter['default']}`" if parameter["default"] != "" else "empty",
            parameter.get("unit", parameter["kind"]) + (", fixed" if parameter.get("fixed") else ""),
            parameter["reason"],
            parameter["change"],
        )
        for name, parameter in rules_and_parameters()["parameters"].items()
    ]
    return markdown_table(("Parameter", "Default", "Unit or kind", "Why", "When to change it"), rows)


def _guide() -> str:
    found: dict[str, list[str]] = {}
    for group in rules_and_parameters()["groups"]:
        for rule in group["rules"]:
            if "guide" in rule:
                found.setdefault(rule["guide"], []).append(f"`{rule.get('alert') or rule['record']}`")
    rows = [(f"`{name.name}`", ", ".join(dict.fromkeys(found.get(name.name, ["none yet"])))) for name in GUIDE]
    return markdown_table(("Name in the guide", "Alerts and recording rules"), rows)


def main() -> None:
    """Write the files."""
    RENDERED.mkdir(exist_ok=True)
    for file, text in files():
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
