"""Checks the runbooks: that none is missing, has gaps or dead links, or shows a query or command that cannot work.

``python -m alerts.runbook_checks`` prints what is wrong.
"""

import contextlib
import io
import re
import shlex
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from markdown_it.token import Token

from alerts.lint import Pack, unknown_label, unknown_metric, with_recordings
from alerts.pack_rules import Rule, rules_of, whole_pack
from alerts.runbook_pages import RUNBOOK_LINK, markdown_parser
from kafka_producer_exporter.__main__ import PROGRAM, VERBS, parsed
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.model import Profile
from promql.expressions import ExpressionError, parse, selectors

HERE = Path(__file__).parent

SECTIONS: Mapping[str, Sequence[str]] = {
    "en": (
        *("Meaning", "Impact", "Is it real?", "Diagnosis", "Mitigation"),
        *("How this alert is tested", "Related"),
    ),
    "ko": ("의미", "영향", "실제 문제인가?", "진단", "조치", "이 경보의 시험", "관련 문서"),
}
DIAGNOSIS, MITIGATION = 3, 4
"""Where these two are in SECTIONS."""

BLOCKS = ("promql", "sh", "text", "properties", "yaml", "java")
"""The languages of code blocks. ``text`` is for what a program or a log prints."""

KNOWN_PROGRAMS = frozenset(
    {
        # Kafka's own
        *("kafka-acls.sh", "kafka-broker-api-versions.sh", "kafka-client-metrics.sh", "kafka-configs.sh"),
        *("kafka-console-consumer.sh", "kafka-console-producer.sh", "kafka-consumer-groups.sh", "kafka-dump-log.sh"),
        *("kafka-features.sh", "kafka-get-offsets.sh", "kafka-leader-election.sh", "kafka-log-dirs.sh"),
        *("kafka-metadata-quorum.sh", "kafka-reassign-partitions.sh", "kafka-topics.sh", "kafka-transactions.sh"),
        # of Prometheus, Kubernetes and the JDK
        *("amtool", "promtool", "kubectl", "helm", "jcmd", "jstack", "keytool"),
        # of every Linux
        *("chronyc", "curl", "date", "dig", "getent", "grep", "head", "jq", "openssl", "sort", "ss", "tail"),
        *("timedatectl", "uniq", "wc"),
    }
)
_SHELL_OPERATORS = "|&;<>()"
_COMMAND_ENDS = {"|", "||", "&&", ";"}
_SENTENCE_BEGINS = re.compile(r"[.!?]\s+[A-Z가-힣`]")
_HTML = re.compile(r"</?[A-Za-z][^>]*>")


class Block(NamedTuple):
    """A code block: its language, its text and its line in the file."""

    language: str
    text: str
    line: int


class Section(NamedTuple):
    """A heading of the second level, and the tokens below it."""

    heading: str
    tokens: Sequence[Token]


class Known(NamedTuple):
    """What runbooks may refer to."""

    alerts: Mapping[str, str]
    """The severity of each alert."""
    pack: Pack
    """The recording rules, beside the catalogue."""


def known_rules() -> Known:
    """Return the alerts and recording rules of the package."""
    rules = rules_of(whole_pack())
    alerts = {rule.name: rule.labels["severity"] for rule in rules if rule.is_alert}
    return Known(alerts, Pack(rules, with_recordings(rules)))


def findings(folder: Path, known: Known) -> list[str]:
    """Return what is wrong with the runbooks in *folder*, as sentences that begin with the file and often the line."""
    texts = {
        language: {file.stem: file.read_text(encoding="utf-8") for file in sorted((folder / language).glob("*.md"))}
        for language in LANGUAGES
    }
    found = []
    for language, by_name in texts.items():
        found += [f"{language}/{name}.md: missing" for name in known.alerts if name not in by_name]
        found += [f"{language}/{name}.md: no alert has this name" for name in by_name if name not in known.alerts]
        for name, text in by_name.items():
            found += [f"{language}/{name}.md{finding}" for finding in _in_runbook(name, language, text, known)]
    for name in texts["en"].keys() & texts["ko"].keys():
        if (difference := _difference(texts["en"][name], texts["ko"][name])) is not None:
            found.append(f"ko/{name}.md: {difference}")
    expected = {f"{language}/{name}.md" for language, by_name in texts.items() for name in by_name}
    strays = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()} - expected
    return sorted([*found, *(f"{stray}: not a runbook; the folders are en and ko" for stray in strays)])


