"""The command line's root: which verb, and its exit code."""

import argparse
import difflib
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from kafka_producer_exporter import __version__
from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.net.errors import TransportError

PROGRAM = "kafka-producer-exporter"

# The help of the verbs is here and not in their modules, so that --help and serve import no other verb.
VERBS: Mapping[str, str] = {
    "serve": "serve the producers' metrics to Prometheus",
    "scrape": "read targets once, or again and again with --watch, and show their numbers",
    "check": "see whether each target can be read, and what to change where it cannot",
    "transactions": "list a cluster's transactions: open, hanging, lately aborted or reset",
    "metrics": "list every metric: its type, labels, source and meaning",
}

EXIT_CODES = "exit codes: 0 well, 1 findings, 2 usage or configuration, 3 unreachable"


class Verb(Protocol):
    """A module of ``commands``."""

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        """Add the verb's own arguments."""

    @staticmethod
    def run(arguments: argparse.Namespace) -> int:
        """Do it; returns the exit code. May raise ConfigError and TransportError."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code, or ends with it where the arguments are wrong."""
    words = sys.argv[1:] if words is None else words
    name = next((word for word in words if not word.startswith("-")), None)
    if name is not None and name not in VERBS:
        close = difflib.get_close_matches(name, VERBS, n=1)
        advice = f"did you mean {close[0]}?" if close else f"the verbs are {', '.join(VERBS)}"
        print(f"{PROGRAM}: there is no verb {name}; {advice}", file=sys.stderr)
        return 2
    parser, parsers = _parsers()
    if name is None:
        parser.parse_args(words)  # --help and --version end here
        parser.print_help(sys.stderr)
        return 2
    verb = cast(Verb, importlib.import_module(f"kafka_producer_exporter.commands.{name}"))
    verb.add_arguments(parsers[name])
    arguments = parser.parse_args(words)
    return run(verb, arguments)


def _parsers() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    parser = argparse.ArgumentParser(
        PROGRAM, description="A Kafka producer's own numbers, in Prometheus.", epilog=EXIT_CODES, allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    verbs = parser.add_subparsers(metavar="VERB")
    parsers = {
        name: verbs.add_parser(name, help=text, description=text, epilog=EXIT_CODES, allow_abbrev=False)
        for name, text in VERBS.items()
    }
    return parser, parsers


def run(verb: Verb, arguments: argparse.Namespace) -> int:
    """Run a verb; returns its exit code, or that of the error that it raised, which is told."""
    try:
        code = verb.run(arguments)
        sys.stdout.flush()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except TransportError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 3
    except BrokenPipeError:  # | head: whoever read us has enough; as a shell shows it for a program that SIGPIPE ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter complains at its end
        return 141
    except KeyboardInterrupt:
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
