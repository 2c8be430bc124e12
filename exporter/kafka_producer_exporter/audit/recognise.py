"""Which keys of a file are a producer's options, and for which producer.

A Spring application has its own keys. Environment variables and Kafka Connect have prefixes. For everything else the
rule is: a key that ends in an option's name sets this option for the producer that the rest of the key stands for, so
``acks``, ``kafka.producer.acks`` and ``mp.messaging.outgoing.orders.acks`` are all read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from kafka_producer_exporter.audit.configuration import SPRING_KEYS, Configuration, Setting, Style, Unrecognised
from kafka_producer_exporter.audit.entries import Entry, UnreadableError
from kafka_producer_exporter.audit.options import KNOWN, OTHER_CLIENTS, nearest, squashed
from kafka_producer_exporter.audit.version import ClientVersion

PRODUCER_ONLY = frozenset(
    {
        *("acks", "batch.size", "buffer.memory", "compression.type", "delivery.timeout.ms", "enable.idempotence"),
        *("key.serializer", "linger.ms", "max.block.ms", "max.in.flight.requests.per.connection", "max.request.size"),
        *("transaction.timeout.ms", "transactional.id", "value.serializer"),
    }
)
"""Options that no other client of Kafka has."""

READ = KNOWN | {"min.insync.replicas"}
"""A topic's setting too: who writes it here believes that it protects the producer's records."""

MAX_PREFIXES = 100
"""More clients than an application has; each is compared with all keys."""

MAX_UNKNOWN = 1_000
"""More other keys than the file of an application has; each is compared with all options."""

_CONNECT_KEYS = frozenset({"key.converter", "offset.storage.topic", "offset.storage.file.filename", "connector.class"})
_SPRING_VARIABLES, _SPRING_PRODUCER_VARIABLES = "SPRING_KAFKA_", "SPRING_KAFKA_PRODUCER_"
_CONNECT_PRODUCER, _CONNECT_WORKER = "CONNECT_PRODUCER_", "CONNECT_"
_KAFKA_PRODUCER, _KAFKA = "KAFKA_PRODUCER_", "KAFKA_"
_OURS = "KAFKA_PRODUCER_" + "EXPORTER_"
"""The variables of this exporter."""
_PREFIXES = (_SPRING_VARIABLES, _CONNECT_PRODUCER, _CONNECT_WORKER, _OURS, _KAFKA_PRODUCER, _KAFKA)
"""The longest first."""
_CONNECT_CLIENT_PREFIXES = ("producer.override.", "producer.")
_SPRING, _SPRING_PRODUCER = "spring.kafka.", "spring.kafka.producer."
_SIZES = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30}
_SPRING_ALSO = {"properties", "ssl.bundle", "security", "ssl"}


class Source(NamedTuple):
    """A file or a part of it, for messages: its name, and the number to add to its lines."""

    file: str
    part: str = ""
    lines_before: int = 0

    def place(self, line: int) -> str:
        """Return where a line is."""
        return f"{self.file}:{line + self.lines_before}"

    @property
    def title(self) -> str:
        """The name of the file, and of the part."""
        return f"{self.file} ({self.part})" if self.part else self.file


def configurations(
    entries: Sequence[Entry], source: Source, version: ClientVersion, base: Sequence[Entry] = ()
) -> list[Configuration]:
    """Return the producers' configurations that the entries hold. *base* has the entries that they add to."""
    both = [*base, *entries]
    if any(one.key.startswith(_SPRING) for one in both):
        return _nonempty(_spring(both, _Builder(source, base), version))
    if any(one.key in _CONNECT_KEYS for one in both):
        return _nonempty(_connect(both, _Builder(source, base), version))
    return list(_by_prefix(both, source, version, base))


def from_variables(entries: Sequence[Entry], source: Source, version: ClientVersion) -> list[Configuration]:
    """Return the producers' configurations that environment variables hold."""
    found: dict[str, list[Entry]] = {prefix: [] for prefix in _PREFIXES}
    for entry in entries:
        prefix = next((one for one in _PREFIXES if entry.key.startswith(one)), None)
        if prefix is not None:
            found[prefix].append(entry)
    return [
        *_nonempty(_spring_variables(found[_SPRING_VARIABLES], source, version)),
        *_connect_variables(found, source, version),
        *_kafka_variables(found, source, version),
    ]