def _in_runbook(name: str, language: str, text: str, known: Known) -> Iterator[str]:
    """Yield the findings in one runbook, each with ``:LINE: `` or ``: `` in front."""
    tokens = markdown_parser().parse(text)
    yield from _of_structure(name, language, tokens, known)
    for block in blocks(tokens):
        if block.language not in BLOCKS:
            yield f":{block.line}: write the language of the code block, one of {', '.join(BLOCKS)}"
        elif block.language == "promql":
            yield from (f":{block.line}: {finding}" for finding in _in_query(block.text, known.pack))
        elif block.language == "sh":
            yield from (f":{block.line}: {finding}" for finding in _in_commands(block.text, known.alerts))
    for token in tokens:
        line = token.map[0] + 1 if token.map else 0
        for child in token.children or ():
            if child.type == "link_open" and (target := str(child.attrs["href"])) not in known.alerts:
                kind = "no alert has this name" if RUNBOOK_LINK.fullmatch(target) else "only runbooks can be linked"
                yield f":{line}: dead link {target}: {kind}"
            elif child.type == "image":
                yield f":{line}: an image cannot be shown"
            elif child.type == "text" and (html := _HTML.search(child.content)):
                yield f":{line}: {html[0]} is HTML, which is not interpreted; write a placeholder in CAPITALS"


def _of_structure(name: str, language: str, tokens: Sequence[Token], known: Known) -> Iterator[str]:
    headings = [
        (opening.tag, inline.content)
        for opening, inline in pairwise(tokens)
        if opening.type == "heading_open" and opening.level == 0
    ]
    if not tokens or headings[:1] != [("h1", name)] or tokens[0].type != "heading_open":
        yield f":1: begin with the heading # {name}"
        return
    intro, sections = _sections(tokens)
    if [token.type for token in intro] != ["heading_open", "inline", "heading_close", *_PARAGRAPH]:
        yield ":3: one paragraph stands between the title and the first section"
    elif not intro[4].content.endswith(".") or _SENTENCE_BEGINS.search(intro[4].content):
        yield ":3: the first paragraph is one sentence, with a full stop"
    if [section.heading for section in sections] != list(SECTIONS[language]):
        yield f": the sections are, in this order: {', '.join(SECTIONS[language])}"
        return
    yield from (f": the section {section.heading} is empty" for section in sections if not section.tokens)
    yield from _of_diagnosis(sections[DIAGNOSIS])
    if known.alerts.get(name) != "none" and not any(
        re.search(rf"\bamtool silence add\b.*\balertname={name}\b", block.text)
        for block in blocks(sections[MITIGATION].tokens)
        if block.language == "sh"
    ):
        yield f": {sections[MITIGATION].heading} has no `amtool silence add … alertname={name}`"


_PARAGRAPH = ("paragraph_open", "inline", "paragraph_close")


