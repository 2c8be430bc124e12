"""The verb ``metrics``: prints the catalogue, or where each name of the operating guide is served."""

import argparse
import sys

from kafka_producer_exporter.catalogue import documentation
from kafka_producer_exporter.catalogue.guide import GUIDE
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.model import Profile

METRICS_AS = {
    "table": documentation.metrics_as_table,
    "markdown": documentation.metrics_as_markdown,
    "json": documentation.metrics_as_json,
}
GUIDE_AS = {
    "table": documentation.guide_as_table,
    "markdown": documentation.guide_as_markdown,
    "json": documentation.guide_as_json,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own arguments."""
    parser.add_argument("--format", choices=METRICS_AS, default="table", help="default: %(default)s")
    parser.add_argument(
        "--profile", choices=[str(profile) for profile in Profile], default="full", help="default: %(default)s"
    )
    parser.add_argument(
        "--guide",
        action="store_true",
        help="show how each name of the operating guide is served",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the catalogue or the guide's names. Return the exit code."""
    if arguments.guide:
        sys.stdout.write(GUIDE_AS[arguments.format](GUIDE))
        return 0
    profile = Profile(arguments.profile)
    sys.stdout.write(METRICS_AS[arguments.format]([m for m in METRICS.values() if profile.includes(m.profile)]))
    return 0
