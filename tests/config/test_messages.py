"""Every configuration key, flag and environment variable that a message or a document names exists.

Advice such as ``set jmx.tls.mode`` is worthless if the key has another name. These tests collect everything that looks
like a key, a flag or a variable from all messages (string literals of the exporter) and all documents, and look it up
in the table of the configuration. Words that only look like a key are excluded below, with their real meaning.
An exclusion that matches nothing is an error.
"""

import argparse
import ast
import importlib
import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from kafka_producer_exporter.__main__ import VERBS
from kafka_producer_exporter.audit.options import KNOWN as KAFKA_OPTIONS
from kafka_producer_exporter.config.environment import FILE_VARIABLE
from kafka_producer_exporter.config.schema import ENVIRONMENT_PREFIX, SETTINGS, options
from kafka_producer_exporter.config.sections import Section
from kafka_producer_exporter.config.shapes import ListOf, OneOf, Shape
from tests.paths import DOCS, ROOT

SECTIONS = ("broker", "defaults", "id_groups", "jmx", "limits", "logging", "probe", "sasl", "targets", "tls")
"""A dotted name that starts with one of these is a key. They are written out so that a renamed section is noticed."""

NOT_KEYS = {
    "may_fire": "a key of lab/faults.yaml",
    "no_finding": "a key of lab/faults.yaml",
    "jmx.readings": "a module",
    "targets.json": "a page of the exporter",
    "add_arguments": "a function",
    "tls_registry": "a parameter",
    "sasl.jaas.config": "a setting of Kafka clients",
    "jmx_exporter": "another exporter",
    "from_hostname": "a value of broker.shard",
    "duplicate_client_id": "a value of the label reason",
    "read_committed": "an isolation level of Kafka",
    "s_client": "a command of openssl",
    "https_proxy": "an environment variable of other programs",
    "group_left": "a keyword of PromQL",
    "keep_firing_for": "a key of alert rules",
    "rule_files": "a key of Prometheus",
    "evaluation_interval": "a key of Prometheus",
    "broker.config.labels.kafka_cluster": "a value of the chart",
    "transaction_log": "a benchmark, and a source of the broker view",
    "use_all_dns_ips": "a value of Kafka's client.dns.lookup",
}
NOT_OUR_FLAGS = {
    "kafka-acls.sh": ("--add", "--allow-principal", "--cluster", "--operation", "--producer", "--transactional-id"),
    "kubectl": (
        "--dry-run",
        "--from-file",
        "--from-literal",
        "--local",
        "--prefix",
        "--server-side",
        "--since",
        "--timestamps",
    ),
    "docker": ("--platform", "--rm"),
    "helm": ("--create-namespace", "--install", "--reuse-values"),
    "kafka-topics.sh": ("--describe", "--unavailable-partitions"),
    "kafka-transactions.sh": ("--partition", "--start-offset", "--topic"),
    "benchmarks": ("--before", "--clients", "--memory-limit", "--python", "--records", "--rounds", "--targets"),
    "lab.fetch": ("--pin",),
    "pip": ("--require-hashes",),
    "tests.truth": ("--seed",),
}
NOT_OUR_VARIABLES = {"KAFKA_PRODUCER_EXPORTER_PORT": "Kubernetes sets it for a Service with our name"}
GENERATED = ("metrics.md", "guide-coverage.md", "alerts.md")
"""These pages are full of metrics, labels and parameters of rules, which tests of their own check."""

CHART = ROOT / "helm" / "kafka-producer-exporter"
ABOUT_THE_CHART = ("kubernetes-fleet.md",)
"""The YAML of these pages is for the chart, whose tests check it."""


class Text(NamedTuple):
    """A message or a line of a document."""

    where: str
    text: str


class Name(NamedTuple):
    """Something that a text names."""

    name: str
    where: str


# What exists.


def below(shape: Shape) -> Section | None:
    """Return the section that a value of this shape holds, if any."""
    while isinstance(shape, ListOf | OneOf):
        shape = shape.shape if isinstance(shape, ListOf) else shape.ordinary
    return shape if isinstance(shape, Section) else None