def _sections(tokens: Sequence[Token]) -> tuple[Sequence[Token], Sequence[Section]]:
    starts = [number for number, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h2"]
    ends = [*starts[1:], len(tokens)]
    sections = [
        Section(tokens[start + 1].content, tokens[start + 3 : end]) for start, end in zip(starts, ends, strict=True)
    ]
    return tokens[: starts[0] if starts else len(tokens)], sections


def _of_diagnosis(section: Section) -> Iterator[str]:
    """Yield what is wrong with the numbered steps."""
    steps: list[list[Token]] = []
    for token in section.tokens:
        if token.type == "list_item_open" and token.level == 1 and token.markup == ".":
            steps.append([])
        elif steps and token.level > 1:
            steps[-1].append(token)
    if not steps:
        yield f": {section.heading} has no numbered steps"
    for number, step in enumerate(steps, 1):
        kinds = [block.language for block in blocks(step)]
        if not {"promql", "sh"} & set(kinds):
            yield f": step {number} of {section.heading} has no query and no command"
        elif step[-1].type == "fence":
            yield f": step {number} of {section.heading} does not say what the answer means"


def blocks(tokens: Sequence[Token]) -> list[Block]:
    """Return the code blocks among *tokens*."""
    return [
        Block(token.info.strip(), token.content, token.map[0] + 1 if token.map else 0)
        for token in tokens
        if token.type in ("fence", "code_block")
    ]


def _in_query(text: str, pack: Pack) -> Iterator[str]:
    try:
        tree = parse(text)
    except ExpressionError as error:
        yield f"the query does not parse: {error}"
        return
    query = Rule(title="", name="", group="", is_alert=False, text=text, tree=tree, content={})
    for check in (unknown_metric, unknown_label):
        yield from (f"{where}: {what}" for where, what in check(query, pack))
    for name in dict.fromkeys(selector.name for selector in selectors(tree)):
        if name in METRICS and METRICS[name].profile is Profile.FULL:
            yield f"{name}: only the profile full serves it, which few exporters have"


def _in_commands(text: str, alerts: Collection[str]) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        try:
            lexer = shlex.shlex(line, posix=True, punctuation_chars=_SHELL_OPERATORS)
            lexer.whitespace_split = True
            words = list(lexer)
        except ValueError as error:
            yield f"{line.strip()}: {error}"
            continue
        for command in _commands(words):
            yield from _in_command(command, alerts)


def _commands(words: Sequence[str]) -> Iterator[list[str]]:
    command: list[str] = []
    for word in [*words, ";"]:
        if word not in _COMMAND_ENDS:
            command.append(word)
        elif command:
            yield command
            command = []


def _in_command(command: Sequence[str], alerts: Collection[str]) -> Iterator[str]:
    program, *words = command
    if program != PROGRAM:
        if program not in KNOWN_PROGRAMS:
            yield f"{program} is not among the known programs"
        return
    verb = words[0] if words else ""
    if verb not in VERBS:
        yield f"{PROGRAM} has no verb {verb or '(none given)'}"
        return
    printed = io.StringIO()
    try:
        with contextlib.redirect_stderr(printed), contextlib.redirect_stdout(printed):
            _, arguments = parsed(verb, words)
    except SystemExit:
        yield f"{' '.join(command)}: {printed.getvalue().strip().splitlines()[-1]}"
        return
    if verb == "runbook" and arguments.name is not None and arguments.name not in alerts:
        yield f"{' '.join(command)}: no alert has this name"


def _difference(english: str, korean: str) -> str | None:
    """Return how the code or the links of the two differ; None if they are the same. Comments may differ."""
    first, second = (markdown_parser().parse(text) for text in (english, korean))
    ours, theirs = (
        [(block.language, _without_comments(block.text)) for block in blocks(tokens)] for tokens in (first, second)
    )
    if ours != theirs:
        number = next(
            (n for n, (one, other) in enumerate(zip(ours, theirs, strict=False), 1) if one != other),
            min(len(ours), len(theirs)) + 1,
        )
        return f"code block {number} is not the same as in English"
    if _links(first) != _links(second):
        different = ", ".join(sorted(_links(first) ^ _links(second)))
        return f"the links are not the same as in English: {different}"
    return None


def _without_comments(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _links(tokens: Sequence[Token]) -> set[str]:
    return {str(child.attrs["href"]) for token in tokens for child in token.children or () if child.type == "link_open"}


if __name__ == "__main__":
    wrong = findings(HERE / "runbooks", known_rules())
    sys.stdout.write("".join(f"{finding}\n" for finding in wrong))
    sys.exit(1 if wrong else 0)
