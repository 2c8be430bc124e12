"""Fuzzes the configuration: files, environment variables and flags."""

import json
import random
import re
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from kafka_producer_exporter.config.environment import Overrides
from kafka_producer_exporter.config.load import load
from kafka_producer_exporter.config.schema import SETTINGS, options
from kafka_producer_exporter.config.sections import Section
from kafka_producer_exporter.config.shapes import (
    Choice,
    FilePath,
    Integer,
    Labels,
    ListOf,
    OneOf,
    Shape,
    Text,
    VariableName,
)
from kafka_producer_exporter.errors import ConfigError
from tests.fuzz.mutations import mutated, mutated_text
from tests.paths import ROOT

_HOSTILE = (
    "[" * 3000,
    "targets: " + "[" * 25 + "]" * 25,
    "{a: " * 25 + "1" + "}" * 25,
    "a: &a [x, x, x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in zip("abcde", "bcdef", strict=True)),
    "targets: &a [*a]\ndefaults: &b {jmx: *b}\n",
    "limits: {clients: " + "9" * 5000 + "}",
    "limits: {clients: !!python/object/apply:os.system [id], topics: !!timestamp soon, nodes: !!set {a}}",
    "limits: {clients: 1:2:3:4:5:6:7:8:9.0, topics: 0x_, nodes: 2024-99-99, transactional_ids: !!float '.'}",
    "broker: {bootstrap_servers: ['a:1'], topics: ['a{99999999999}', '(', '[[a]', '(?i)[\\u0100-\\uffff]*', 'a**']}",
    "<<: {listen: ':1'}\n<<: [{profile: full}]\n? [a]\n: b\n",
    "--- {}\n---\nlisten: x\n...\n%YAML 9.9\n",
    "\ufefflisten: ':1'\r\nlisten: ':2'\r",
    "targets:\n" + "".join(f"- {{name: t{n}, jmx: {{port: {n}}}}}\n" for n in range(20)),
)
_WORDS = (
    *("&a ", "*a ", "!!int ", "!!set ", "!!binary ", "!!null ", "!a ", "? ", "- ", "{", "}", "[", "]", ": ", ", "),
    *("#", "\n", "\n  ", "\t", "'", '"', "|\n", ">\n", "<<: *a", "é", "~", "null", "off", "yes", "9" * 30, "-1"),
    *("1e400", ".nan", "\\", "%", "@", "user:pw@", "\0", "\x1b[31m", "\u202e", "[::1]:", "/dev/zero", "targets: "),
    *("jmx: ", "(?P<a>", "\\1"),
)
_TEXTS = (
    *(":9797", "127.0.0.1:9798", "[::1]:9092", "kafka-1:9092,kafka-2:9092", "checkout", "10.0.0.0/8", "10.0.0.1/8"),
    *("orders-(\\w+)", "orders-\\1", "\\g<x>", "a{99999999999}", "(?i)[à-ÿ]+", "https://id/token", "http://[::1"),
    *("ä\n", "", "x" * 300, "user:secret@host:1", "from_hostname", "off", "kafka"),
)


@cache
def _examples() -> tuple[str, ...]:
    """Return every example of a configuration in the documentation."""
    found = []
    for page in ("configuration", "broker-view"):
        text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
        found += re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return tuple(found)


def _value(shape: Shape | Section, chance: random.Random) -> object:
    """Return a value of *shape*, and now and then one of another shape."""
    if chance.randrange(30) == 0:
        return chance.choice(
            (None, True, 1, -1, 1.5, 1 << 70, "", "off", [], {}, [[]], {"a": None}, chance.choice(_TEXTS))
        )
    match shape:
        case Section():
            keys = [key for key in shape.keys if key.required or chance.randrange(5) == 0]
            return {key.name: _value(key.shape, chance) for key in keys}
        case ListOf():
            return [_value(shape.shape, chance) for _ in range(chance.choice((0, 1, 1, 2)))]
        case OneOf():
            return _value(chance.choice((shape.ordinary, shape.special)), chance)
        case Integer():
            return chance.choice((shape.minimum, shape.maximum, chance.randrange(shape.minimum - 1, shape.maximum + 2)))
        case Choice():
            return chance.choice(shape.names)
        case FilePath():
            return chance.choice(("exporter.yml", "exporter.yml", "missing", "/dev/null", ".", "a" * 300))
        case VariableName():
            return chance.choice(("JMX_PASSWORD", "JMX_PASSWORD", "MISSING", "hunter2 "))
        case Labels():
            return {chance.choice(("team", "zone", "a-b", "target", "__x")): chance.choice(_TEXTS)}
        case Text():
            fitting = [text for text in _TEXTS if re.fullmatch(shape.pattern, text)]
            return chance.choice(fitting or _TEXTS)
        case _:
            return chance.choice(("off", "on", "from_hostname"))


def configurations(chance: random.Random) -> str:
    """Load a configuration of file, environment and flags, most of them damaged."""
    kind = chance.randrange(8)
    if kind < 2:
        text = chance.choice(_examples())
    elif kind < 7:
        text = json.dumps(_value(SETTINGS, chance), ensure_ascii=False)
    else:
        text = chance.choice(_HOSTILE)
    if chance.randrange(3):
        text = mutated_text(text or " ", chance, _WORDS)
    content = text.encode("utf-8", "surrogatepass")
    if chance.randrange(16) == 0:
        content = bytes(mutated(content or b"\0", chance))
    environment, flags = _environment_and_flags(chance)
    try:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            file = Path(folder) / "exporter.yml"
            file.write_bytes(content)
            load(file=file, environment=environment, overrides=flags)
    except ConfigError as error:
        if any("report this" in problem.what for problem in error.problems):
            raise AssertionError(f"{content!r}, {environment}, {flags}: {error}") from error
        return "problems"
    return "loaded"


def _environment_and_flags(chance: random.Random) -> tuple[Mapping[str, str], Overrides]:
    environment = {"JMX_PASSWORD": "secret", "HOSTNAME": chance.choice(("exporter-3", "", "a-99999999999"))}
    flags: dict[str, str | list[str]] = {}
    if chance.randrange(8) == 0:
        option = chance.choice(_options())
        environment[option.variable] = mutated_text(chance.choice(_TEXTS), chance, _WORDS).replace("\0", "")
    if chance.randrange(8) == 0:
        option = chance.choice(_options())
        text = mutated_text(chance.choice(_TEXTS), chance, _WORDS)
        flags[option.key.option] = [text, "b=c:1"] if option.repeatable else text
    return environment, flags


_options = cache(lambda: list(options()))

DECODERS = (configurations,)
