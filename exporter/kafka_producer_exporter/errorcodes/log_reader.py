"""Reads the log of an application, and counts its Kafka errors by client and error.

Rule 1: memory does not grow with the log. Every collection has a limit, and what exceeds it is counted.
Rule 2: one log entry with its stack trace counts once for each error in it. Of a chain of causes only the Kafka
errors that say something count: not the KafkaException around them, not the Java exception below them.
Rule 3: a code or a short class name counts only where the entry is about Kafka; other programs have such names, too.
"""

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from kafka_producer_exporter.errorcodes.entry import Entry, Kind
from kafka_producer_exporter.errorcodes.exceptions import RENAMED
from kafka_producer_exporter.errorcodes.log_lines import json_texts, plain, without_prefix
from kafka_producer_exporter.errorcodes.symptoms import SYMPTOMS
from kafka_producer_exporter.errorcodes.table import BY_EXCEPTION, BY_NAME, BY_SIMPLE_EXCEPTION, variant

MAX_ROWS = 1000
"""Of pairs of a client and an error, of clients with a producer id, and of unknown exceptions."""
MAX_IDS = 5
"""Producer ids that are kept per client: the last ones."""
MAX_ERRORS_OF_ENTRY = 16
MAX_NAME = 250
MAX_EXAMPLE = 400
MAX_TEXT = 1 << 16
"""Characters of a line that are searched; Kafka's own lines are much shorter."""

_MARKERS = (
    b"kafka",
    b"Kafka",
    b"xception",
    b"clientId",
    b"roducer",
    b"o.a.k.",
    b"mbean",
    b"Idempotence",
    b"bootstrap",
    b"client.id = ",
    b" | ",
)
"""A line without any of these has nothing that is looked for; the last is in the name of a sender's thread."""

_ABOUT_KAFKA = re.compile(r"[Kk]afka|clientId|\bo\.a\.k\.|[Pp]roducer|topic-partition|record\(s\)|in metadata")
_CLIENT = re.compile(r"\[(Producer|Consumer|AdminClient) clientId=")
_SECOND_ID = re.compile(r", (?:transactionalId|groupId|groupInstanceId)=")
_THREAD = re.compile(r"(?:\[|^|\s|\")([\w-]*) ?\| ([^\]\"\s]+)")
_CLIENT_KINDS = {"Producer": "producer", "Consumer": "consumer", "AdminClient": "admin"}
_SENDER_THREAD = "kafka-producer-network-thread"
_FRAME = re.compile(r"\s+at ")
_CONTINUES = re.compile(r"\s|Caused by: |Suppressed: |Wrapped by: |\.\.\. \d+ ")
_STARTS_WITH_EXCEPTION = re.compile(r"(?:[a-z]\w*\.)+[A-Z][\w$]*(?:Exception|Error|TooLarge|RegularExpression)\b")
_CLASS_ENDS = ("Exception", "Error", "TooLarge", "RegularExpression")
_CLASS = re.compile(r"(?<![\w.$])((?:[a-z]\w*\.)*)([A-Z][A-Za-z0-9$]*(?:Exception|Error|TooLarge|RegularExpression))\b")
_CODE = re.compile(r"(?<![\w.])[A-Z]+(?:_[A-Z]+)+(?!\w|\.\w)")
_CONFIGURED_CLIENT_ID = re.compile(r"(?:^|\s)client\.id = (\S+)")
_PRODUCER_ID = re.compile(r"ProducerId set to (\d+) with epoch (\d+)")
_DUPLICATE = re.compile(
    r"kafka\.producer:type=app-info,id=\"?([^\",]{1,250})|App info: \[kafka\.producer\], id: \[(.{0,250}?)\] already"
)
_SPELLED_OUT = (
    (re.compile(r"failed authentication due to: .{0,200}SSL handshake failed"), "SslAuthenticationException"),
    (re.compile(r"failed authentication due to: "), "SASL_AUTHENTICATION_FAILED"),
    (re.compile(r"Topic authorization failed for topics "), "TOPIC_AUTHORIZATION_FAILED"),
)
"""What clients log in words instead of a code."""
_SYMPTOMS = [(re.compile(entry.message), entry.name) for entry in SYMPTOMS]
_ALREADY_EXISTS = BY_SIMPLE_EXCEPTION["InstanceAlreadyExistsException"][0]
_IDEMPOTENCE_DISABLED = BY_NAME["idempotence disabled"]
_DUPLICATE_CLIENT_ID = BY_NAME["duplicate client.id"]
_SAYS_LITTLE = frozenset({"KafkaException", "ApiException", "RetriableException", "TransactionAbortedException"})


