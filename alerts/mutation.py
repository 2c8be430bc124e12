"""Change each rule of the pack in many small ways, and see whether the unit tests notice.

``python -m alerts.mutation`` writes ``docs/mutation.md``, and fails if the tests notice less than 95 % of the changes.
``python -m alerts.mutation NAME…`` tries the rules of some alerts, or recordings, and prints the changes that nothing
noticed. A mutant that means the same as the rule is in ``alerts/equivalent_mutants.yaml``, with the reason.
"""

import argparse
import concurrent.futures
import os
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import run
from typing import Any

import yaml

from alerts.lint import THRESHOLD
from alerts.mutants import Mutant, mutants_of
from alerts.pack_rules import RECORDINGS, Rule, needed_rules, recordings_used, rule_file, rules_of, whole_pack
from alerts.unit_tests import IN_MEMORY, TESTS, test_file
from lab.prometheus import CURRENT, promtool_binary

HERE = Path(__file__).parent
EQUIVALENT_FILE = HERE / "equivalent_mutants.yaml"
REPORT_FILE = HERE.parent / "docs" / "mutation.md"
LEAST_KILLED = 0.95
MOST_EQUIVALENT = 0.05
BATCH = 20
"""Mutants for each start of promtool, which takes longer than a test."""


@dataclass(frozen=True, slots=True)
class Job:
    """Mutants of one rule, and a test file that may notice them."""

    rule: Rule
    test: str
    mutants: tuple[Mutant, ...]


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A mutant that means the same as its rule: its title, its text, and the reason."""

    rule: str
    mutant: str
    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the mutants of one rule. ``equivalent`` survived, and are listed with a reason."""

    rule: Rule
    killed: tuple[Mutant, ...]
    survived: tuple[Mutant, ...]
    equivalent: tuple[Mutant, ...]

    @property
    def total(self) -> int:
        """Return the number of mutants."""
        return len(self.killed) + len(self.survived) + len(self.equivalent)


def noticed_by(rule: Rule, rules: Sequence[Rule]) -> list[str]:
    """Return the names of the test files that can notice a change of a rule."""
    if rule.is_alert:
        return [rule.name]
    users = {
        alert.name
        for alert in rules
        if alert.is_alert and any(used.name == rule.name for used in recordings_used(rules, by=[alert]))
    }
    return sorted(users) or [RECORDINGS]


def run_tests(test: str, rule_files: Sequence[Mapping[str, Any]], *, promtool: Path) -> list[bool]:
    """Return, for each content of a rule file, whether the test file passes with it."""
    with tempfile.TemporaryDirectory(prefix="mutation-", dir=IN_MEMORY) as name:
        folder = Path(name)
        tests = []
        for number, rules in enumerate(rule_files):
            (folder / f"rules-{number}.yaml").write_text(yaml.safe_dump(rules, sort_keys=False, allow_unicode=True))
            tests.append(folder / f"test-{number}.yaml")
            tests[-1].write_text(
                yaml.safe_dump(dict(test_file(test, folder / f"rules-{number}.yaml")), allow_unicode=True)
            )
        report = folder / "report.xml"
        said = run(
            [promtool, "test", "rules", f"--junit={report}", *tests],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "TMPDIR": name},
        )
        if not report.exists():
            raise RuntimeError(f"promtool wrote no report:\n{said.stdout}{said.stderr}")
        suites = {suite.get("name", ""): suite for suite in ET.parse(report).getroot().iter("testsuite")}
        return [_passes(suites[str(file)]) for file in tests]


def _passes(suite: ET.Element) -> bool:
    return suite.get("failures") == "0" and suite.get("errors") == "0"


def loadable(rules: Sequence[Mapping[str, Any]], *, promtool: Path) -> list[bool]:
    """Return, for each content of a rule file, whether Prometheus loads it."""
    with tempfile.TemporaryDirectory(prefix="mutation-", dir=IN_MEMORY) as name:
        files = []
        for number, content in enumerate(rules):
            files.append(Path(name) / f"rules-{number}.yaml")
            files[-1].write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
        if _checks(files, promtool=promtool):
            return [True] * len(files)
        return [_checks([file], promtool=promtool) for file in files]


def _checks(files: Sequence[Path], *, promtool: Path) -> bool:
    return run([promtool, "check", "rules", *files], capture_output=True, check=False).returncode == 0


