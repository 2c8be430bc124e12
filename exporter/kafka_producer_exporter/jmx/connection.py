"""The I/O of the JMX client: performs the actions of a Session on one connection, by one deadline."""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from kafka_producer_exporter.jmx import requests
from kafka_producer_exporter.jmx.explain import ClosedError
from kafka_producer_exporter.jmx.javastream import FREE_BYTES, LIMITS, JavaStreamError, Limits
from kafka_producer_exporter.jmx.jrmp import Wire
from kafka_producer_exporter.jmx.readings import LeftOut, Reading, Selection
from kafka_producer_exporter.jmx.session import (
    Action,
    Agent,
    Call,
    Conversation,
    Dial,
    Replies,
    Result,
    Session,
    as_it_is,
)
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.connection import Connection, connect
from kafka_producer_exporter.net.dns import Resolver
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.pool import Pool, Reservation
from kafka_producer_exporter.net.tls_settings import TlsKeys, TlsSettings

log = logging.getLogger(__name__)

_CALLS_PER_SEND = 64
"""Enough to fill a packet, and few enough to need little memory."""
_LOG_OUT_SECONDS = 0.4
"""For each of two attempts. A JVM that is frozen gets the request in any case, and logs us out once it runs again."""
_INTERRUPT_SECONDS = 0.2
"""How long an interrupted read may go on waiting."""
LIGHT_CPU_SECONDS = 0.1
"""CPU time for decoding the replies of one exchange, beyond which it takes turns with others that need as much."""
# The interpreter runs one thread at a time. If several threads decode long replies, a page and the short replies of
# other JVMs get only a small share of it. There is one interpreter in a process, so there is one of this.
_LONG_DECODING = threading.Lock()
_HOST_KEY = "jmx.host"
_TLS_KEYS = TlsKeys("jmx.tls.ca_file", "jmx.tls.cert_file", "jmx.tls.server_name")
_PLAINTEXT_ADVICE = "set jmx.tls.mode to rmi if only its RMI port uses TLS, or to none"