class Rank(IntEnum):
    """How much an error says; only the highest rank of a log entry counts."""

    AROUND = 0
    """A wrapper or a consequence, or an exception of Kafka that the table does not have."""
    BELOW = 1
    """A Java exception that caused a Kafka error, or a line without any error."""
    KAFKA = 2


@dataclass(frozen=True, slots=True)
class Client:
    """Who logged something, as far as the log says."""

    kind: str = ""
    """``producer``, ``consumer`` or ``admin``; empty if the log does not say."""
    client_id: str = ""


@dataclass(slots=True)
class Row:
    """An error of a client."""

    client: Client
    name: str
    """The entry's, or the full class name of an exception that the table does not have."""
    count: int = 0
    example: str = ""
    """The line of the first one."""

    @property
    def entry(self) -> Entry | None:
        """The table's entry; None if the table has none."""
        return BY_NAME.get(self.name)


@dataclass(slots=True)
class Ids:
    """The producer ids that a client was given."""

    client_id: str
    transactional_id: str
    count: int = 0
    last: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=MAX_IDS))
    """Producer id and epoch, the newest last."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a log contains."""

    lines: int
    rows: Sequence[Row]
    ids: Sequence[Ids]
    left_out: int
    """How many errors and ids are not in the rows, because there are too many clients."""


class _LogEntry:
    """The log entry that is being read: its header, and the stack trace so far."""

    def __init__(self) -> None:
        self.client = Client()
        self.about_kafka = False
        self.has_exception = False
        self.errors: dict[str, tuple[Rank, bool, str]] = {}
        """Name → rank, whether it counts only if the entry is about Kafka, and the line."""

    def add(self, name: str, rank: Rank, line: str, *, only_about_kafka: bool) -> None:
        if name not in self.errors and len(self.errors) < MAX_ERRORS_OF_ENTRY:
            self.errors[name] = (rank, only_about_kafka, line[:MAX_EXAMPLE].strip())


