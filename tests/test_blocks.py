"""Each command of the README and of the pages for users has flags, values and files that exist."""

import argparse
import json
import re
from collections import Counter
from itertools import pairwise

import jsonschema
import pytest
import yaml

from kafka_producer_exporter.__main__ import PROGRAM, VERBS, parsed
from tests.blocks import PAGES, block, blocks, commands, heredocs
from tests.paths import DOCS, ROOT

CHART = ROOT / "helm" / "kafka-producer-exporter"
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
KUBERNETES = DOCS / "kubernetes.md"
ALL = [found for page in PAGES for found in blocks(page)]
COMMANDS = [command for found in ALL for command in commands(found.text)]


def ours(command):
    """Return the words for our program, whether it runs here, in a container or in a pod; None if there are none."""
    if command[0] == PROGRAM:
        return command[1:]
    if command[:2] == ["docker", "run"]:
        verb = next(word for word in command if word in VERBS)
        return command[command.index(verb) :]
    if command[:2] == ["kubectl", "exec"] and PROGRAM in command[command.index("--") :]:
        return command[len(command) - command[::-1].index(PROGRAM) :]
    return None


def values_of(command):
    """Return the values that a helm command sets for our chart, wherever it is in the tree of charts."""
    given = {}
    for flag, word in pairwise(command):
        if flag in {"--set", "--set-string"}:
            path, _, text = word.partition("=")
            *parents, key = re.split(r"(?<!\\)\.", path.removeprefix("kafka-producer-exporter."))
            place = given
            for parent in parents:
                place = place.setdefault(parent, {})
            place[key.replace("\\", "")] = text if flag == "--set-string" else value_of(text)
    return given


def value_of(text):
    """Return a value as helm reads it after --set."""
    if text.startswith("{"):
        return [value_of(part) for part in text[1:-1].split(",")]
    value = yaml.safe_load(text or '""')
    return value if isinstance(value, bool | int) else text


def test_commands_are_found_behind_pipes_on_continued_lines_and_in_substitutions():
    text = """\
NAME=value
a --x "$NAME" |
  b 'y
z' && c \\
  d < file > other  # why
cat > f <<'END'
q: r s
END
e "$(f -g)"
"""

    assert list(commands(text)) == [
        ["a", "--x", "value"],
        ["b", "y\nz"],
        ["c", "d"],
        ["cat"],
        ["e", "$OUTPUT"],
        ["f", "-g"],
    ]
    assert heredocs(text) == ["q: r s\n"]


def test_each_block_of_the_kubernetes_page_says_whether_it_is_run():
    said = [found.kind for found in blocks(KUBERNETES)]

    assert "run" in said
    assert "" not in said


@pytest.mark.parametrize("found", [each for each in ALL if each.kind == "run"], ids=lambda each: each.name)
def test_a_test_names_each_block_that_is_run(found):
    if found.page == ROOT / "README.md" and found.name == "sidecar":
        found = block(KUBERNETES, "inject")  # the same block; see below
    tests = [file.read_text() for file in (ROOT / "tests" / "integration").rglob("*.py")]

    assert any(f'"{found.name.removesuffix("-classic")}"' in text and ".run(" in text for text in tests)


def test_the_names_of_the_blocks_that_are_run_are_unique():
    names = Counter((found.page.name, found.name) for found in ALL if found.kind == "run")

    assert [name for name, count in names.items() if count > 1] == []


def test_the_first_screen_of_the_readme_leads_to_each_use_in_one_block():
    first = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## ")[0]

    assert re.findall(r"<!-- run: (.+) -->", first) == ["sidecar", "boards", "alerts"]
    assert first.index("<!-- run: alerts -->") < first.index("![")


def test_the_readme_and_the_page_have_the_same_block_for_a_sidecar():
    assert block(ROOT / "README.md", "sidecar").text == block(KUBERNETES, "inject").text


@pytest.mark.parametrize("command", [found for found in map(ours, COMMANDS) if found], ids=" ".join)
def test_the_programs_own_parser_accepts_each_command(command):
    _, arguments = parsed(command[0], command)

    assert isinstance(arguments, argparse.Namespace)


@pytest.mark.parametrize("command", [each for each in COMMANDS if each[0] == "helm" and values_of(each)], ids=" ".join)
def test_the_charts_schema_accepts_the_values_of_each_command(command):
    jsonschema.validate(values_of(command), SCHEMA)


def test_a_value_that_the_chart_does_not_have_does_not_pass():
    command = ["helm", "install", "x", "--set", "kafka-producer-exporter.sidecar.prot=1"]

    with pytest.raises(jsonschema.ValidationError, match="prot"):
        jsonschema.validate(values_of(command), SCHEMA)


def test_each_path_into_the_repository_exists():
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    words = [word for command in COMMANDS for word in command if word.split("/")[0] in folders and "/" in word]

    assert words
    assert [word for word in words if not (ROOT / word).exists()] == []


def test_each_template_that_a_file_of_a_block_includes_is_the_charts():
    included = {
        name for found in ALL for text in heredocs(found.text) for name in re.findall(r'include "([^"]+)"', text)
    }
    defined = {
        name
        for file in (CHART / "templates").glob("*.tpl")
        for name in re.findall(r'define "([^"]+)"', file.read_text())
    }

    assert included
    assert included - defined == set()


@pytest.mark.parametrize(
    "found", [each for each in ALL if re.search(r"\$(IMAGE|REPOSITORY)\b", each.text)], ids=lambda each: each.name
)
def test_each_block_that_deploys_the_image_begins_with_build_and_push(found):
    first, second, *_ = commands(found.text)

    assert (first[:2], second[:2]) == (["docker", "build"], ["docker", "push"])
