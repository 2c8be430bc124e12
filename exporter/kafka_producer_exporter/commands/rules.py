"""The verb ``rules``: prints the alert rules with a user's own parameters, for Prometheus or its Operator."""

import argparse
import sys

from kafka_producer_exporter.commands.arguments import add_set, assignments
from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.pack import rules
from kafka_producer_exporter.pack.data import rules_and_parameters
from kafka_producer_exporter.pack.document import FORMATS, document
from kafka_producer_exporter.text import table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own arguments."""
    parser.add_argument("--format", choices=FORMATS, default="prometheus", help="default: %(default)s")
    add_set(parser)
    parser.add_argument(
        "--enable",
        action="append",
        default=[],
        metavar="ALERT",
        help="add an alert that is off by default; repeatable; or all",
    )
    parser.add_argument(
        "--disable", action="append", default=[], metavar="ALERT", help="leave an alert out; repeatable; or all"
    )
    parser.add_argument(
        "--lang", choices=LANGUAGES, default="en", help="language of the annotations; default: %(default)s"
    )
    parser.add_argument("--list", action="store_true", help="list the alerts and the parameters instead")


def run(arguments: argparse.Namespace) -> int:
    """Print the rules, or the list. Return the exit code; raise ConfigError if the arguments are wrong."""
    if arguments.list:
        sys.stdout.write(_list(arguments.lang))
        return 0
    given = assignments(arguments.given)
    content = rules.render(given, enable=arguments.enable, disable=arguments.disable, language=arguments.lang)
    sys.stdout.write(document(content, arguments.format))
    return 0


def _list(language: str) -> str:
    alerts = {alert["alert"]: alert for alert in reversed(rules.alerts())}
    rows = [
        ("on" if alert["default"] else "off", alert["severity"], name, alert["summary"][language])
        for name, alert in sorted(alerts.items(), key=lambda item: (item[1]["theme"], item[0]))
    ]
    parameters = rules_and_parameters()["parameters"].items()
    settings = [
        (name, str(parameter["default"]) or '""', parameter.get("unit", ""), parameter["change"])
        for name, parameter in parameters
        if not parameter.get("fixed")
    ]
    return (
        "Alerts (--enable, --disable):\n"
        + table(rows, numbers=False)
        + "\nParameters (--set NAME=VALUE), their defaults, and when to change them:\n"
        + table(settings, numbers=False)
    )