class RmiTransport:
    """A Transport (see ``readings``) for JMX over RMI. Keeps one connection and one login between reads.

    The host in the agent's stubs is ignored, because often only the JVM itself can reach it.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        rmi_port: int | None = None,
        registry_name: str = "jmxrmi",
        credentials: Callable[[], tuple[str, str] | None] = lambda: None,
        tls: TlsSettings | None = None,
        tls_registry: bool = False,
        memory: Pool | None = None,
    ) -> None:
        """*credentials* returns user and password at each login, or None; it may raise TransportError.

        With *tls* the agent's RMI port uses TLS, and with *tls_registry* its registry (*port*) does too. All transports
        that get the same *memory* share it for the replies that they decode.
        """
        self._agent = Agent(
            host=host,
            port=port,
            rmi_port=rmi_port,
            registry_name=registry_name,
            tls_registry=tls_registry,
            tls_rmi=tls is not None,
        )
        self._tls = tls
        self._resolver = Resolver(host, host_key=_HOST_KEY)
        self._memory = Reservation(memory or Pool(LIMITS.memory))
        pool = self._memory.pool.size_bytes
        limits = Limits(size=min(LIMITS.size, pool // 4), memory=max(pool // 2, FREE_BYTES), reservation=self._memory)
        self._session = Session(self._agent, credentials, limits=limits)
        self._channel: _Channel | None = None
        self._interrupted = False

    def read(self, selections: Sequence[Selection], *, deadline: float) -> list[Reading]:
        """Return the selected attributes of every MBean that matches: see Transport."""
        try:
            return self._perform(self._session.read(selections, time.monotonic()), deadline)
        except BaseException:
            if not self._session.login_pending:
                self._hang_up()  # replies of this read may still arrive
            raise
        finally:
            self._memory.release()
            for name, cause in self._session.newly_quarantined:
                extra = {"jmx": self._peer(self._agent.port), "mbean": name}
                log.warning("the MBean cannot be read and is skipped for 10 minutes: %s", cause, extra=extra)

    @property
    def listed(self) -> Sequence[str]:
        """The names of all MBeans that matched in the last read: see Transport."""
        return self._session.listed

    @property
    def lists_all(self) -> bool:
        """Whether ``listed`` is complete: see Transport."""
        return self._session.lists_all

    @property
    def left_out(self) -> Mapping[LeftOut, int]:
        """How many MBeans the last read left out: see Transport."""
        return self._session.left_out

    def forget(self) -> None:
        """Forget all results of ``choose``: see Transport."""
        self._session.forget()

    def interrupt(self) -> None:
        """End a read in progress: see Transport."""
        self._interrupted = True

    def close(self) -> None:
        """Log out and close the connection: see Transport."""
        self._interrupted = False
        for _ in range(1 if self._channel is None else 2):  # the second time over a new connection, as this may be dead
            try:
                self._perform(self._session.log_out(), time.monotonic() + _LOG_OUT_SECONDS)
                break
            except TransportError:
                self._hang_up()
        self._session.forget_login()
        self._hang_up()

    def _perform(self, conversation: Conversation[Result], deadline: float) -> Result:
        try:
            action = next(conversation)
            while True:
                try:
                    replies = self._perform_action(action, deadline)
                except TransportError as error:
                    action = conversation.throw(error)
                else:
                    action = conversation.send(replies)
        except StopIteration as end:
            result: Result = end.value
            return result

    def _perform_action(self, action: Action, deadline: float) -> Replies | None:
        if isinstance(action, Dial):
            self._hang_up()
            self._channel = self._dial(action, deadline)
            return None
        if self._channel is None:
            raise AssertionError("a session must dial before its first exchange")
        return self._channel.exchange(
            action.calls, take=action.take, deadline=deadline, interrupted=lambda: self._interrupted
        )

    def _dial(self, dial: Dial, deadline: float) -> "_Channel":
        peer = self._peer(dial.port)
        connected = connect(
            self._resolver.addresses(deadline=deadline),
            dial.port,
            peer=peer,
            host_key=_HOST_KEY,
            refused_advice=self._refused_advice(dial.port),
            deadline=deadline,
        )
        if not dial.tls:
            return _Channel(Connection(connected), peer)
        if self._tls is None:
            raise AssertionError("tls_registry needs tls")
        # Imported only where it is used, because ssl costs 4 MB.
        from kafka_producer_exporter.net.tls import open_tls  # noqa: PLC0415

        try:
            connection = open_tls(
                connected,
                self._tls,
                host=self._agent.host,
                peer=peer,
                keys=_TLS_KEYS,
                plaintext_advice=_PLAINTEXT_ADVICE,
                deadline=deadline,
            )
        except BaseException:
            connected.close()
            raise
        return _Channel(connection, peer)

    def _refused_advice(self, port: int) -> str:
        if port == self._agent.port:
            flag = f"-Dcom.sun.management.jmxremote.port={port}"
            return f"start the JVM with {flag} and the other flags that kafka-producer-exporter check prints"
        if self._agent.rmi_port is not None:
            return "correct jmx.rmi_port"
        return (
            "the agent announces this RMI port; behind a port forward, set jmx.rmi_port to the forwarded port; "
            "otherwise start the JVM with -Dcom.sun.management.jmxremote.rmi.port and a port that can be reached"
        )

    def _peer(self, port: int) -> str:
        return str(Address(self._agent.host, port))

    def _hang_up(self) -> None:
        self._session.connection_lost()
        if self._channel is not None:
            self._channel.close()
            self._channel = None


class _Channel:
    """Calls and replies on one connection."""

    def __init__(self, connection: Connection, peer: str) -> None:
        self._connection = connection
        self._peer = peer
        self._wire = Wire()
        self._greeting = requests.HANDSHAKE
        self._cpu_seconds = 0.0

    def exchange(
        self,
        calls: Sequence[Call],
        *,
        deadline: float,
        take: Callable[[object], object] = as_it_is,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> Replies:
        """Send all *calls*, read all replies that are due, and return what *take* makes of each.

        Raise TransportError at *deadline*, or soon after *interrupted* returns True.

        Reads while it sends, because a JVM that cannot get rid of its replies stops reading calls.
        """
        connection, wire = self._connection, self._wire
        self._cpu_seconds = 0.0
        wire.expect(call.reader for call in calls)
        due = wire.due
        pieces = self._pieces(calls)
        piece = memoryview(next(pieces, b""))
        values: list[object] = []
        while wire.waiting:
            now = time.monotonic()
            if now > deadline:
                raise self._timeout(len(values), due)
            if interrupted():
                raise TransportError(Reason.TIMEOUT, f"{self._peer} had not answered when the exporter ended")
            sent = 0
            if piece:
                try:
                    sent = connection.send(piece)
                except OSError:  # replies to earlier calls may still be readable
                    pieces, piece = iter(()), memoryview(b"")
                piece = piece[sent:] or memoryview(next(pieces, b""))
            data = connection.receive()
            if data:
                new_values, failure = self._decoded(data, deadline)
                values += map(take, new_values)
                if failure is not None:
                    return Replies(values, failure)
            elif data is not None:
                return Replies(values, ClosedError(greeted=wire.greeted))
            elif not sent:
                until = min(deadline, now + _INTERRUPT_SECONDS)
                connection.wait(to_send=bool(piece), deadline=until, min_bytes=wire.min_missing_bytes)
        return Replies(values)

    def _decoded(self, data: bytes, deadline: float) -> tuple[list[object], JavaStreamError | None]:
        """Return what ``Wire.receive`` returns, or nothing if the turn for a long reply comes after *deadline*."""
        if self._cpu_seconds < LIGHT_CPU_SECONDS:
            began = time.thread_time()
            decoded = self._wire.receive(data)
            self._cpu_seconds += time.thread_time() - began
            return decoded
        if not _LONG_DECODING.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return [], None
        try:
            return self._wire.receive(data)
        finally:
            _LONG_DECODING.release()

    def _timeout(self, answered: int, due: int) -> TransportError:
        if not self._wire.greeted:
            what = (
                "accepted the connection but did not answer in time; check whether the JVM is frozen or this is not JMX"
            )
        else:
            what = f"answered {answered} of {due} calls in time; check whether the JVM is frozen or overloaded"
        return TransportError(Reason.TIMEOUT, f"{self._peer} {what}")

    def _pieces(self, calls: Sequence[Call]) -> Iterator[bytes]:
        greeting, self._greeting = self._greeting, b""
        parts = (call.parts for call in calls)
        while some := list(itertools.islice(parts, _CALLS_PER_SEND)):
            yield greeting + b"".join(itertools.chain.from_iterable(some))
            greeting = b""

    def close(self) -> None:
        """Close the connection, and free what arrived on it."""
        self._connection.close()
        self._wire = Wire()
