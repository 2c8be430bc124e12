"""A recorded JMX conversation with a real JVM: asked again in process, without a socket.

Recorded anew by ``python -m tests.jmx.conversation PORT SECURED_PORT FILE``: the first a JVM with one producer, one
node and one topic, whose numbers are all 42.5 where they are not the producer's own, started with
``-Djava.rmi.server.hostname=10.99.99.99``; the second one that wants a password.
"""

import json
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from kafka_producer_exporter.jmx import requests
from kafka_producer_exporter.jmx.explain import ClosedError
from kafka_producer_exporter.jmx.jrmp import Wire, read_nothing
from kafka_producer_exporter.jmx.readings import Reading, Selection
from kafka_producer_exporter.jmx.session import Agent, Call, Dial, Exchange, Outcome, Session
from kafka_producer_exporter.jmx.stubs import Stub, read_stub
from tests.paths import RECORDED

FILE = RECORDED / "jmx-conversation.json"
EVERYTHING = Selection("kafka.producer:*", lambda _, listed: listed)
VERSIONS = Selection("kafka.producer:type=app-info,*", lambda _, listed: listed)
UNKNOWN_OBJECT = bytes(21) + b"\x07"


class Conversation(NamedTuple):
    """What a JVM says: its greeting, its reply to each request, and the exceptions that it may answer with instead."""

    greeting: bytes
    replies: dict[bytes, bytes]
    failures: dict[str, bytes]

    @classmethod
    def load(cls) -> "Conversation":
        """Read the recording that is kept with the tests."""
        raw = json.loads(FILE.read_text())
        replies = {
            bytes.fromhex("".join(each["request"])): bytes.fromhex("".join(each["reply"])) for each in raw["calls"]
        }
        failures = {name: bytes.fromhex("".join(reply)) for name, reply in raw["failures"].items()}
        return cls(bytes.fromhex("".join(raw["greeting"])), replies, failures)

    def with_reply(self, old: bytes, new: bytes) -> "Conversation":
        """Return one in which whatever was answered with ``old`` is answered with ``new``."""
        return self._replace(
            replies={request: new if reply == old else reply for request, reply in self.replies.items()}
        )

    def answering(self, mark: bytes, reply: bytes) -> "Conversation":
        """Return one in which each request that holds ``mark`` is answered with ``reply``."""
        return self._replace(replies={asked: reply if mark in asked else said for asked, said in self.replies.items()})

    def reply(self, mark: bytes) -> bytes:
        """Return the reply to the first request that holds ``mark``."""
        return next(reply for request, reply in self.replies.items() if mark in request)


GET_ATTRIBUTES, GET_MBEAN_INFO = bytes.fromhex("5739d96a8b235c47"), bytes.fromhex("993cd0f9b9817af6")
QUERY_NAMES, NEW_CLIENT = bytes.fromhex("7f0473acb73677da"), bytes.fromhex("f0e074eaad0caea8")
LOOKUP = bytes.fromhex("44154dc9d4e63bdf")


class Replay:
    """A JVM that says what was recorded; after ``budget`` bytes every connection to it is closed, for good.

    ``instead`` are other answers, by the number of the request since the start; one that ends in the middle of a value
    ends the connection, as it does in a JVM.
    """

    def __init__(self, conversation: Conversation, *, budget: int = 1 << 40, fragment: int = 1 << 40) -> None:
        self.instead: dict[int, bytes] = {}
        self.conversation = conversation
        self.budget = budget
        self.fragment = fragment
        self.dialled: list[Dial] = []
        self.asked: list[bytes] = []
        self.spent = 0
        self._wire = Wire()
        self._greeting = b""
        self.closed = False

    def read(
        self, session: Session, selections: Sequence[Selection] = (EVERYTHING,), now: float = 0.0
    ) -> list[Reading]:
        """Let the session read; what it raises is passed on, after it was told that the connection is gone."""
        steps = session.read(selections, now)
        try:
            step = next(steps)
            while True:
                step = steps.send(self._take(step))
        except StopIteration as end:
            return end.value
        except BaseException:
            session.lost()
            raise

    def _take(self, step: Dial | Exchange) -> Outcome | None:
        if isinstance(step, Dial):
            self.dialled.append(step)
            self._wire, self._greeting, self.closed = Wire(), self.conversation.greeting, False
            return None
        self._wire.expect(call.reader for call in step.calls)
        answer, self._greeting = self._greeting, b""
        for call in step.calls:
            request = b"".join(call.parts)
            self.asked.append(request)
            if not self.closed:
                reply = self.instead.get(len(self.asked) - 1) or self.conversation.replies[request]
                answer += reply
                self.closed = reply in self.instead.values() and reply[-1:] != b"\x78"
        answer = answer[: self.budget - self.spent]
        self.spent += len(answer)
        values: list[object] = []
        for at in range(0, len(answer), self.fragment):
            some, failure = self._wire.receive(answer[at : at + self.fragment])
            values += some
            if failure is not None:
                return Outcome(values, failure)
        return Outcome(values, ClosedError(greeted=self._wire.greeted) if self._wire.waiting else None)


def agent(**settings: object) -> Agent:
    """Return the agent that was recorded, as if it listened on port 9999."""
    return Agent(**({"host": "producer", "port": 9999, "rmi_port": 9999} | settings))


def new_session(**settings: object) -> Session:
    """Return a session that has not read yet and has no password."""
    return Session(agent(**settings), lambda: None)


class _Recorder:
    """Asks a real JVM, and keeps each request with its reply."""

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
        steps = session.read(selections, 0.0)
        try:
            step = next(steps)
            while True:
                step = steps.send(self._take(step))
        except StopIteration:
            return

    def _take(self, step: Dial | Exchange) -> Outcome | None:
        if isinstance(step, Dial):
            self._connect()
            return None
        return Outcome([self._ask_call(call) for call in step.calls])

    def _ask_call(self, call: Call) -> object:
        return self.ask(b"".join(call.parts), call.reader)[1]


def main(port: int, secured_port: int, file: Path) -> None:
    """Record."""
    recorder = _Recorder(port)
    recorder.read([EVERYTHING, VERSIONS])
    calls = dict(recorder.calls)
    failures = {}
    session = next(asked for asked in calls if QUERY_NAMES in asked)[7:29]
    nobody = requests.info_head(session) + requests.object_name("kafka.producer:type=nobody") + requests.INFO_TAIL
    failures["InstanceNotFoundException"] = recorder.ask(nobody, read_nothing)[0]
    failures["NoSuchObjectException"] = recorder.ask(requests.query_names(UNKNOWN_OBJECT, "a:*"), read_nothing)[0]
    secured = _Recorder(secured_port)
    _, stub = secured.ask(requests.LOOKUP, read_stub)
    assert isinstance(stub, Stub)
    wrong = requests.new_client(stub.object_id, ("monitor", "wrong"))
    failures["SecurityException"] = secured.ask(wrong, read_nothing)[0]

    def chunks(data: bytes) -> list[str]:
        return [data[at : at + 64].hex() for at in range(0, len(data), 64)]

    recording = {
        "kafka_clients": "4.4.0",
        "greeting": chunks(recorder.greeting),
        "calls": [{"request": chunks(request), "reply": chunks(reply)} for request, reply in calls.items()],
        "failures": {name: chunks(reply) for name, reply in failures.items()},
    }
    file.write_text(json.dumps(recording, indent=0) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
