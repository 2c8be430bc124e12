"""A recorded JMX conversation with a real JVM, replayed in process and without a socket.

To record one again, run ``python -m tests.jmx.conversation PORT SECURED_PORT JVM FILE``. PORT belongs to a JVM with one
producer, SECURED_PORT to one that requires a password; JVM says what they are (``Java 8, kafka-clients 3.9.2``).

``FILE`` is from a JVM with one node and one topic, started with ``-Djava.rmi.server.hostname=10.99.99.99``; all its
numbers except the producer's own are 42.5. ``JAVA_8_FILE`` is from a producer that has no connection yet.
"""

import json
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from kafka_producer_exporter.jmx import requests
from kafka_producer_exporter.jmx.explain import ClosedError
from kafka_producer_exporter.jmx.jrmp import REPLY_HEAD, Wire, read_nothing
from kafka_producer_exporter.jmx.readings import Reading, Selection
from kafka_producer_exporter.jmx.session import Action, Agent, Call, Conversation, Dial, Replies, Result, Session
from kafka_producer_exporter.jmx.stubs import Stub, read_registry_names, read_stub
from tests.paths import RECORDED

FILE = RECORDED / "jmx-conversation.json"
JAVA_8_FILE = RECORDED / "jmx-conversation-java-8.json"
EVERYTHING = Selection("kafka.producer:*", lambda _, listed: listed)
VERSIONS = Selection("kafka.producer:type=app-info,*", lambda _, listed: listed)
UNKNOWN_OBJECT = bytes(21) + b"\x07"


class RecordedConversation(NamedTuple):
    """What a JVM sends: its greeting, its reply to each request, and replies that contain exceptions."""

    greeting: bytes
    replies: dict[bytes, bytes]
    failures: dict[str, bytes]

    @classmethod
    def load(cls, file: Path = FILE) -> "RecordedConversation":
        """Read a recording."""
        raw = json.loads(file.read_text())
        replies = {
            bytes.fromhex("".join(each["request"])): bytes.fromhex("".join(each["reply"])) for each in raw["calls"]
        }
        failures = {name: bytes.fromhex("".join(reply)) for name, reply in raw["failures"].items()}
        for session in {request[7:29] for request in replies if QUERY_NAMES in request}:
            replies[requests.close(session)] = NOTHING
        return cls(bytes.fromhex("".join(raw["greeting"])), replies, failures)

    def with_reply(self, old: bytes, new: bytes) -> "RecordedConversation":
        """Return a conversation in which the reply *new* replaces the reply *old*."""
        return self._replace(
            replies={request: new if reply == old else reply for request, reply in self.replies.items()}
        )

    def answering(self, mark: bytes, reply: bytes) -> "RecordedConversation":
        """Return a conversation in which *reply* answers each request that contains *mark*."""
        return self._replace(replies={each: reply if mark in each else old for each, old in self.replies.items()})

    def replies_to(self, mark: bytes) -> list[bytes]:
        """Return the replies to all requests that contain *mark*."""
        return [reply for request, reply in self.replies.items() if mark in request]

    def reply(self, mark: bytes) -> bytes:
        """Return the reply to the first request that contains *mark*."""
        return next(reply for request, reply in self.replies.items() if mark in request)


GET_ATTRIBUTES, GET_MBEAN_INFO = bytes.fromhex("5739d96a8b235c47"), bytes.fromhex("993cd0f9b9817af6")
QUERY_NAMES, NEW_CLIENT = bytes.fromhex("7f0473acb73677da"), bytes.fromhex("f0e074eaad0caea8")
LOOKUP, CLOSE = bytes.fromhex("0000000244154dc9d4e63bdf"), bytes.fromhex("be2e5bc7809d0dcc")
NOTHING = REPLY_HEAD + bytes(14)
"""The reply of a method that returns nothing."""