def has_variables(entries: Iterable[Entry]) -> bool:
    """Return whether some of the entries are environment variables that may set options."""
    return any(one.key.startswith(_PREFIXES) and not one.key.startswith(_OURS) for one in entries)


class _Builder:
    """Collects the settings of one configuration; a later one replaces an earlier one."""

    def __init__(self, source: Source, base: Sequence[Entry] = ()) -> None:
        self.source = source
        self._base = {(entry.key, entry.line) for entry in base}
        self.settings: dict[str, Setting] = {}
        self._entries: dict[str, Entry] = {}
        self._unknown = 0
        self.unrecognised: list[Unrecognised] = []
        self.repeated: list[tuple[Setting, Setting]] = []

    def set(self, option: str, entry: Entry) -> None:
        setting = Setting(option, entry.value, self.source.place(entry.line), entry.key)
        before = self._entries.get(option)
        if before is not None and before.key == entry.key and (before.key, before.line) not in self._base:
            self.repeated.append((self.settings[option], setting))
        self.settings[option] = setting
        self._entries[option] = entry

    def nearest(self, name: str) -> str | None:
        """Return the option that *name* was probably meant to be; None after MAX_UNKNOWN names."""
        self._unknown += 1
        return nearest(name) if self._unknown <= MAX_UNKNOWN else None

    def doubt(self, entry: Entry, option: str | None, meant: str | None) -> None:
        self.unrecognised.append(Unrecognised(entry.key, self.source.place(entry.line), meant, option))

    def build(self, style: Style, version: ClientVersion, *, prefix: str = "", name: str = "") -> Configuration:
        return Configuration(
            name=name or self.source.title,
            style=style,
            prefix=prefix,
            settings=self.settings,
            version=version,
            unrecognised=tuple(self.unrecognised),
            repeated=tuple(self.repeated),
        )


def _nonempty(configuration: Configuration) -> list[Configuration]:
    return [configuration] if configuration.settings or configuration.unrecognised else []


# Spring Boot.


def _spring(entries: Sequence[Entry], builder: _Builder, version: ClientVersion) -> Configuration:
    """Return what Spring Boot makes of the entries (KafkaProperties.buildProducerProperties).

    Precedence, lowest first: spring.kafka.KEY, spring.kafka.properties, spring.kafka.producer.KEY, and
    spring.kafka.producer.properties.
    """
    layers: list[list[Entry]] = [[], [], [], []]
    for entry in entries:
        if not entry.key.startswith(_SPRING):
            continue
        is_producer = entry.key.startswith(_SPRING_PRODUCER)
        rest = entry.key[len(_SPRING_PRODUCER if is_producer else _SPRING) :]
        layers[2 * is_producer + rest.startswith("properties.")].append(entry)
    for number, layer in enumerate(layers):
        for entry in layer:
            rest = entry.key[len(_SPRING_PRODUCER if number >= 2 else _SPRING) :]
            if number % 2:
                _raw(builder, entry, rest.removeprefix("properties."), entry.key[: -len(rest)] + "properties.")
            else:
                _typed(builder, entry, rest, is_producer=number >= 2)
    return builder.build(Style.SPRING, version)


_TYPED = {squashed(key): option for option, key in SPRING_KEYS.items()}
_COMMON = {
    squashed(SPRING_KEYS[one]) for one in SPRING_KEYS if one.startswith(("ssl.", "security.", "bootstrap.", "client."))
}


