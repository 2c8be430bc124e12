"""The session with one JMX agent, from lookup to readings: what to send next, and what the replies mean.

Pure: it opens no socket and reads no clock. A conversation is a generator. It yields an action (Dial or Exchange), is
sent the replies, and returns its result. A test is therefore a list of replies.
"""

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar
from weakref import WeakValueDictionary

from kafka_producer_exporter.jmx import explain, requests
from kafka_producer_exporter.jmx.explain import ClosedError
from kafka_producer_exporter.jmx.javastream import LIMITS, JavaStreamError, Limits, StreamLimitError, UnreadableError
from kafka_producer_exporter.jmx.jrmp import RemoteFailure, ReplyReader, read_nothing
from kafka_producer_exporter.jmx.readings import LeftOut, Reading, Selection
from kafka_producer_exporter.jmx.replies import Names, decode_listed_attributes
from kafka_producer_exporter.jmx.stubs import Stub, read_registry_names, read_stub
from kafka_producer_exporter.jmx.templates import (
    MAX_REPLY_BYTES,
    TEMPLATES_BYTES,
    AttributesReader,
    AttributeValues,
    RepeatedReplyReader,
)
from kafka_producer_exporter.jmx.watched import AttributeQuery, WatchedMBeans
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.pool import Pool

MAX_IDLE_SECONDS = 100.0
"""A JVM ends a session after 120 s without a call. After this time we log in again."""
_MAX_PENDING_SECONDS = 100.0
"""How long we wait for the reply to a login, over several reads, before we try another login."""
_SAME_WITH_A_NEW_LOGIN = frozenset({Reason.TIMEOUT, Reason.LIMIT, Reason.AUTHENTICATION, Reason.PROTOCOL})
"""Failures of a session that another session would not mend."""
_SESSION_ENDED = ("NoSuchObjectException", "IOException")
"""What a JVM throws if it does not know the session, or is just closing it."""
_MAX_UNREADABLE = 20
"""Maximum number of unreadable MBeans per read. Each ends the connection, and is quarantined for the next reads."""
_INFOS_AT_ONCE = 1024
"""How many new MBeans list their attributes at once. If a read has not enough time for all, the next one continues."""
_MAX_MBEAN_INFOS = 16
"""Maximum number of replies to getMBeanInfo to remember. Most MBeans share a few."""
_MAX_NAMED = 100
"""Maximum number of MBeans that one read puts into quarantine by name, for the log."""


_ONE_MBEANS_FAULT = (UnreadableError, StreamLimitError)
"""The failures after which the other MBeans can still be read, on another connection."""


class Dial(NamedTuple):
    """Connect to this port of the host instead of any other. If that fails, the caller throws TransportError in."""

    port: int
    tls: bool


class Call(NamedTuple):
    """One request, in parts that other requests may share, and the reader of its reply."""

    parts: tuple[bytes, ...]
    reader: ReplyReader


def as_it_is(value: object) -> object:
    """Return the value of a reply."""
    return value


class Exchange(NamedTuple):
    """Send all these calls on the connection at once, and read the replies while sending."""

    calls: Sequence[Call]
    take: Callable[[object], object] = as_it_is
    """Called with the value of each reply as soon as it is read. Only what it returns is kept."""


class Replies(NamedTuple):
    """The result of an Exchange: the values of the replies, in order, and why some are missing."""

    values: Sequence[object]
    failure: JavaStreamError | ClosedError | None = None


Action = Dial | Exchange
Result = TypeVar("Result")
Conversation = Generator[Action, Replies | None, Result]
"""Yields actions, is sent Replies after an Exchange and None after a Dial, and returns a result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Where the JMX agent is, as configured."""

    host: str
    port: int
    rmi_port: int | None = None
    """None means the port in the agent's stub."""
    registry_name: str = "jmxrmi"
    """The name of the agent's stub in the RMI registry."""
    tls_registry: bool = False
    tls_rmi: bool = False


class _Login(NamedTuple):
    server: Stub
    session: bytes
    info_head: bytes
    attributes_head: bytes


class _PendingLogin(NamedTuple):
    """A login that was sent, and whose reply has not arrived. With the reply, the JVM has one session more."""

    server: Stub
    user: str | None
    since: float