class LogReader:
    """Feed it line by line, then ask for the ``findings``."""

    def __init__(self) -> None:
        self._lines = 0
        self._left_out = 0
        self._rows: dict[tuple[Client, str], Row] = {}
        self._ids: dict[tuple[str, str], Ids] = {}
        self._entry = _LogEntry()
        self._is_open = False
        self._unnamed = ""
        """The line about disabled idempotence whose client is not known yet: its configuration is logged next."""

    def feed(self, line: bytes) -> None:
        """Read a line, with or without its end; a part of a line that is too long will do."""
        self._lines += 1
        if not any(marker in line for marker in _MARKERS) and b"\0" not in line:
            if self._is_open and not _CONTINUES.match(without_prefix(plain(line))):
                self._end_entry()
            return
        text = plain(line)
        written = without_prefix(text)
        if _FRAME.match(written):
            return
        texts = json_texts(written)
        if texts is not None:
            self._end_entry()
            for each in texts:
                self._read(each)
            self._end_entry()
            return
        if self._begins_entry(written):
            self._end_entry()
        self._read(text)

    def findings(self) -> Findings:
        """Return what was found so far, the most frequent error first."""
        self._end_entry()
        self._name(Client())
        rows = sorted(self._rows.values(), key=lambda row: (-row.count, row.client.client_id, row.name))
        ids = sorted(self._ids.values(), key=lambda ids: (ids.client_id, ids.transactional_id))
        return Findings(self._lines, rows, ids, self._left_out)

    def _begins_entry(self, text: str) -> bool:
        if _CONTINUES.match(text):
            return False
        return self._entry.has_exception or not _STARTS_WITH_EXCEPTION.match(text)

    def _read(self, text: str) -> None:
        text = text[:MAX_TEXT]
        if _FRAME.match(text):
            return
        self._is_open = True
        entry = self._entry
        entry.about_kafka = entry.about_kafka or bool(_ABOUT_KAFKA.search(text))
        self._read_client(text)
        if any(end in text for end in _CLASS_ENDS):
            self._read_exceptions(text)
        for code in _CODE.findall(text):
            known = BY_NAME.get(RENAMED.get(code, code))
            if known is not None and known.kind is not Kind.NONE:
                entry.add(known.name, Rank.KAFKA, text, only_about_kafka=True)
        self._read_symptoms(text)
        if self._unnamed and (configured := _CONFIGURED_CLIENT_ID.search(text)):
            self._name(Client("producer", configured[1][:MAX_NAME]))
        if given := _PRODUCER_ID.search(text):
            self._count_id(text, int(given[1]), int(given[2]))

    def _read_client(self, text: str) -> None:
        if named := _named_client(text):
            self._entry.client = named[0]
        elif not self._entry.client.kind and "|" in text:
            thread = _THREAD.search(text)
            if thread and thread[1] and _SENDER_THREAD.endswith(thread[1]):  # Spring Boot cuts off its beginning
                self._entry.client = Client("producer", thread[2][:MAX_NAME])

    def _read_exceptions(self, text: str) -> None:
        entry = self._entry
        for found in _CLASS.finditer(text):
            package, simple = found[1], RENAMED.get(found[2], found[2])
            entry.has_exception = True
            variants = BY_EXCEPTION.get(package + simple) if package else BY_SIMPLE_EXCEPTION.get(simple)
            if variants:
                known = variant(variants, text[found.end() :])
                if known is not _ALREADY_EXISTS:  # which is a symptom
                    entry.add(
                        known.name, _rank(known), text, only_about_kafka=not package.startswith("org.apache.kafka.")
                    )
            elif package.startswith("org.apache.kafka.") and simple.endswith(("Exception", "Error")):
                entry.add((package + simple)[:MAX_NAME], Rank.AROUND, text, only_about_kafka=False)

    def _read_symptoms(self, text: str) -> None:
        duplicate = _DUPLICATE.search(text) if "kafka.producer" in text else None
        if duplicate and ("xists" in text):
            self._entry.client = Client("producer", (duplicate[1] or duplicate[2])[:MAX_NAME])
            self._entry.add(_DUPLICATE_CLIENT_ID.name, Rank.BELOW, text, only_about_kafka=False)
        elif spelled := next((name for pattern, name in _SPELLED_OUT if pattern.search(text)), None):
            self._entry.add(spelled, Rank.KAFKA, text, only_about_kafka=True)
        elif symptom := next((name for pattern, name in _SYMPTOMS if pattern.search(text)), None):
            self._entry.add(symptom, Rank.BELOW, text, only_about_kafka=False)

    def _count_id(self, text: str, producer_id: int, epoch: int) -> None:
        named = _named_client(text)
        transactional_id = named[1] if named else ""
        key = (self._entry.client.client_id, transactional_id)
        if key not in self._ids and len(self._ids) >= MAX_ROWS:
            self._left_out += 1
            return
        ids = self._ids.setdefault(key, Ids(*key))
        ids.count += 1
        ids.last.append((producer_id, epoch))

    def _end_entry(self) -> None:
        if not self._is_open:
            return
        entry, self._entry, self._is_open = self._entry, _LogEntry(), False
        errors = {
            name: (rank, line)
            for name, (rank, only_about_kafka, line) in entry.errors.items()
            if entry.about_kafka or not only_about_kafka
        }
        highest = max((rank for rank, _ in errors.values()), default=None)
        for name, (rank, line) in errors.items():
            if rank is highest and name == _IDEMPOTENCE_DISABLED.name and not entry.client.kind:
                self._name(Client())
                self._unnamed = line
            elif rank is highest:
                self._count(entry.client, name, line)

    def _name(self, client: Client) -> None:
        """Count the disabled idempotence that still has no client, if there is one."""
        if self._unnamed:
            line, self._unnamed = self._unnamed, ""
            self._count(client, _IDEMPOTENCE_DISABLED.name, line)

    def _count(self, client: Client, name: str, line: str) -> None:
        key = (client, name)
        if key not in self._rows and len(self._rows) >= MAX_ROWS:
            self._left_out += 1
            return
        row = self._rows.setdefault(key, Row(client, name, example=line))
        row.count += 1


def read_log(lines: Iterable[bytes]) -> Findings:
    """Read a whole log."""
    reader = LogReader()
    for line in lines:
        reader.feed(line)
    return reader.findings()


def _named_client(text: str) -> tuple[Client, str] | None:
    """Return the client of a prefix such as ``[Producer clientId=orders, transactionalId=tx]``, and its second id."""
    found = _CLIENT.search(text)
    if found is None:
        return None
    end = text.find("] ", found.end())
    inside = text[found.end() : end] if end >= 0 else text[found.end() :].removesuffix("]")
    client_id, *others = _SECOND_ID.split(inside, maxsplit=2)
    return Client(_CLIENT_KINDS[found[1]], client_id[:MAX_NAME]), others[0][:MAX_NAME] if others else ""


def _rank(entry: Entry) -> Rank:
    if entry.simple_exception in _SAYS_LITTLE:
        return Rank.AROUND
    return Rank.KAFKA if entry.exception.startswith("org.apache.kafka.") else Rank.BELOW