def _typed(builder: _Builder, entry: Entry, rest: str, *, is_producer: bool) -> None:
    rest = re.sub(r"\[\d+\]$", "", rest)  # an item of a list in a properties file
    option = _TYPED.get(squashed(rest))
    if option is not None and (is_producer or squashed(rest) in _COMMON):
        builder.set(option, entry._replace(value=_in_bytes(option, entry.value)))
    elif rest == "ssl.bundle":
        builder.set("ssl.truststore.location", entry._replace(value=None))
    elif is_producer and rest not in _SPRING_ALSO:
        option = rest if rest in KNOWN else builder.nearest(rest)
        key = SPRING_KEYS.get(option, f"properties.{option}") if option else None
        is_variable = entry.key.startswith(_SPRING_PRODUCER_VARIABLES)
        spell = partial(_variable, _SPRING_PRODUCER_VARIABLES) if is_variable else _SPRING_PRODUCER.__add__
        builder.doubt(entry, option, spell(key) if key else None)


def _in_bytes(option: str, value: str | None) -> str | None:
    """Return a size such as Spring's ``32MB`` as a number of bytes."""
    match = re.fullmatch(r"(\d{1,12})([KMG]?B)", (value or "").strip())
    return str(int(match[1]) * _SIZES[match[2]]) if match and option in ("batch.size", "buffer.memory") else value


def _raw(builder: _Builder, entry: Entry, name: str, prefix: str) -> None:
    if name in READ:
        builder.set(name, entry)
    elif name not in OTHER_CLIENTS:
        option = builder.nearest(name)
        builder.doubt(entry, option, f"{prefix}{option}" if option else None)


# Kafka Connect.


def _connect(entries: Sequence[Entry], builder: _Builder, version: ClientVersion) -> Configuration:
    """Return the producers of source tasks. A worker's own bootstrap.servers are theirs, and nothing else of it is."""
    for entry in entries:
        prefix = next((one for one in _CONNECT_CLIENT_PREFIXES if entry.key.startswith(one)), None)
        if prefix is not None:
            _raw(builder, entry, entry.key.removeprefix(prefix), prefix)
        elif entry.key == "bootstrap.servers":
            builder.set(entry.key, entry)
    is_connector = any(entry.key == "connector.class" for entry in entries)
    return builder.build(Style.CONNECT, version, prefix=_CONNECT_CLIENT_PREFIXES[0 if is_connector else 1])


# Environment variables.


def _option_of(variable: str) -> str:
    """Return the option that a variable without its prefix stands for: ``LINGER_MS`` for ``linger.ms``."""
    return variable.lower().replace("_", ".")


def _variable(prefix: str, key: str) -> str:
    return prefix + key.replace("-", "").replace(".", "_").upper()


def _raw_variable(builder: _Builder, entry: Entry, prefix: str, *, certain: bool) -> None:
    """Take in a variable that is an option. Another one is doubtful if it is *certain* to be meant for a producer."""
    name = _option_of(entry.key.removeprefix(prefix))
    if name in READ:
        builder.set(name, entry)
    elif name not in OTHER_CLIENTS:
        option = builder.nearest(name)
        if option is not None or certain:
            builder.doubt(entry, option, _variable(prefix, option) if option else None)


def _connect_variables(
    found: Mapping[str, Sequence[Entry]], source: Source, version: ClientVersion
) -> Iterator[Configuration]:
    if not found[_CONNECT_PRODUCER]:
        return
    builder = _Builder(source)
    for entry in found[_CONNECT_WORKER]:
        if entry.key == "CONNECT_BOOTSTRAP_SERVERS":
            builder.set("bootstrap.servers", entry)
    for entry in found[_CONNECT_PRODUCER]:
        _raw_variable(builder, entry, _CONNECT_PRODUCER, certain=True)
    yield builder.build(Style.CONNECT, version, prefix=_CONNECT_PRODUCER)


def _kafka_variables(
    found: Mapping[str, Sequence[Entry]], source: Source, version: ClientVersion
) -> Iterator[Configuration]:
    """Yield the producer that KAFKA_… describes; KAFKA_PRODUCER_… takes precedence."""
    builder = _Builder(source)
    for prefix in (_KAFKA, _KAFKA_PRODUCER):
        for entry in found[prefix]:
            _raw_variable(builder, entry, prefix, certain=prefix == _KAFKA_PRODUCER)
    names = [_option_of(entry.key) for entry in found[_KAFKA]]
    if found[_KAFKA_PRODUCER] or _is_producer(builder.settings, (name.removeprefix("kafka.") for name in names)):
        prefix = _KAFKA_PRODUCER if found[_KAFKA_PRODUCER] else _KAFKA
        yield from _nonempty(builder.build(Style.ENVIRONMENT, version, prefix=prefix))


