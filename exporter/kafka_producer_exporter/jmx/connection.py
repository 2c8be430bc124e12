"""The edge of the client: what a Session wants next is done here, on one connection and by one deadline."""

import itertools
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from kafka_producer_exporter.jmx import requests
from kafka_producer_exporter.jmx.explain import ClosedError
from kafka_producer_exporter.jmx.jrmp import Wire
from kafka_producer_exporter.jmx.readings import Reading, Selection
from kafka_producer_exporter.jmx.session import Agent, Call, Dial, Outcome, Readings, Session, Step
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.connection import Line, connect
from kafka_producer_exporter.net.dns import Resolver
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.tls_settings import NO_TLS, TlsSettings

log = logging.getLogger(__name__)

_CALLS_AT_ONCE: Final = 64
"""Requests joined into one piece: enough to fill a packet, and little to hold."""


class RmiTransport:
    """A Transport (see readings): JMX over RMI, without a JVM. Keeps one connection and one login between reads.

    The host that the agent names in its stubs is ignored: often it is one that only the JVM itself can reach.
    ``credentials`` is called at each login, for user and password as they are now; it may raise TransportError.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        rmi_port: int | None = None,
        credentials: Callable[[], tuple[str, str] | None] = lambda: None,
        tls: TlsSettings = NO_TLS,
    ) -> None:
        self._agent = Agent(host=host, port=port, rmi_port=rmi_port, tls_registry=tls.registry, tls_rmi=tls.rmi)
        self._tls = tls
        self._resolver = Resolver(host, host_key="jmx.host")
        self._session = Session(self._agent, credentials)
        self._connection: _Connection | None = None

    def read(self, selections: Sequence[Selection], *, deadline: float) -> list[Reading]:
        """Return the selected attributes of every MBean that matches: see Transport."""
        try:
            return self._converse(self._session.read(selections, time.monotonic()), deadline)
        except BaseException:
            self._hang_up()  # half an answer may be on its way
            raise
        finally:
            for name, why in self._session.resting:
                log.warning("jmx=%s mbean=%s left out for ten minutes: %s", self._peer(self._agent.port), name, why)

    def forget(self) -> None:
        """Ask every ``choose`` anew at the next read."""
        self._session.forget()

    def close(self) -> None:
        """Log out without waiting for the answer, and close the connection."""
        request = self._session.farewell()
        if self._connection is not None and request:
            self._connection.send_last(request)
        self._hang_up()

    def _converse(self, conversation: Readings, deadline: float) -> list[Reading]:
        try:
            step = next(conversation)
            while True:
                try:
                    outcome = self._take(step, deadline)
                except TransportError as error:
                    step = conversation.throw(error)
                else:
                    step = conversation.send(outcome)
        except StopIteration as end:
            readings: list[Reading] = end.value
            return readings

    def _take(self, step: Step, deadline: float) -> Outcome | None:
        if isinstance(step, Dial):
            self._hang_up()
            self._connection = self._dial(step, deadline)
            return None
        if self._connection is None:
            raise AssertionError("a session dials before it asks")
        return self._connection.exchange(step.calls, deadline=deadline)

    def _dial(self, step: Dial, deadline: float) -> "_Connection":
        peer = self._peer(step.port)
        addresses = self._resolver.addresses(deadline=deadline)
        connected = connect(addresses, step.port, peer=peer, advice=self._advice(step.port), deadline=deadline)
        if not step.tls:
            return _Connection(Line(connected), peer)
        # Here, since ssl costs four megabytes that few need.
        from kafka_producer_exporter.net.tls import open_tls  # noqa: PLC0415

        try:
            line = open_tls(connected, self._tls, host=self._agent.host, peer=peer, deadline=deadline)
        except BaseException:
            connected.close()
            raise
        return _Connection(line, peer)

    def _advice(self, port: int) -> str:
        if port == self._agent.port:
            return f"was the JVM started with -Dcom.sun.management.jmxremote.port={port}?"
        return f"it is the agent's RMI port: pin it by -Dcom.sun.management.jmxremote.rmi.port={self._agent.port}"

    def _peer(self, port: int) -> str:
        return str(Address(self._agent.host, port))

    def _hang_up(self) -> None:
        self._session.lost()
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _Connection:
    """One connection and what is under way on it."""

    def __init__(self, line: Line, peer: str) -> None:
        self._line = line
        self._peer = peer
        self._wire = Wire()
        self._greeting = requests.HANDSHAKE

    def exchange(self, calls: Sequence[Call], *, deadline: float) -> Outcome:
        """Send all calls and read all replies. Raises TransportError at the deadline.

        Reads while it writes: a JVM that is blocked on its answers reads no more questions.
        """
        line, wire = self._line, self._wire
        wire.expect(call.reader for call in calls)
        pieces = self._pieces(calls)
        piece = memoryview(next(pieces, b""))
        values: list[object] = []
        while wire.waiting:
            if time.monotonic() > deadline:
                raise self._too_late(len(values), len(calls))
            sent = 0
            if piece:
                try:
                    sent = line.send(piece)
                except OSError:  # what was answered before may still be read
                    pieces, piece = iter(()), memoryview(b"")
                piece = piece[sent:] or memoryview(next(pieces, b""))
            data = line.receive()
            if data:
                new_values, failure = wire.receive(data)
                values += new_values
                if failure is not None:
                    return Outcome(values, failure)
            elif data is not None:
                return Outcome(values, ClosedError(greeted=wire.greeted))
            elif not sent and not line.wait(to_send=bool(piece), deadline=deadline, at_least=wire.at_least):
                raise self._too_late(len(values), len(calls))
        return Outcome(values)

    def _too_late(self, answered: int, asked: int) -> TransportError:
        if not self._wire.greeted:
            what = "took the connection, but did not answer in time; see whether the JVM is frozen, or no JMX agent"
        else:
            what = f"answered {answered} of {asked} questions in time; see whether the JVM is frozen or overloaded"
        return TransportError(Reason.TIMEOUT, f"{self._peer} {what}")

    def _pieces(self, calls: Sequence[Call]) -> Iterator[bytes]:
        greeting, self._greeting = self._greeting, b""
        parts = (call.parts for call in calls)
        while some := list(itertools.islice(parts, _CALLS_AT_ONCE)):
            yield greeting + b"".join(itertools.chain.from_iterable(some))
            greeting = b""

    def send_last(self, request: bytes) -> None:
        """Send a request if that takes no waiting; whoever is gone needs no farewell."""
        try:
            self._line.send(request)
        except OSError:
            return

    def close(self) -> None:
        """Close the connection."""
        self._line.close()
