"""The root of the command line: finds the verb, runs it, and turns errors into exit codes."""

import argparse
import difflib
import errno
import importlib
import io
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from kafka_producer_exporter import __version__
from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.net.errors import TransportError
from kafka_producer_exporter.net.printable import printable

PROGRAM = "kafka-producer-exporter"

# The help of the verbs is here and not in their modules, so that --help and serve import no other verb.
VERBS: Mapping[str, str] = {
    "serve": "serve the producers' metrics to Prometheus",
    "scrape": "read targets once, or repeatedly with --watch, and show their metrics",
    "check": "check whether each target can be read, and what to change if it cannot",
    "audit": "compare a producer's configuration, or a live producer, with the operating guide",
    "diagnose": "find out why events are not published: the cause, the evidence, and what to change",
    "transactions": "list a cluster's open and hanging transactions, and recent aborts, sessions and new producer ids",
    "metrics": "list every metric with its type, labels, source and meaning",
    "rules": "print the alert rules for Prometheus or its Operator, with your own parameters",
    "dashboards": "write the Grafana dashboards, with your own parameters",
    "inject": "add the sidecar to Kubernetes manifests: manifests in on standard input, manifests out",
    "credentials": "write the files with which a JVM lets the exporter in; the sidecar's init container runs it",
    "explain": "explain an error code or exception of Kafka, or the Kafka errors in an application's log",
    "runbook": "print what an alert means and what to do about it, or list all alerts",
}

TOLERANT = "--tolerant"
"""With it, ``serve`` starts in spite of wrong arguments: a pod whose sidecar ends again and again is not ready."""

LISTENERS = ("--listen", "--listen-pages")

EXIT_CODES = "exit codes: 0 (success), 1 (problems found), 2 (usage or configuration error), 3 (unreachable)"


class Verb(Protocol):
    """A module of ``commands``."""

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        """Add the verb's own arguments."""

    @staticmethod
    def run(arguments: argparse.Namespace) -> int:
        """Run the verb. Return the exit code, or raise ConfigError or TransportError."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line. Return the exit code, or raise SystemExit with it if the arguments are wrong."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that is not UTF-8 shows ? instead of a traceback
    if os.getpid() == 1:
        # The kernel discards SIGTERM for the first process of a container until there is a handler. This one is for the
        # moment before `serve` waits for signals.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    words = sys.argv[1:] if words is None else words
    _open_closed_streams()
    name = next((word for word in words if not word.startswith("-")), None)
    if name is not None and name not in VERBS:
        close = difflib.get_close_matches(name, VERBS, n=1)
        advice = f"did you mean {close[0]}?" if close else f"the verbs are {', '.join(VERBS)}"
        print(f"{PROGRAM}: there is no verb {printable(name)}; {advice}", file=sys.stderr)
        return 2
    if name is None:
        parser, _ = _parsers()
        parser.parse_args(words)  # --help and --version end here
        parser.print_help(sys.stderr)
        return 2
    return run(*parsed(name, words))


def parsed(name: str, words: Sequence[str]) -> tuple[Verb, argparse.Namespace]:
    """Return the verb *name* and its arguments.

    Raise SystemExit if they are wrong. A tolerant ``serve`` keeps the attribute ``rejected`` and what says where it
    listens.
    """
    parser, parsers = _parsers()
    verb = cast(Verb, importlib.import_module(f"kafka_producer_exporter.commands.{name}"))
    verb.add_arguments(parsers[name])
    try:
        return verb, parser.parse_args(words)
    except SystemExit as error:  # argparse has printed the reason
        if error.code != 2 or name != "serve" or TOLERANT not in words:
            raise
    kept = [
        word
        for before, word in zip(["", *words], words, strict=False)
        if word.partition("=")[0] in LISTENERS or before in LISTENERS
    ]
    arguments = parser.parse_args([name, TOLERANT, *kept])
    arguments.rejected = True
    return verb, arguments


def _parsers() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    parser = argparse.ArgumentParser(
        PROGRAM, description="Prometheus exporter for Kafka producers.", epilog=EXIT_CODES, allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    verbs = parser.add_subparsers(metavar="VERB")
    parsers = {
        name: verbs.add_parser(name, help=text, description=text, epilog=EXIT_CODES, allow_abbrev=False)
        for name, text in VERBS.items()
    }
    return parser, parsers


def run(verb: Verb, arguments: argparse.Namespace) -> int:
    """Run a verb. Return its exit code; if it raises an expected error, print it and return the error's code."""
    try:
        code = verb.run(arguments)
        sys.stdout.flush()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except TransportError as error:
        print(printable(f"{PROGRAM}: {error}", limit=None), file=sys.stderr)
        return 3
    except BrokenPipeError:  # as in `| head`; 141 is what a shell shows for a program that SIGPIPE ends
        _discard_output()
        return 141
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or error.filename is not None:
            raise
        _discard_output()
        print(f"{PROGRAM}: the output cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code


def _open_closed_streams() -> None:
    """Open /dev/null for each standard stream that the caller has closed, as in ``>&-``. Python has None for it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def _discard_output() -> None:
    """Let the rest of the output go nowhere; otherwise the interpreter complains at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