def _spring_variables(entries: Sequence[Entry], source: Source, version: ClientVersion) -> Configuration:
    builder = _Builder(source)
    layers: list[list[Entry]] = [[], [], [], []]
    for entry in entries:
        is_producer = entry.key.startswith(_SPRING_PRODUCER_VARIABLES)
        prefix = _SPRING_PRODUCER_VARIABLES if is_producer else _SPRING_VARIABLES
        layers[2 * is_producer + entry.key.startswith(f"{prefix}PROPERTIES_")].append(entry)
    for number, layer in enumerate(layers):
        prefix = _SPRING_PRODUCER_VARIABLES if number >= 2 else _SPRING_VARIABLES
        for entry in layer:
            if number % 2:
                _raw_variable(builder, entry, f"{prefix}PROPERTIES_", certain=number >= 2)
            else:
                rest = _option_of(entry.key.removeprefix(prefix))
                _typed(builder, entry, rest, is_producer=number >= 2)
    return builder.build(Style.SPRING, version, prefix=_SPRING_PRODUCER_VARIABLES)


# Everything else.


def _by_prefix(
    entries: Sequence[Entry], source: Source, version: ClientVersion, base: Sequence[Entry]
) -> Iterator[Configuration]:
    """Yield one configuration for each prefix below which a producer's options stand. Raise UnreadableError."""
    found: dict[str, list[tuple[str, Entry]]] = {}
    unknown: list[Entry] = []
    for entry in entries:
        option = _option_at_end(entry.key)
        if option is None:
            unknown.append(entry)
        else:
            found.setdefault(entry.key[: len(entry.key) - len(option)], []).append((option, entry))
    if len(found) > MAX_PREFIXES:
        raise UnreadableError(f"it has options of more than {MAX_PREFIXES} clients; split it")
    keys = [entry.key for entry in entries]
    producers = [
        prefix
        for prefix, pairs in found.items()
        if not re.search(r"consumer|admin|streams|\bincoming\b", prefix.lower())
        and _is_producer(
            {option for option, _ in pairs}, (key[len(prefix) :] for key in keys if key.startswith(prefix))
        )
    ]
    for prefix in producers:
        own = PRODUCER_ONLY & {option for option, _ in found[prefix]}
        if not own and any(other != prefix and other.startswith(prefix) for other in producers):
            continue  # what several clients share, such as the addresses of the brokers
        builder = _Builder(source, base)
        for outer in sorted((one for one in found if prefix.startswith(one)), key=len):
            for option, entry in found[outer]:
                builder.set(option, entry)
        for entry in unknown:
            name = entry.key[len(prefix) :]
            if entry.key.startswith(prefix) and (option := builder.nearest(name)) is not None:
                builder.doubt(entry, option, f"{prefix}{option}")
        several = f"{source.title}, {prefix.rstrip('.')}" if len(producers) > 1 and prefix else ""
        yield builder.build(Style.PLAIN, version, prefix=prefix, name=several)


def _option_at_end(key: str) -> str | None:
    """Return the longest option that the key is, or ends with after a dot."""
    parts = key.split(".")
    return next((name for start in range(len(parts)) if (name := ".".join(parts[start:])) in READ), None)


def _is_producer(options: Iterable[str] | Mapping[str, Setting], keys: Iterable[str]) -> bool:
    """Return whether options are a producer's: some that only producers have, or none that only other clients have."""
    names = frozenset(options)
    if PRODUCER_ONLY & names:
        return True
    others = {one.lower().replace("_", ".").removeprefix("kafka.") for one in keys} & OTHER_CLIENTS
    return "bootstrap.servers" in names and not others
