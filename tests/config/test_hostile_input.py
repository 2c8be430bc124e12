"""Configurations that would hang, exhaust or crash a careless loader: each is an ordinary problem, reported soon."""

import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from kafka_producer_exporter.bounded_yaml import MAX_DEPTH, MAX_NODES
from kafka_producer_exporter.config.context import MAX_PROBLEMS
from kafka_producer_exporter.config.load import load
from kafka_producer_exporter.config.yamlfile import MAX_FILE_BYTES
from kafka_producer_exporter.errors import ConfigError

ALIAS_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def problems_of(file: Path, environment=None) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        load(file=file, environment=environment or {}, overrides={})
    return [str(problem) for problem in raised.value.problems]


def written(folder: Path, content: str | bytes) -> Path:
    file = folder / "exporter.yml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[" * 100_000, "nested too deeply"),
        ("targets: " + "[" * (MAX_DEPTH + 5) + "]" * (MAX_DEPTH + 5), "nested too deeply"),
        (ALIAS_BOMB, f"more than {MAX_NODES} values"),
        ("targets:\n" + "- {}\n" * (MAX_NODES + 1), f"more than {MAX_NODES} values"),
        ("#" * (MAX_FILE_BYTES + 1), f"larger than {MAX_FILE_BYTES} bytes"),
        ("limits: {clients: " + "9" * 5000 + "}", "YAML cannot read this value"),
        ("limits: {clients: !!timestamp soon}", "YAML cannot read this value"),
        ("limits: {clients: !!bool perhaps}", "YAML cannot read this value"),
        ("limits: {clients: !!float ''}", "YAML cannot read this value"),
        ("limits: {clients: !!binary é}", "YAML cannot read this value"),
        ("limits: {clients: !!python/object:os.system x}", "YAML cannot read this value"),
        ("limits: {clients: 1:2:3:4:5:6:7:8:9:0:1:2:3:4:5:6:7:8:9.0}", "is not an integer"),
        ("broker: {bootstrap_servers: ['a:1'], topics: ['a{99999999999}']}", "is too large; simplify it"),
        ("broker: {bootstrap_servers: ['a:1'], topics: ['" + "(" * 10_000 + ")" * 10_000 + "']}", "simplify it"),
    ],
)
def test_hostile_content_is_a_problem_of_the_file(tmp_path, content, problem):
    problems = problems_of(written(tmp_path, content))

    assert any(problem in each for each in problems), problems
    assert all("report this" not in each for each in problems)


def test_brackets_within_brackets_cost_little_time(tmp_path):
    lines = "targets:\n" + ("- " + "[" * 300 + "]" * 300 + "\n") * 160
    began = time.thread_time()

    [problem] = problems_of(written(tmp_path, lines))

    assert "exporter.yml:2: nested too deeply" in problem
    assert time.thread_time() - began < 1.0


def test_a_pattern_that_python_warns_of_is_loaded_without_a_warning(tmp_path):
    file = written(tmp_path, "broker: {bootstrap_servers: ['a:1'], topics: ['[[a]', 'a||b']}")

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        load(file=file, environment={}, overrides={})

    assert warned == []


PEAK_OF_LOADING = """
import resource, sys
from pathlib import Path
from kafka_producer_exporter.config.load import load
from kafka_producer_exporter.errors import ConfigError

def load_and_measure(file):
    try:
        load(file=Path(file), environment={}, overrides={})
    except ConfigError as error:
        str(error), error.places
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

print(-load_and_measure("/nowhere") + load_and_measure(sys.argv[1]))
"""


@pytest.mark.parametrize(
    "content",
    [
        ALIAS_BOMB,
        "a: &a [*a, *a]",
        "".join(f"key{number}: 1\n" for number in range(MAX_NODES)),
        "targets: [" + "{}," * MAX_NODES + "]",
        "targets: [" + "{}," * (MAX_NODES - 10) + "]",
        "x" * MAX_FILE_BYTES,
    ],
    ids=["aliases", "an alias of itself", "unknown keys", "too many values", "as many values as allowed", "text"],
)
def test_a_hostile_file_costs_little_memory(tmp_path, content):
    file = written(tmp_path, content)

    ran = subprocess.run(
        [sys.executable, "-c", PEAK_OF_LOADING, str(file)], capture_output=True, text=True, check=True, timeout=60
    )

    assert int(ran.stdout) < 20 * 1024  # kilobytes


def test_more_problems_than_anyone_reads_are_counted(tmp_path):
    problems = problems_of(written(tmp_path, "".join(f"key{number}: 1\n" for number in range(MAX_PROBLEMS + 5))))

    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1] == "more: 5 other problems are not shown; correct these first"


@pytest.mark.parametrize(("make", "problem"), [(os.mkfifo, "not a regular file"), (Path.mkdir, "is a directory")])
def test_only_a_regular_file_is_read(tmp_path, make, problem):
    file = tmp_path / "exporter.yml"
    make(file)

    (reported,) = problems_of(file)

    assert reported.startswith(f"{file}: {problem}; correct --config")


def test_a_device_without_an_end_is_not_read():
    assert problems_of(Path("/dev/zero")) == ["/dev/zero: not a regular file; correct --config"]


@pytest.mark.parametrize("key", ["password_file", "password_env"])
@pytest.mark.parametrize("secret", ["hunter2", "12345678", "hunter2/with/slashes", "h" * 5000, "hun ter2"])
def test_a_secret_that_was_written_under_the_key_of_its_place_is_not_shown(tmp_path, key, secret):
    file = written(tmp_path, f"targets: [{{jmx: {{port: 1, username: u, {key}: {secret}}}}}]")

    problems = "\n".join(problems_of(file))

    assert f"jmx.{key}" in problems
    assert secret not in problems


@pytest.mark.parametrize(
    "content",
    [
        "listen: admin:hunter2@host:9797",
        "targets: [{jmx: {host: 'admin:hunter2@host', port: 1}}]",
        "broker: {bootstrap_servers: ['admin:hunter2@kafka:9092']}",
        "broker: {bootstrap_servers: 'admin:hunter2@kafka:9092'}",
        "broker: {bootstrap_servers: 'admin:hunter2,x@kafka:9092,kafka-2:9092'}",
    ],
)
def test_a_password_in_an_address_is_not_shown(tmp_path, content):
    problems = "\n".join(problems_of(written(tmp_path, content)))

    assert "hunter2" not in problems


def test_a_password_in_an_address_of_flags_and_environment_is_not_shown():
    for overrides, environment in (
        ({"target": ["admin:hunter2@host:9999"]}, {}),
        ({"listen": "admin:hunter2@host:9999"}, {}),
        ({}, {"KAFKA_PRODUCER_EXPORTER_BOOTSTRAP_SERVERS": "admin:hunter2@kafka:9092"}),
    ):
        with pytest.raises(ConfigError) as raised:
            load(file=None, environment=environment, overrides=overrides)

        assert "hunter2" not in str(raised.value)
