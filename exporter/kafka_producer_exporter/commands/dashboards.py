"""The verb ``dashboards``: writes the Grafana dashboards, with a user's own parameters."""

import argparse
import json
import sys
from pathlib import Path

from kafka_producer_exporter.commands.arguments import add_set, assignments
from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.pack import dashboards


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own arguments."""
    parser.add_argument(
        "--output", required=True, type=Path, metavar="DIR", help="folder to write to; created if it is missing"
    )
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="default: %(default)s")
    add_set(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write a file for each dashboard. Return the exit code; raise ConfigError if the arguments are wrong."""
    files = dashboards.render(assignments(arguments.given), language=arguments.lang)
    folder: Path = arguments.output
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
            folder.joinpath(name).write_text(text, encoding="utf-8")
            sys.stdout.write(f"{folder / name}  {content['title']}\n")
    except OSError as error:
        problem = Problem(str(error.filename or folder), f"cannot be written: {error.strerror}")
        raise ConfigError("--output", [problem]) from error
    return 0
