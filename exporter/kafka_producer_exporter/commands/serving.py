"""Finds the configuration of the ``serve`` that runs beside us, for a verb that is run in its container."""

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from kafka_producer_exporter.config.schema import options

PROC = Path("/proc")
PROGRAMS = ("kafka-producer-exporter", "kafka_producer_exporter")


class Serving(NamedTuple):
    """A process that serves."""

    pid: int
    words: Sequence[str]
    """What follows ``serve`` on its command line."""
    environment: Mapping[str, str]
    """Empty if it belongs to another user."""
    folder: Path | None
    """Where relative paths of its command line begin; None if that cannot be seen."""


def is_configured(arguments: argparse.Namespace) -> bool:
    """Return whether any flag of the configuration is given."""
    return arguments.config is not None or any(getattr(arguments, one.flag, None) is not None for one in options())


def serving_process(proc: Path = PROC) -> Serving | None:
    """Return the oldest process that serves, or None."""
    return next(_serving(proc), None)


def arguments_of(serving: Serving) -> argparse.Namespace:
    """Return the arguments that it was started with."""
    from kafka_producer_exporter.commands import serve

    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    serve.add_arguments(parser)
    arguments, _ = parser.parse_known_args(list(serving.words))
    if arguments.config is not None and serving.folder is not None:
        arguments.config = serving.folder / arguments.config
    return arguments


def _serving(proc: Path) -> Iterator[Serving]:
    for pid in sorted(int(folder.name) for folder in proc.iterdir() if folder.name.isdigit()):
        if pid == os.getpid():
            continue
        words = _texts(proc / str(pid) / "cmdline")
        place = _place_of_verb(words)
        if place is not None and words[place] == "serve":
            variables = (text.partition("=") for text in _texts(proc / str(pid) / "environ"))
            environment = {name: value for name, _, value in variables}
            yield Serving(pid, words[place + 1 :], environment, _folder(proc / str(pid) / "cwd"))


def _place_of_verb(words: Sequence[str]) -> int | None:
    """Return where the word after our program's name is; None if the process is another program."""
    for place, word in enumerate(words[:-1]):
        path = Path(word)
        if path.name in PROGRAMS or (path.name == "__main__.py" and path.parent.name in PROGRAMS):
            return place + 1
    return None


def _texts(file: Path) -> list[str]:
    """Return the texts of a file of /proc; none if the process has ended or belongs to another user."""
    try:
        content = file.read_bytes()
    except OSError:
        return []
    return [os.fsdecode(text) for text in content.split(b"\0") if text]


def _folder(link: Path) -> Path | None:
    try:
        return link.readlink()
    except OSError:
        return None