class Replay:
    """A JVM that replies as recorded. After *budget* bytes it closes every connection, now and later.

    ``instead`` maps the number of a request, counted from the start, to another reply. A reply that ends in the middle
    of a value ends the connection, as in a real JVM.
    """

    def __init__(self, conversation: RecordedConversation, *, budget: int = 1 << 40, fragment: int = 1 << 40) -> None:
        self.instead: dict[int, bytes] = {}
        self.conversation = conversation
        self.budget = budget
        self.fragment = fragment
        self.dialled: list[Dial] = []
        self.requests: list[bytes] = []
        self.spent = 0
        self._wire = Wire()
        self._greeting = b""
        self.closed = False

    def read(
        self, session: Session, selections: Sequence[Selection] = (EVERYTHING,), now: float = 0.0
    ) -> list[Reading]:
        """Let the session read. If that raises, tell it that the connection is lost, and raise the same."""
        try:
            return self.perform(session.read(selections, now))
        except BaseException:
            session.connection_lost()
            raise

    def perform(self, conversation: Conversation[Result]) -> Result:
        """Return the result of a conversation."""
        try:
            action = next(conversation)
            while True:
                action = conversation.send(self.perform_action(action))
        except StopIteration as end:
            return cast(Result, end.value)

    def perform_action(self, action: Action) -> Replies | None:
        """Return the replies to an action."""
        if isinstance(action, Dial):
            self.dialled.append(action)
            self._wire, self._greeting, self.closed = Wire(), self.conversation.greeting, False
            return None
        self._wire.expect(call.reader for call in action.calls)
        answer, self._greeting = self._greeting, b""
        for call in action.calls:
            request = b"".join(call.parts)
            self.requests.append(request)
            if not self.closed:
                reply = self.instead.get(len(self.requests) - 1) or self.conversation.replies[request]
                answer += reply
                self.closed = reply in self.instead.values() and reply[-1:] != b"\x78"
        answer = answer[: self.budget - self.spent]
        self.spent += len(answer)
        values: list[object] = []
        for at in range(0, len(answer), self.fragment):
            some, failure = self._wire.receive(answer[at : at + self.fragment])
            values += map(action.take, some)
            if failure is not None:
                return Replies(values, failure)
        return Replies(values, ClosedError(greeted=self._wire.greeted) if self._wire.waiting else None)


def agent(**settings: Any) -> Agent:
    """Return the recorded agent, as if it listened on port 9999."""
    defaults: dict[str, Any] = {"host": "producer", "port": 9999, "rmi_port": 9999}
    return Agent(**(defaults | settings))


def new_session(**settings: Any) -> Session:
    """Return a session without a password that has not read yet."""
    return Session(agent(**settings), lambda: None)


class _Recorder:
    """Calls a real JVM, and keeps each request with its reply."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.calls: dict[bytes, bytes] = {}
        self.greeting = b""
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port))
        self._socket.sendall(requests.HANDSHAKE)
        head = self._receive(3)
        self.greeting = head + self._receive(int.from_bytes(head[1:], "big") + 4)

    def _receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += self._socket.recv(count - len(data))
        return data

    def ask(self, request: bytes, reader) -> tuple[bytes, object]:
        self._socket.sendall(request)
        wire, raw = Wire(), b""
        wire.receive(self.greeting)
        wire.expect([reader])
        values: list[object] = []
        while not values:
            data = self._socket.recv(1 << 16)
            raw += data
            values, failure = wire.receive(data)
            if failure:
                raise failure
        self.calls[request] = raw
        return raw, values[0]

    def read(self, selections: Sequence[Selection]) -> None:
        session = Session(Agent(host="127.0.0.1", port=self._port, rmi_port=self._port), lambda: None)
        conversation = session.read(selections, 0.0)
        try:
            action = next(conversation)
            while True:
                action = conversation.send(self._perform(action))
        except StopIteration:
            return

    def _perform(self, action: Action) -> Replies | None:
        if isinstance(action, Dial):
            self._connect()
            return None
        return Replies([action.take(self._ask_call(call)) for call in action.calls])

    def _ask_call(self, call: Call) -> object:
        return self.ask(b"".join(call.parts), call.reader)[1]


def main(port: int, secured_port: int, jvm: str, file: Path) -> None:
    """Record a conversation."""
    recorder = _Recorder(port)
    recorder.read([EVERYTHING, VERSIONS])
    calls = dict(recorder.calls)
    failures = {}
    session = next(request for request in calls if QUERY_NAMES in request)[7:29]
    nobody = requests.info_head(session) + requests.object_name("kafka.producer:type=nobody") + requests.INFO_TAIL
    failures["InstanceNotFoundException"] = recorder.ask(nobody, read_nothing)[0]
    failures["NoSuchObjectException"] = recorder.ask(requests.query_names(UNKNOWN_OBJECT, "a:*"), read_nothing)[0]
    secured = _Recorder(secured_port)
    _, stub = secured.ask(requests.lookup("jmxrmi"), read_stub)
    assert isinstance(stub, Stub)
    wrong = requests.new_client(stub.object_id, ("monitor", "wrong"))
    failures["SecurityException"] = secured.ask(wrong, read_nothing)[0]
    recorder = _Recorder(port)
    failures["NotBoundException"] = recorder.ask(requests.lookup("nobody"), read_nothing)[0]
    failures["UnmarshalException"] = recorder.ask(requests.new_client(session, None), read_nothing)[0]
    recorder = _Recorder(port)
    recorder.ask(requests.REGISTRY_NAMES, read_registry_names)
    calls |= recorder.calls

    def chunks(data: bytes) -> list[str]:
        return [data[at : at + 64].hex() for at in range(0, len(data), 64)]

    recording = {
        "jvm": jvm,
        "greeting": chunks(recorder.greeting),
        "calls": [{"request": chunks(request), "reply": chunks(reply)} for request, reply in calls.items()],
        "failures": {name: chunks(reply) for name, reply in failures.items()},
    }
    file.write_text(json.dumps(recording, indent=0) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
