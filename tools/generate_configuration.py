"""The table of the configuration as JSON schema and as a page for people.

``python -m tools.generate_configuration SCHEMA PAGE`` writes both files.
"""

import json
import sys
from pathlib import Path

from kafka_producer_exporter.config.environment import FILE_VARIABLE
from kafka_producer_exporter.config.presets import PRESETS
from kafka_producer_exporter.config.schema import (
    BROKER,
    BROKER_TLS,
    ID_GROUP,
    JMX,
    LIMITS,
    LOGGING,
    NETWORK,
    PROBE,
    SASL,
    SETTINGS,
    TARGET,
    TLS,
)
from kafka_producer_exporter.config.schema import options as all_options
from kafka_producer_exporter.config.shapes import Section
from kafka_producer_exporter.text import markdown_table

SECTIONS = (
    ("The file", SETTINGS, ""),
    ("`targets[]`", TARGET, "The same keys without `name` stand under `defaults`, for what targets share.\n\n"),
    ("`targets[].jmx`", JMX, "A password itself never stands in the file, only where it is to be found.\n\n"),
    ("`targets[].jmx.tls`", TLS, ""),
    ("`limits`", LIMITS, ""),
    ("`id_groups[]`", ID_GROUP, "Or the name of a preset, see below.\n\n"),
    ("`probe`", PROBE, ""),
    ("`probe.allow[]`", NETWORK, ""),
    ("`broker`", BROKER, "Needs no `targets`: one exporter for each cluster is best. See docs/broker-view.md.\n\n"),
    ("`broker.tls`", BROKER_TLS, ""),
    ("`broker.sasl`", SASL, ""),
    ("`logging`", LOGGING, ""),
)

INTRODUCTION = """\
# Configuration

<!-- Made by `make generate` from exporter/kafka_producer_exporter/config/schema.py; do not edit. -->

None is needed: `kafka-producer-exporter serve --target checkout=127.0.0.1:9999` serves that JVM's producers.
What is given counts in this order, from low to high: defaults, the file (`--config FILE`), the environment, flags.
A list of a higher layer replaces that of a lower one; what targets share is merged key by key.

All problems are told at once, each with its line and what to do, and the exit code is 2; with `serve --tolerant` the
exporter serves `kafka_producer_exporter_config_valid 0` and the reason instead.
SIGHUP reads everything again; a bad file leaves the settings in force as they are.
Editors check the file by the JSON schema that is shipped beside the loader,
`kafka_producer_exporter/config/exporter.schema.json`. Paths in the file are relative to its folder.
"""

EXAMPLE = """\
listen: 0.0.0.0:9797
listen_pages: 127.0.0.1:9798     # or off
profile: default

defaults:                        # for every target that does not say otherwise
  jmx:
    username: monitor
    password_env: JMX_PASSWORD
  labels: {kafka_cluster: orders}

targets:
  - name: checkout
    jmx: {host: 127.0.0.1, port: 9999}
  - name: billing
    jmx:
      host: "::1"
      port: 9998
      tls: {mode: both}
    labels: {team: money}

limits: {clients: 100, topics: 200}

id_groups:
  - kafka_streams
  - {pattern: 'orders-[0-9a-f]{8}-(\\w+)', group: 'orders-\\1'}

probe:
  allow:
    - {network: 10.0.0.0/8, ports: [9999]}

logging: {format: json, level: info}
"""


def json_schema() -> str:
    """Return the JSON schema of the file; an empty file is one."""
    schema: dict[str, object] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of kafka-producer-exporter",
    }
    schema |= SETTINGS.json_schema() | {"type": ["object", "null"]}
    return json.dumps(schema, indent=2) + "\n"


def page() -> str:
    """Return ``docs/configuration.md``."""
    parts = [INTRODUCTION, f"## An example\n\n```yaml\n{EXAMPLE}```\n", _options()]
    parts += [f"## {title}\n\n{note}{_table(section)}" for title, section, note in SECTIONS]
    return "\n".join([*parts, _presets()])


def _table(section: Section) -> str:
    return markdown_table(
        ("Key", "Value", "Default", "Meaning"),
        (
            (f"`{key.name}`", key.shape.words, _default(section, key.name), f"{'Required. ' * key.required}{key.help}")
            for key in section.keys
        ),
    )


def _default(section: Section, name: str) -> str:
    default = section.default(name)
    return "" if default is None or default == () else f"`{default}`"


def _options() -> str:
    rows = [("`--config FILE`", f"`{FILE_VARIABLE}`", "the file itself")]
    for option in all_options():
        more = "…" if option.repeatable else ""
        rows.append((f"`{option.flag}`{more}", f"`{option.variable}`", f"`{'.'.join(option.path)}`"))
    note = (
        "\nA flag that may be repeated is marked with …; its variable takes a list with commas. A target is\n"
        "`[NAME=]HOST:PORT`, with an IPv6 address in brackets; an id group is the name of a preset.\n"
    )
    return "## Flags and environment\n\n" + markdown_table(("Flag", "Environment", "Key of the file"), rows) + note


def _presets() -> str:
    rows = ((f"`{name}`", f"`{g.pattern.pattern}`", f"`{g.group}`") for name, groups in PRESETS.items() for g in groups)
    return "## Presets of `id_groups`\n\n" + markdown_table(("Preset", "Client ids that match", "Become"), rows)


if __name__ == "__main__":
    for place, text in zip(map(Path, sys.argv[1:]), (json_schema(), page()), strict=True):
        # An unchanged schema keeps its modification time, or make would build the wheel again.
        if not place.exists() or place.read_text(encoding="utf-8") != text:
            place.write_text(text, encoding="utf-8")