def run_job(job: Job, rules: Sequence[Rule], *, promtool: Path) -> list[tuple[Mutant, bool]]:
    """Return each mutant that Prometheus loads, and whether the test noticed it."""
    needed = needed_rules(job.test, rules)
    changed = [rule_file(needed, {job.rule.title: mutant.content}) for mutant in job.mutants]
    loads = loadable(changed, promtool=promtool)
    alive = [(mutant, content) for mutant, content, good in zip(job.mutants, changed, loads, strict=True) if good]
    if not (TESTS / f"{job.test}.yaml").exists():
        return [(mutant, False) for mutant, _ in alive]
    passed = run_tests(job.test, [content for _, content in alive], promtool=promtool) if alive else []
    return [(mutant, not passes) for (mutant, _), passes in zip(alive, passed, strict=True)]


def jobs_of(rules: Sequence[Rule], chosen: Sequence[Rule]) -> Iterator[Job]:
    """Yield the work in small pieces."""
    for rule in chosen:
        mutants = tuple(mutants_of(rule))
        for test in noticed_by(rule, rules):
            for start in range(0, len(mutants), BATCH):
                yield Job(rule, test, mutants[start : start + BATCH])


def mutate(
    rules: Sequence[Rule], chosen: Sequence[Rule], *, processes: int, equivalents: Sequence[Equivalent]
) -> list[Result]:
    """Try every mutant of the chosen rules; raise SystemExit if a test fails before anything is changed."""
    promtool = promtool_binary(CURRENT)
    jobs = list(jobs_of(rules, chosen))
    for test in sorted({job.test for job in jobs}):
        if not (TESTS / f"{test}.yaml").exists():
            _say(f"no alerts/tests/{test}.yaml: none of its mutants is noticed")
        elif run_tests(test, [rule_file(needed_rules(test, rules), {})], promtool=promtool) != [True]:
            raise SystemExit(f"alerts/tests/{test}.yaml fails without any change of the rules; mend that first")
    noticed: dict[tuple[str, str], bool] = {}
    started, done, total = time.monotonic(), 0, sum(len(job.mutants) for job in jobs)
    with concurrent.futures.ThreadPoolExecutor(processes) as pool:
        running = {pool.submit(run_job, job, rules, promtool=promtool): job for job in jobs}
        for finished in concurrent.futures.as_completed(running):
            job = running[finished]
            for mutant, was_noticed in finished.result():
                key = job.rule.title, mutant.text
                noticed[key] = noticed.get(key, False) or was_noticed
            done += len(job.mutants)
            _say(f"{done}/{total} after {time.monotonic() - started:.0f} s: {job.rule.title} by {job.test}")
    listed = {(entry.rule, entry.mutant) for entry in equivalents}
    return [_result(rule, noticed, listed) for rule in chosen]


def _result(rule: Rule, noticed: Mapping[tuple[str, str], bool], listed: set[tuple[str, str]]) -> Result:
    tried = [mutant for mutant in mutants_of(rule) if (rule.title, mutant.text) in noticed]
    survivors = [mutant for mutant in tried if not noticed[rule.title, mutant.text]]
    return Result(
        rule,
        killed=tuple(mutant for mutant in tried if noticed[rule.title, mutant.text]),
        survived=tuple(mutant for mutant in survivors if (rule.title, mutant.text) not in listed),
        equivalent=tuple(mutant for mutant in survivors if (rule.title, mutant.text) in listed),
    )


def problems(results: Sequence[Result], equivalents: Sequence[Equivalent], *, is_whole_pack: bool = True) -> list[str]:
    """Return why the results are not good enough. The share of equivalent mutants is judged for the whole pack only."""
    total = sum(result.total for result in results)
    equivalent = sum(len(result.equivalent) for result in results)
    found = []
    if total and score(results) < LEAST_KILLED:
        found.append(f"{score(results):.1%} of the mutants are noticed; at least {LEAST_KILLED:.0%} must be")
    if is_whole_pack and total and equivalent / total > MOST_EQUIVALENT:
        found.append(
            f"{equivalent / total:.1%} of the mutants are listed as equivalent; at most {MOST_EQUIVALENT:.0%} may be"
        )
    tried = {result.rule.title for result in results}
    surviving = {(result.rule.title, mutant.text) for result in results for mutant in result.equivalent}
    found += [
        f"{EQUIVALENT_FILE.name}: {entry.rule}: no such mutant survives: {entry.mutant}"
        for entry in equivalents
        if entry.rule in tried and (entry.rule, entry.mutant) not in surviving
    ]
    return found


def score(results: Sequence[Result]) -> float:
    """Return which part of the mutants was noticed, without the equivalent ones."""
    total = sum(result.total - len(result.equivalent) for result in results)
    return sum(len(result.killed) for result in results) / total if total else 1.0


