"""Read flags and environment variables: the layers above the file."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kafka_producer_exporter.config.context import LoadContext
from kafka_producer_exporter.config.located import Located, nest, overlay
from kafka_producer_exporter.config.schema import ENVIRONMENT_PREFIX, Option, options
from kafka_producer_exporter.config.shapes import Integer, Labels, OneOf, Shape, split_at_commas
from kafka_producer_exporter.net.address import Address

Overrides = Mapping[str, str | Sequence[str]]
"""Values of flags, by the name of the option without its dashes. A flag that was repeated has a list."""

FILE_VARIABLE = f"{ENVIRONMENT_PREFIX}CONFIG"


def read_environment(context: LoadContext) -> Located:
    """Return the keys that environment variables set. An empty variable counts as not set."""
    located = Located({}, "environment")
    variables = {option.variable: option for option in options()}
    for name, text in sorted(context.environment.items()):
        if option := variables.get(name):
            if text:
                located = overlay(located, nest(option.path, _option_value(option, text, name, context)))
        elif name.startswith(ENVIRONMENT_PREFIX) and name != FILE_VARIABLE:
            _report_misspelling(name, [*variables, FILE_VARIABLE], context)
    return located


def read_flags(overrides: Overrides, context: LoadContext) -> Located:
    """Return the keys that flags set."""
    located = Located({}, "flags")
    for option in options():
        if (words := overrides.get(option.key.option)) is not None:
            located = overlay(located, nest(option.path, _option_value(option, words, option.flag, context)))
    return located


def _report_misspelling(name: str, known: Iterable[str], context: LoadContext) -> None:
    """Report a variable whose name is almost one of ours.

    Any other variable with our prefix is ignored: Kubernetes sets KAFKA_PRODUCER_EXPORTER_PORT and similar variables
    if a Service has our name, and users may give a password's variable any name.
    """
    suffixes = {each.removeprefix(ENVIRONMENT_PREFIX): each for each in known}
    if close := difflib.get_close_matches(name.removeprefix(ENVIRONMENT_PREFIX), suffixes, n=1, cutoff=0.85):
        context.report(name, f"unknown variable; did you mean {suffixes[close[0]]}?")


def _option_value(option: Option, words: str | Sequence[str], where: str, context: LoadContext) -> Located:
    if not option.repeatable:
        text = words if isinstance(words, str) else words[-1]
        return Located(_integer_or_text(text) if _is_numeric(option.key.shape) else text, where)
    given = [words] if isinstance(words, str) else words
    entries = [entry for text in given for entry in split_at_commas(text)]
    if isinstance(option.key.shape, Labels):
        return Located(dict(_labels(entries, where, context)), where)
    if option.path == ("targets",):
        targets = (_target(entry, f"{where}[{index}]", context) for index, entry in enumerate(entries))
        return Located([target for target in targets if target], where)
    return Located([Located(entry, f"{where}[{index}]") for index, entry in enumerate(entries)], where)


def _is_numeric(shape: Shape) -> bool:
    return isinstance(shape.ordinary if isinstance(shape, OneOf) else shape, Integer)


def _integer_or_text(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text


def _labels(entries: Sequence[str], where: str, context: LoadContext) -> Iterator[tuple[str, Located]]:
    """Yield the labels, NAME=VALUE."""
    for index, entry in enumerate(entries):
        name, found, value = entry.partition("=")
        if found:
            yield name, Located(value, f"{where}[{index}]")
        else:
            context.report(f"{where}[{index}]", "a label is NAME=VALUE")


def _target(text: str, where: str, context: LoadContext) -> Located | None:
    """Parse a target, ``[NAME=]HOST:PORT``. The problem does not quote the text, which may hold a password."""
    name, _, address = text.rpartition("=")
    try:
        host, port = Address.parse(address)
    except ValueError as error:
        context.report(where, f"{error}; a target is [NAME=]HOST:PORT")
        return None
    keys = {"jmx": Located({"host": Located(host, where), "port": Located(port, where)}, where)}
    return Located(({"name": Located(name, where)} if name else {}) | keys, where)
