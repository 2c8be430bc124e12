"""One JVM's JMX agent, from look-up to readings: what to send next, and what an answer means.

Pure: a conversation is a generator. It yields a Dial or an Exchange, is sent what came of it, and returns the readings.
It opens no socket and reads no clock, so that a test is a list of answers.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from kafka_producer_exporter.jmx import explain, requests
from kafka_producer_exporter.jmx.explain import ClosedError
from kafka_producer_exporter.jmx.javastream import JavaStreamError, UnreadableError
from kafka_producer_exporter.jmx.jrmp import Reader, RemoteFailure
from kafka_producer_exporter.jmx.readings import Reading, Selection
from kafka_producer_exporter.jmx.stubs import Stub, read_stub
from kafka_producer_exporter.jmx.templates import Answer, SameBytesReader, extract_listed
from kafka_producer_exporter.jmx.watched import Shape, Watched
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason, TransportError

IDLE_SECONDS: Final = 100.0
"""A JVM ends a login after 120 s without a call; from this age on a new one is made instead."""
_CULPRITS: Final = 20
"""So many MBeans may break the connection in one read; each is then left alone, so that the next read comes further."""
_INFOS_KEPT: Final = 16


class Dial(NamedTuple):
    """Open a connection to this port of the host, in place of any other; if that fails, TransportError is thrown in."""

    port: int
    tls: bool


class Call(NamedTuple):
    """One request, in parts that it may share with others, and who reads the reply."""

    parts: tuple[bytes, ...]
    reader: Reader


class Exchange(NamedTuple):
    """Send these calls on the connection, all of them at once, and read the replies meanwhile."""

    calls: Sequence[Call]


class Outcome(NamedTuple):
    """What came of an exchange: the values of the replies, in order, and why there are no more of them."""

    values: Sequence[object]
    failure: JavaStreamError | ClosedError | None = None


Step = Dial | Exchange
Readings = Generator[Step, Outcome | None, list[Reading]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Where the JMX agent is, as its operator configured it."""

    host: str
    port: int
    rmi_port: int | None = None
    """None: the port that the agent's stub names."""
    tls_registry: bool = False
    tls_rmi: bool = False


class _Login(NamedTuple):
    server: Stub
    session: bytes
    info_head: bytes
    attributes_head: bytes