def report(results: Sequence[Result], equivalents: Sequence[Equivalent]) -> str:
    """Return the content of ``docs/mutation.md``."""
    total = sum(result.total for result in results)
    equivalent = sum(len(result.equivalent) for result in results)
    rows = _rows(results)
    lines = [
        "<!-- Written by `make mutation`. -->",
        "",
        "# Mutation tests of the alert rules",
        "",
        "`make mutation` changes each rule in many small ways, and runs its unit tests with each change, a mutant. One",
        "that no test notices survives: no test says why that part of the rule is there. A mutant",
        "",
        "- has no left or right arm of an `and`, `or` or `unless`",
        "- multiplies or divides a constant by 100",
        "- swaps minimum and maximum, or `rate` and `increase`",
        "- turns a comparison round",
        '- lacks a matcher (`target!=""` and `target=""` are dropped everywhere at once)',
        "- lacks a label of `by`, `without`, `on`, `ignoring` or `group_left`",
        "- lacks `for` or `keep_firing_for`.",
        "",
        f"**{score(results):.1%}** of {total - equivalent} mutants were noticed. {equivalent} more"
        f" ({equivalent / total if total else 0:.1%}) mean the same as their rule.",
        f"The tests ran with promtool of Prometheus {CURRENT}.",
        "",
        "| Rule | Mutants | Noticed | Survived | Equivalent |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    survivors = [(result.rule.title, mutant.text) for result in results for mutant in result.survived]
    if survivors:
        lines += ["", "## Survivors", "", *(f"- {title}: {_code(text)}" for title, text in survivors)]
    used = {(result.rule.title, mutant.text) for result in results for mutant in result.equivalent}
    listed = [entry for entry in equivalents if (entry.rule, entry.mutant) in used]
    if listed:
        lines += ["", "## Equivalent", "", "| Rule | Mutant | Why it means the same |", "| --- | --- | --- |"]
        lines += [f"| {e.rule} | {_code(e.mutant).replace('|', chr(92) + '|')} | {e.reason} |" for e in listed]
    return "\n".join(lines) + "\n"


def _rows(results: Sequence[Result]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each name, and one for all; rules of the same name share one."""
    by_name: dict[str, list[Result]] = {}
    for result in results:
        by_name.setdefault(result.rule.name, []).append(result)
    for name, group in (
        *sorted(by_name.items(), key=lambda item: (":" in item[0], item[0])),
        ("**all**", list(results)),
    ):
        parts = ("killed", "survived", "equivalent")
        counts = [sum(len(getattr(result, part)) for result in group) for part in parts]
        yield (name if name.startswith("*") else f"`{name}`", str(sum(counts)), *map(str, counts))


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def read_equivalents(file: Path = EQUIVALENT_FILE) -> list[Equivalent]:
    """Return the mutants that mean the same as their rule."""
    return [Equivalent(**entry) for entry in yaml.safe_load(file.read_text()) or []]


def chosen_rules(rules: Sequence[Rule], names: Sequence[str]) -> list[Rule]:
    """Return the rules of these names; an alert brings the recordings that only it needs.

    Without names, return all but the thresholds, which are the parameters' own values (``tests/pack/test_rules.py``).
    """
    if not names:
        return [rule for rule in rules if not rule.name.startswith(THRESHOLD)]
    if unknown := set(names) - {rule.name for rule in rules}:
        raise SystemExit(f"no such rule: {', '.join(sorted(unknown))}")
    chosen = [rule for rule in rules if rule.name in names]
    return [rule for rule in rules if rule in chosen or set(noticed_by(rule, rules)) <= set(names)]


def main(arguments: Sequence[str]) -> int:
    """Try the mutants, and return 1 if the tests notice too few of them."""
    parser = argparse.ArgumentParser(prog="python -m alerts.mutation", description=__doc__)
    parser.add_argument(
        "name", nargs="*", help="an alert or a recording; default: all, and docs/mutation.md is written"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--list", action="store_true", help="print the mutants, and try none")
    options = parser.parse_args(arguments)
    rules = rules_of(whole_pack())
    chosen = chosen_rules(rules, options.name)
    if options.list:
        for rule in chosen:
            sys.stdout.writelines(f"{rule.title}: {mutant.text}\n" for mutant in mutants_of(rule))
        return 0
    equivalents = read_equivalents()
    results = mutate(rules, chosen, processes=options.processes, equivalents=equivalents)
    for result in results:
        sys.stdout.writelines(f"survived: {result.rule.title}: {mutant.text}\n" for mutant in result.survived)
    sys.stdout.write(f"{score(results):.1%} of {sum(r.total - len(r.equivalent) for r in results)} mutants noticed\n")
    if not options.name:
        REPORT_FILE.write_text(report(results, equivalents))
    found = problems(results, equivalents, is_whole_pack=not options.name)
    sys.stdout.writelines(f"{problem}\n" for problem in found)
    return 1 if found else 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