def paths(section: Section, prefix: str = "") -> Iterator[str]:
    """Yield ``broker``, ``broker.sasl``, ``broker.sasl.mechanism``."""
    for key in section.keys:
        yield prefix + key.name
        if inner := below(key.shape):
            yield from paths(inner, f"{prefix}{key.name}.")


def tails(path: str) -> Iterator[str]:
    """Yield the path and its ends: ``jmx.tls.mode`` stands for ``targets.jmx.tls.mode``."""
    parts = path.split(".")
    yield from (".".join(parts[start:]) for start in range(len(parts)))


def chart_values(schema: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield ``broker.enabled`` and the other values of the Helm chart, by its JSON schema."""
    for name, value in schema.get("properties", {}).items():
        yield prefix + name
        yield from chart_values(value, f"{prefix}{name}.")


KEYS = frozenset(tail for path in paths(SETTINGS) for tail in tails(path))
CHART_VALUES = frozenset(chart_values(json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))))
VARIABLES = frozenset({FILE_VARIABLE, *(option.variable for option in options())})


@cache
def our_flags() -> frozenset[str]:
    """Return the flags of every verb, and of the program itself."""
    flags = {"--version"}
    for verb in VERBS:
        parser = argparse.ArgumentParser()
        importlib.import_module(f"kafka_producer_exporter.commands.{verb}").add_arguments(parser)
        flags |= {flag for action in parser._actions for flag in action.option_strings}
    return frozenset(flags)


# What is named.


def messages(source: str, where: str = "") -> Iterator[Text]:
    """Yield the string literals of a Python source, without its docstrings."""
    tree = ast.parse(source)
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            yield Text(f"{where}:{node.lineno}", node.value)


@cache
def all_messages() -> tuple[Text, ...]:
    """Return the messages of the exporter."""
    files = sorted((ROOT / "exporter").rglob("*.py"))
    return tuple(text for file in files for text in messages(file.read_text(encoding="utf-8"), relative(file)))


def documents() -> list[Path]:
    """Return the files that users and contributors read."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]


@cache
def all_lines() -> tuple[Text, ...]:
    """Return the lines of the documents."""
    return tuple(
        Text(f"{relative(file)}:{number}", line)
        for file in documents()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
    )


def relative(file: Path) -> str:
    return str(file.relative_to(ROOT))


DOTTED = re.compile(rf"(?<![\w./-])((?:{'|'.join(SECTIONS)})(?:\[\d*\])?(?:\.[a-z_]+)+)(?![\w/(-])")
"""``jmx.tls.mode``, ``targets[0].jmx``."""
ADVICE = re.compile(r"\b(?:add|set|use|write) ([a-z_]+): (?=\S)")
"""``use transport: rmi``."""
SNAKE = re.compile(r"(?<![\w./<$-])(?!kafka_)([a-z]+(?:_[a-z]+)+)(?![\w(./-])")
"""``token_url`` in a message. Words without an underscore could be anything, and metrics start with ``kafka_``."""
QUOTED = re.compile(r"`(?!kafka_|test_)([a-z]+(?:_[a-z]+)+)(?:: [^`]+)?`")
"""``token_url`` in a document, in backticks, with or without a value."""
FLAG = re.compile(r"(?<![\w-])(?<!var\()(--[a-z][a-z0-9-]*)(?![\w:-])")
"""``--target``, but neither ``--good:`` nor ``var(--good)`` of a style sheet."""
VARIABLE = re.compile(rf"({ENVIRONMENT_PREFIX}[A-Z_]*[A-Z])")


def keys_in_messages(texts: tuple[Text, ...]) -> Iterator[Name]:
    for where, text in texts:
        # The catalogue's texts are about metrics and labels. A text without a blank is no message.
        single = [] if "/catalogue/" in where or " " not in text else SNAKE.findall(text)
        for name in (*DOTTED.findall(text), *ADVICE.findall(text), *single):
            yield Name(re.sub(r"\[\d*\]", "", name), where)


def keys_in_documents(texts: tuple[Text, ...]) -> Iterator[Name]:
    for where, text in texts:
        single = [] if where.partition(":")[0].endswith(GENERATED) else QUOTED.findall(text)
        for name in (*DOTTED.findall(text), *single):
            yield Name(re.sub(r"\[\d*\]", "", name), where)


def keys_in_yaml(tree: object, prefix: str = "") -> Iterator[str]:
    """Yield the paths of all keys of an example. What is below ``labels`` are names of labels."""
    if isinstance(tree, list):
        for item in tree:
            yield from keys_in_yaml(item, prefix)
    elif isinstance(tree, dict):
        for name, value in tree.items():
            yield f"{prefix}{name}"
            if name != "labels":
                yield from keys_in_yaml(value, f"{prefix}{name}.")


def yaml_examples() -> Iterator[Text]:
    for file in documents():
        if file.name in ABOUT_THE_CHART:
            continue
        blocks = re.findall(r"^```yaml\n(.*?)^```", file.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        yield from (Text(relative(file), textwrap.dedent(block)) for block in blocks)


def named_keys() -> list[Name]:
    examples = (Name(key, where) for where, example in yaml_examples() for key in keys_in_yaml(yaml.safe_load(example)))
    return [*keys_in_messages(all_messages()), *keys_in_documents(all_lines()), *examples]


def found(pattern: re.Pattern[str]) -> list[Name]:
    texts = (*all_messages(), *all_lines())
    return [Name(name, where) for where, text in texts for name in pattern.findall(text)]


def unknown(names: list[Name], *known: frozenset[str]) -> list[str]:
    return [f"{where}: {name}" for name, where in names if not any(name in each for each in known)]


# The tests.


def test_every_key_that_is_named_exists():
    assert unknown(named_keys(), KEYS, CHART_VALUES, KAFKA_OPTIONS, frozenset(NOT_KEYS)) == [], (
        "correct the name, or add it to NOT_KEYS if it is not a key"
    )


def test_every_flag_that_is_named_exists():
    foreign = frozenset(flag for flags in NOT_OUR_FLAGS.values() for flag in flags)

    assert unknown(found(FLAG), our_flags(), foreign) == []


def test_every_variable_that_is_named_exists():
    assert unknown(found(VARIABLE), VARIABLES, frozenset(NOT_OUR_VARIABLES)) == []


def test_every_section_of_the_search_exists():
    assert set(SECTIONS) <= KEYS


def test_every_exclusion_excludes_something():
    excluded = {*NOT_KEYS, *NOT_OUR_VARIABLES, *(flag for flags in NOT_OUR_FLAGS.values() for flag in flags)}
    named = {name for name, _ in (*named_keys(), *found(FLAG), *found(VARIABLE))}

    assert excluded - named == set(), "no text names these any more: remove them"
    assert excluded & (KEYS | our_flags() | VARIABLES) == set(), "these exist: remove them from the exclusions"


@pytest.mark.parametrize("key", ["jmx.tls.mode", "broker.sasl.token_url", "probe.allow", "transport", "id_groups"])
def test_a_renamed_key_is_noticed(key):
    assert unknown(named_keys(), KEYS - {key}, frozenset(NOT_KEYS))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("set jmx.tls.mode to both", ["jmx.tls.mode"]),
        ("targets[0].jmx.port: missing", ["targets.jmx.port"]),
        ("use transport: rmi", ["transport"]),
        ("token_file and token_url are both set", ["token_file", "token_url"]),
        ("see https://example.org/broker.client", []),
        ("kafka_producer_up", []),
    ],
)
def test_keys_are_found_in_a_message(text, names):
    assert [name for name, _ in keys_in_messages((Text("", text),))] == names


def test_docstrings_are_no_messages():
    source = '"""Set jmx.mode."""\ndef f():\n    """Set jmx.mode."""\n    raise E(f"set {x} and jmx.port")\n'

    assert [text for _, text in messages(source)] == ["set ", " and jmx.port"]