class Session:
    """Remembers the login, and what is known of the MBeans, from read to read."""

    def __init__(self, agent: Agent, credentials: Callable[[], tuple[str, str] | None]) -> None:
        self._agent = agent
        self._credentials = credentials
        self._login: _Login | None = None
        self._server: Stub | None = None
        self._peer = ""
        self._connected = False
        self._used_at = 0.0
        self._watched: list[Watched] = []
        self._shapes: dict[tuple[str, ...], Shape] = {}
        self._info_reader = SameBytesReader(extract_listed, keep=_INFOS_KEPT)
        self.resting: list[tuple[str, str]] = []
        """The MBeans of which the last read found out that they cannot be read, and why: for the log."""

    def lost(self) -> None:
        """Take note that the connection is gone; the login lives on in the JVM, and is used again while it is young."""
        self._connected = False

    def forget(self) -> None:
        """Forget what the MBeans list and what was chosen of it: the next read asks again."""
        self._watched.clear()
        self._shapes.clear()

    def farewell(self) -> bytes:
        """Return the request that ends the login, to be sent without waiting for the answer; empty if there is none."""
        login, self._login = self._login, None
        return requests.close(login.session) if login and self._connected else b""

    def read(self, selections: Sequence[Selection], now: float) -> Readings:
        """Read every MBean that matches. ``now`` is an instant of a clock that never goes back."""
        self.resting = []
        self._watch(selections)
        login, all_names = self._login, None
        if login is not None and now - self._used_at < IDLE_SECONDS:
            try:
                all_names = yield from self._names(login)
            except TransportError as error:
                if error.reason is Reason.TIMEOUT:
                    raise
                # The JVM was started again, or something in between ended the connection: begin anew, once.
        if login is None or all_names is None:
            login = yield from self._log_in()
            self._watch(selections)
            all_names = yield from self._names(login)
        self._used_at = now
        new = [watched.update_names(names, now) for watched, names in zip(self._watched, all_names, strict=True)]
        yield from self._list(login, new, now)
        return (yield from self._read_all(login, new, now))

    def _watch(self, selections: Sequence[Selection]) -> None:
        if [watched.selection for watched in self._watched] != list(selections):
            known = {watched.selection: watched for watched in self._watched}
            self._watched = [known.get(each) or Watched(each, self._shape) for each in selections]

    def _shape(self, attributes: tuple[str, ...]) -> Shape:
        shape = self._shapes.get(attributes)
        if shape is None:
            shape = self._shapes[attributes] = Shape(attributes)
        return shape

    # Login.

    def _log_in(self) -> Generator[Step, Outcome | None, _Login]:
        agent, self._login = self._agent, None
        yield from self._dial(agent.port, tls=agent.tls_registry)
        [found] = yield from self._ask([Call((requests.LOOKUP,), read_stub)])
        if not isinstance(found, Stub):
            raise explain.lookup_refused(self._peer, found)
        if found.tls != agent.tls_rmi:
            raise explain.tls_differs(self._peer, agent_wants_it=found.tls)
        server = found._replace(port=agent.rmi_port or found.port)
        if (server.port, server.tls) != (agent.port, agent.tls_registry):
            yield from self._dial(server.port, tls=server.tls)
        credentials = self._credentials()
        try:
            request = requests.new_client(server.object_id, credentials)
        except ValueError as error:
            raise TransportError(Reason.AUTHENTICATION, f"{self._peer}: user or password is {error}") from None
        [client] = yield from self._ask([Call((request,), read_stub)])
        if not isinstance(client, Stub):
            raise explain.login_refused(self._peer, client, user=credentials[0] if credentials else None)
        if server != self._server:  # another JVM, perhaps with other versions of everything
            self.forget()
        session = client.object_id
        self._server = server
        self._login = _Login(server, session, requests.info_head(session), requests.attributes_head(session))
        return self._login

    # Calls.

    def _dial(self, port: int, *, tls: bool) -> Generator[Step, Outcome | None, None]:
        self._connected = False
        self._peer = str(Address(self._agent.host, port))
        yield Dial(port, tls)
        self._connected = True

    def _exchange(self, calls: Sequence[Call]) -> Generator[Step, Outcome | None, Outcome]:
        if not self._connected and self._login is not None:
            yield from self._dial(self._login.server.port, tls=self._login.server.tls)
        outcome = yield Exchange(calls)
        if outcome is None:
            raise AssertionError("an exchange is answered by its outcome")
        if outcome.failure is not None:
            self._connected = False
        return outcome

    def _ask(self, calls: Sequence[Call]) -> Generator[Step, Outcome | None, Sequence[object]]:
        """Return the values of all replies; or of one, a RemoteFailure, behind which the connection has ended."""
        outcome = yield from self._exchange(calls)
        # A JVM that does not know the object that is called says so, and then trips over the call's arguments.
        refused = bool(outcome.values) and isinstance(outcome.values[0], RemoteFailure)
        if outcome.failure is not None and not refused:
            raise explain.broken(self._peer, outcome.failure)
        return outcome.values

    def _ask_each(
        self, owners: Sequence[tuple[Watched, str]], calls: Sequence[Call], now: float
    ) -> Generator[Step, Outcome | None, list[object]]:
        """Return the values of the replies, None where an MBean could not be read; those are left alone for a while."""
        values: list[object] = []
        culprits = 0
        while len(values) < len(calls):
            outcome = yield from self._exchange(calls[len(values) :])
            for value in outcome.values:
                values.append(self._sound(owners[len(values)], value, now))
            if outcome.failure is not None:
                # The JVM ends the connection in the middle of a value that it cannot serialize, and what cannot be
                # read cannot be skipped: whatever stands behind it has to be asked again.
                culprits += 1
                if not isinstance(outcome.failure, UnreadableError) or culprits > _CULPRITS:
                    raise explain.broken(self._peer, outcome.failure)
                self._rest(owners[len(values)], str(outcome.failure), now)
                values.append(None)
        return values

    def _sound(self, owner: tuple[Watched, str], value: object, now: float) -> object:
        if not isinstance(value, RemoteFailure):
            return value
        watched, name = owner
        if value.is_a("InstanceNotFoundException"):  # closed since its name was listed
            watched.drop(name)
        elif value.is_a("NoSuchObjectException"):
            raise explain.broken(self._peer, ClosedError(greeted=True))
        else:
            self._rest(owner, value.message, now)
        return None

    def _rest(self, owner: tuple[Watched, str], why: str, now: float) -> None:
        watched, name = owner
        watched.rest(name, now)
        self.resting.append((name, why))

    # The three questions of a read.

    def _names(self, login: _Login) -> Generator[Step, Outcome | None, list[tuple[str, ...]]]:
        """Ask for the names. They come alone and first: a login that the JVM has forgotten shows itself here."""
        calls = [
            Call((requests.query_names(login.session, watched.selection.pattern),), watched.names_reader)
            for watched in self._watched
        ]
        answers = yield from self._ask(calls)
        names = [answer for answer in answers if isinstance(answer, tuple) and not isinstance(answer, RemoteFailure)]
        if len(names) != len(calls):
            raise explain.names_refused(self._peer, answers[0])
        return names

    def _list(self, login: _Login, names: Sequence[Sequence[str]], now: float) -> Generator[Step, Outcome | None, None]:
        """Ask what attributes these MBeans list."""
        owners = [(watched, name) for watched, some in zip(self._watched, names, strict=True) for name in some]
        listed = yield from self._ask_each(owners, [self._info_call(login, name) for _, name in owners], now)
        self._take_listed(owners, listed)

    def _read_all(
        self, login: _Login, new: Sequence[Sequence[str]], now: float
    ) -> Generator[Step, Outcome | None, list[Reading]]:
        """Ask for the attributes; behind that, without waiting, for what some of the MBeans list by now."""
        beans = [(watched, bean) for watched in self._watched for bean in watched.mbeans.values()]
        reviewed = [
            (watched, name)
            for watched, some in zip(self._watched, new, strict=True)
            for name in watched.names_to_review(some)
        ]
        owners = [(watched, bean.name.text) for watched, bean in beans] + reviewed
        head = login.attributes_head
        calls = [Call((head, bean.request_name, bean.shape.request_tail), bean.shape.reader) for _, bean in beans]
        calls += [self._info_call(login, name) for _, name in reviewed]
        answers = yield from self._ask_each(owners, calls, now)
        readings = [
            watched.reading(bean, answer)
            for (watched, bean), answer in zip(beans, answers, strict=False)
            if isinstance(answer, Answer)
        ]
        self._take_listed(reviewed, answers[len(beans) :])
        return readings

    def _info_call(self, login: _Login, name: str) -> Call:
        return Call((login.info_head, requests.object_name(name), requests.INFO_TAIL), self._info_reader)

    def _take_listed(self, owners: Sequence[tuple[Watched, str]], answers: Sequence[object]) -> None:
        for (watched, name), listed in zip(owners, answers, strict=True):
            if isinstance(listed, tuple):
                watched.update_listed(name, listed)