class Session:
    """Remembers the login and the known MBeans from read to read."""

    def __init__(
        self, agent: Agent, credentials: Callable[[], tuple[str, str] | None], *, limits: Limits = LIMITS
    ) -> None:
        """*credentials* returns user and password at each login, or None; it may raise TransportError.

        *limits* are those of each reply.
        """
        self._agent = agent
        self._limits = limits
        self._credentials = credentials
        self._login: _Login | None = None
        self._pending: _PendingLogin | None = None
        self._server: Stub | None = None
        self._peer = ""
        self._connected = False
        self._used_at = 0.0
        self._watched: list[WatchedMBeans] = []
        self._queries: WeakValueDictionary[tuple[str, ...], AttributeQuery] = WeakValueDictionary()
        """A query is kept for as long as an MBean is read with it."""
        self._templates_room = Pool(min(TEMPLATES_BYTES, limits.size // 2))
        info_bytes = min(MAX_REPLY_BYTES, limits.size // 2 // _MAX_MBEAN_INFOS)
        self._info_reader = RepeatedReplyReader(
            decode_listed_attributes, keep=_MAX_MBEAN_INFOS, max_bytes=info_bytes, limits=limits
        )
        self.newly_quarantined: list[tuple[str, str]] = []
        """The MBeans that the last read put into quarantine, each with the cause, for the log; not all if many."""

    def connection_lost(self) -> None:
        """Note that the connection has ended. The JVM keeps the session, so the next read needs no new login."""
        self._connected = False
        self._pending = None

    @property
    def login_pending(self) -> bool:
        """Whether the last read gave up while the JVM was logging us in.

        The connection must be kept then, because only the reply says which session the JVM has opened.
        """
        return self._pending is not None

    def forget(self) -> None:
        """Forget which attributes the MBeans list and which were chosen. The next read lists and chooses again."""
        self._watched.clear()
        self._queries.clear()

    def log_out(self) -> Conversation[None]:
        """End the session in the JVM, over a new connection if its own is lost. May be called again after a failure."""
        if self._pending is not None:
            yield from self._finish_login(self._pending)
        if self._login is not None:
            yield from self._ask([_close_call(self._login)])
            self._login = None

    def forget_login(self) -> None:
        """Forget the session, whether it has ended or not."""
        self._login = None

    def read(self, selections: Sequence[Selection], now: float) -> Conversation[list[Reading]]:
        """Read every MBean that matches. *now* is an instant of a monotonic clock, in seconds."""
        self.newly_quarantined = []
        self._watch(selections)
        login, all_names = self._login, None
        if login is not None and now - self._used_at < MAX_IDLE_SECONDS:
            all_names = yield from self._query_names_again(login)
        if login is None or all_names is None:
            login = yield from self._log_in(now)
            self._watch(selections)
            all_names = yield from self._query_names(login)
        self._used_at = now
        new = [watched.update_names(names, now) for watched, names in zip(self._watched, all_names, strict=True)]
        yield from self._list_attributes(login, new, now)
        return (yield from self._read_attributes(login, new, now))

    @property
    def listed(self) -> Sequence[str]:
        """The names of all MBeans that matched in the last read, without those that were left out."""
        if len(self._watched) == 1:
            return self._watched[0].names
        return tuple(name for watched in self._watched for name in watched.names)

    @property
    def lists_all(self) -> bool:
        """Whether ``listed`` lacks no name for their number, apart from those that are left out first."""
        return all(watched.complete for watched in self._watched)

    @property
    def left_out(self) -> Mapping[LeftOut, int]:
        """How many MBeans the last read left out, by reason; no zeros."""
        counts: Counter[LeftOut] = Counter()
        for watched in self._watched:
            counts.update(watched.left_out)
        return +counts

    def _watch(self, selections: Sequence[Selection]) -> None:
        if [watched.selection for watched in self._watched] != list(selections):
            known = {watched.selection: watched for watched in self._watched}
            self._watched = [known.get(each) or self._new_watched(each) for each in selections]

    def _new_watched(self, selection: Selection) -> WatchedMBeans:
        return WatchedMBeans(selection, self._query_for, limits=self._limits)

    def _query_for(self, attributes: tuple[str, ...]) -> AttributeQuery:
        query = self._queries.get(attributes)
        if query is None:
            reader = AttributesReader(attributes, room=self._templates_room, limits=self._limits)
            query = self._queries[attributes] = AttributeQuery(attributes, reader)
        return query

    # Login.

    def _log_in(self, now: float) -> Conversation[_Login]:
        if self._pending is not None and now - self._pending.since < _MAX_PENDING_SECONDS:
            try:
                return (yield from self._finish_login(self._pending))
            except TransportError as error:
                if error.reason is not Reason.CLOSED:
                    raise
        server = yield from self._find_server()
        yield from self._end_earlier_session(server)
        credentials = self._credentials()
        try:
            request = requests.new_client(server.object_id, credentials)
        except ValueError as error:
            raise explain.credentials_error(self._peer, error) from None
        pending = _PendingLogin(server, credentials[0] if credentials else None, now)
        return (yield from self._finish_login(pending, [Call((request,), read_stub)]))

    def _find_server(self) -> Conversation[Stub]:
        """Return the agent's server object, connected to its port."""
        agent = self._agent
        yield from self._dial(agent.port, tls=agent.tls_registry)
        [found] = yield from self._ask([Call((requests.lookup(agent.registry_name),), read_stub)])
        if isinstance(found, RemoteFailure) and found.is_a("NotBoundException"):
            names = yield from self._registry_names()
            raise explain.unknown_name_error(self._peer, agent.registry_name, names)
        if not isinstance(found, Stub):
            raise explain.lookup_error(self._peer, found)
        if found.tls != agent.tls_rmi:
            raise explain.tls_mode_error(self._peer, agent_requires_tls=found.tls)
        server = found._replace(port=agent.rmi_port or found.port)
        if (server.port, server.tls) != (agent.port, agent.tls_registry):
            yield from self._dial(server.port, tls=server.tls)
        return server

    def _end_earlier_session(self, server: Stub) -> Conversation[None]:
        """End the session of the earlier login, unless its JVM has ended: each start of a JVM has another server."""
        login, self._login = self._login, None
        if login is not None and login.server == server:
            yield from self._exchange([_close_call(login)])
            if not self._connected:
                yield from self._dial(server.port, tls=server.tls)

    def _finish_login(self, pending: _PendingLogin, calls: Sequence[Call] = ()) -> Conversation[_Login]:
        """Send the login, if it is among *calls*, and wait for its reply. After a timeout the next read continues."""
        self._pending = None
        try:
            [client] = yield from self._ask(calls)
        except TransportError as error:
            if error.reason is Reason.TIMEOUT:
                self._pending = pending
            raise
        if not isinstance(client, Stub):
            raise explain.login_error(
                self._peer,
                client,
                user=pending.user,
                name=self._agent.registry_name,
                has_rmi_port=self._agent.rmi_port is not None,
            )
        if pending.server != self._server:  # another JVM, perhaps with other versions of everything
            self.forget()
        session = client.object_id
        self._server = pending.server
        self._login = _Login(pending.server, session, requests.info_head(session), requests.attributes_head(session))
        return self._login

    def _registry_names(self) -> Conversation[tuple[str, ...]]:
        """Return the names in the RMI registry, for a message; none if it does not list them."""
        try:
            [names] = yield from self._ask([Call((requests.REGISTRY_NAMES,), read_registry_names)])
        except TransportError:
            return ()
        return names if isinstance(names, tuple) and not isinstance(names, RemoteFailure) else ()

    # Calls.

    def _dial(self, port: int, *, tls: bool) -> Conversation[None]:
        self._connected = False
        self._peer = str(Address(self._agent.host, port))
        yield Dial(port, tls)
        self._connected = True

    def _exchange(self, calls: Sequence[Call], take: Callable[[object], object] = as_it_is) -> Conversation[Replies]:
        if not self._connected and self._login is not None:
            yield from self._dial(self._login.server.port, tls=self._login.server.tls)
        replies = yield Exchange(calls, take)
        if replies is None:
            raise AssertionError("an Exchange must be answered with Replies")
        if replies.failure is not None:
            self._connected = False
        return replies

    def _ask(self, calls: Sequence[Call]) -> Conversation[Sequence[object]]:
        """Return the values of all replies, or a single RemoteFailure if the first call failed."""
        replies = yield from self._exchange(calls)
        # A JVM that does not know the called object replies with the exception, and then fails on the call's arguments.
        first_call_failed = bool(replies.values) and isinstance(replies.values[0], RemoteFailure)
        if replies.failure is not None and not first_call_failed:
            raise explain.connection_error(self._peer, replies.failure)
        return replies.values

    def _ask_each(
        self,
        owners: Sequence[tuple[WatchedMBeans, str]],
        calls: Sequence[Call],
        now: float,
        use: Callable[[int, object], None],
    ) -> Conversation[None]:
        """Have *use* take the value of each reply, with the index of its call, as soon as it is read.

        An MBean that cannot be read has no value, and goes into quarantine.
        """
        done = unreadable = 0

        def take(value: object) -> None:
            nonlocal done
            index, done = done, done + 1
            if isinstance(value, RemoteFailure):
                self._failed(owners[index], value, now)
            else:
                use(index, value)

        while done < len(calls):
            replies = yield from self._exchange(calls[done:], take)
            if replies.failure is not None:
                # The JVM ends the connection in the middle of a value that it cannot serialize, and a value that we
                # cannot or will not decode cannot be skipped. In each case all later calls must be sent again.
                unreadable += 1
                if not isinstance(replies.failure, _ONE_MBEANS_FAULT) or unreadable > _MAX_UNREADABLE:
                    raise explain.connection_error(self._peer, replies.failure)
                self._quarantine(owners[done], str(replies.failure), now)
                done += 1

    def _failed(self, owner: tuple[WatchedMBeans, str], value: RemoteFailure, now: float) -> None:
        """Handle an exception that was the reply to a call about an MBean."""
        watched, name = owner
        if value.is_a("InstanceNotFoundException"):  # the MBean was unregistered after its name was listed
            watched.drop(name)
        elif value.is_a("NoSuchObjectException"):  # the session has ended
            self._login = None
            raise explain.connection_error(self._peer, ClosedError(greeted=True))
        elif value.is_filtered:  # not the MBean's fault: any other request may be rejected next
            raise explain.filter_error(self._peer)
        else:
            self._quarantine(owner, value.message, now)

    def _quarantine(self, owner: tuple[WatchedMBeans, str], cause: str, now: float) -> None:
        watched, name = owner
        watched.quarantine(name, now)
        if len(self.newly_quarantined) < _MAX_NAMED:
            self.newly_quarantined.append((name, cause))

    # The three steps of a read.

    def _query_names_again(self, login: _Login) -> Conversation[list[Names] | None]:
        """Return the names for each selection, or None if a new login may help."""
        for reused in (True, False) if self._connected else (False,):
            try:
                return (yield from self._query_names(login))
            except TransportError as error:
                if self._login is None:  # the JVM was restarted, or has ended the session
                    return None
                if error.reason in _SAME_WITH_A_NEW_LOGIN:
                    raise
                if not reused or error.reason is not Reason.CLOSED:
                    return None
                # Something on the way cut the connection while it was idle. The session outlives it.
        return None

    def _query_names(self, login: _Login) -> Conversation[list[Names]]:
        """Return the names for each selection.

        This is the first exchange of a read, because it shows whether the session has ended.
        """
        calls = [
            Call((requests.query_names(login.session, watched.selection.pattern),), watched.names_reader)
            for watched in self._watched
        ]
        values = yield from self._ask(calls)
        names = [value for value in values if isinstance(value, Names)]
        if len(names) != len(calls):
            if isinstance(values[0], RemoteFailure) and any(map(values[0].is_a, _SESSION_ENDED)):
                self._login = None
            raise explain.names_error(self._peer, values[0])
        return names

    def _list_attributes(self, login: _Login, names: Sequence[Sequence[str]], now: float) -> Conversation[None]:
        """Ask which attributes these MBeans list."""
        owners = [(watched, name) for watched, some in zip(self._watched, names, strict=True) for name in some]
        for begin in range(0, len(owners), _INFOS_AT_ONCE):
            some = [(watched, name) for watched, name in owners[begin : begin + _INFOS_AT_ONCE] if watched.usable(name)]
            calls = [self._info_call(login, name) for _, name in some]
            yield from self._ask_each(some, calls, now, partial(_update_listed, some))

    def _read_attributes(self, login: _Login, new: Sequence[Sequence[str]], now: float) -> Conversation[list[Reading]]:
        """Read the chosen attributes and, in the same exchange, list the attributes of some MBeans again."""
        mbeans = [(watched, mbean) for watched in self._watched for mbean in watched.mbeans.values()]
        refreshed = [
            (watched, name)
            for watched, some in zip(self._watched, new, strict=True)
            for name in watched.names_to_refresh(some)
        ]
        owners = [(watched, mbean.name.text) for watched, mbean in mbeans] + refreshed
        head = login.attributes_head
        calls = [Call((head, mbean.request_name, mbean.query.request_tail), mbean.query.reader) for _, mbean in mbeans]
        calls += [self._info_call(login, name) for _, name in refreshed]
        readings: list[Reading] = []

        def use(index: int, value: object) -> None:
            if index >= len(mbeans):
                _update_listed(owners, index, value)
            elif isinstance(value, AttributeValues):
                watched, mbean = mbeans[index]
                readings.append(watched.reading(mbean, value))

        yield from self._ask_each(owners, calls, now, use)
        return readings

    def _info_call(self, login: _Login, name: str) -> Call:
        return Call((login.info_head, requests.object_name(name), requests.INFO_TAIL), self._info_reader)


def _close_call(login: _Login) -> Call:
    return Call((requests.close(login.session),), read_nothing)


def _update_listed(owners: Sequence[tuple[WatchedMBeans, str]], index: int, listed: object) -> None:
    watched, name = owners[index]
    if isinstance(listed, tuple):
        watched.update_listed(name, listed)
