"""Runs the unit tests of the rules with promtool: ``python -m alerts.unit_tests [ALERT …] [--generation 2|3]``.

``tests/NAME.yaml`` tests the alert NAME. It is a test file of promtool without ``rule_files``: the rules are rendered
with every alert, and with the parameters' defaults.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from alerts.data import HERE
from alerts.pack_rules import needed_rules, rule_file, rules_of
from kafka_producer_exporter.pack import rules
from kafka_producer_exporter.pack.document import document
from lab.prometheus import promtool_binary

TESTS = HERE / "tests"
GENERATIONS = (2, 3)
EVALUATION_INTERVAL = "1m"
EXTERNAL_URL = "http://prometheus:9090"
"""The address of Prometheus that the lines of ``diagnose`` name."""
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where promtool keeps its databases, which takes most of its time on a disk."""


def test_file(name: str, rule_file: Path) -> Mapping[str, Any]:
    """Return the content of the test file *name* (an alert, without the suffix) for promtool.

    Raise TypeError for values that YAML takes for a number: ``0x40`` is 64 and not forty-one zeros.
    """
    content = yaml.safe_load((TESTS / f"{name}.yaml").read_text(encoding="utf-8"))
    for series in (series for test in content["tests"] for series in test["input_series"]):
        if not isinstance(series["values"], str):
            raise TypeError(
                f"{name}.yaml: {series['series']}: put the values into quotes, {series['values']!r} is a number"
            )
    tests = [{"external_url": EXTERNAL_URL, **test} for test in content["tests"]]
    return {"rule_files": [str(rule_file)], "evaluation_interval": EVALUATION_INTERVAL, **content, "tests": tests}


def names() -> Sequence[str]:
    """Return the names of all test files."""
    return sorted(file.stem for file in TESTS.glob("*.yaml"))


def check_rules(content: Mapping[str, Any], generation: int) -> str:
    """Return what promtool finds wrong with a rule file; empty if nothing."""
    with tempfile.TemporaryDirectory(prefix="rules-") as folder:
        file = Path(folder, "rules.yaml")
        file.write_text(document(content, "prometheus"), encoding="utf-8")
        return promtool_failure(generation, "check", "rules", "--lint=all", "--lint-fatal", file)


def run_tests(content: Mapping[str, Any], chosen: Sequence[str], generation: int) -> str:
    """Run test files, each against those of the rules *content* that it is about. Return what failed, or nothing."""
    rules_in_all = rules_of(content)
    with tempfile.TemporaryDirectory(prefix="rules-", dir=IN_MEMORY) as folder:
        files = []
        for name in chosen:
            needed, file = Path(folder, f"{name}.rules.yaml"), Path(folder, f"{name}.test.yaml")
            needed.write_text(document(rule_file(needed_rules(name, rules_in_all), {}), "prometheus"), encoding="utf-8")
            file.write_text(yaml.safe_dump(test_file(name, needed), allow_unicode=True), encoding="utf-8")
            files.append(file)
        return promtool_failure(generation, "test", "rules", *files)


def promtool_failure(generation: int, *arguments: str | Path) -> str:
    """Run promtool. Return what it prints if it fails; empty if it does not."""
    done = subprocess.run([promtool_binary(generation), *arguments], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def main() -> int:
    """Return 1 if a rule file or a test fails, else 0."""
    parser = argparse.ArgumentParser(prog="python -m alerts.unit_tests", description=__doc__)
    parser.add_argument("alerts", nargs="*", metavar="ALERT", help="default: all")
    parser.add_argument("--generation", type=int, choices=GENERATIONS, help="of Prometheus; default: both")
    options = parser.parse_args()
    everything = rules.render(enable=(rules.ALL,))
    chosen = options.alerts or names()
    failed = False
    for generation in GENERATIONS if options.generation is None else (options.generation,):
        for what, failure in (
            ("rules", check_rules(everything, generation)),
            (f"{len(chosen)} test files", run_tests(everything, chosen, generation)),
        ):
            print(f"Prometheus {generation}: {what}: {'FAILED' if failure else 'well'}", flush=True)
            if failure:
                print(failure)
            failed = failed or bool(failure)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
