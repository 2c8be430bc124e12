"""The session with a recorded JVM, in process: what it requests, what it remembers, and how it fails."""

import contextlib
import itertools
import re
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_producer_exporter.jmx import session as session_module
from kafka_producer_exporter.jmx.javastream import LIMITS
from kafka_producer_exporter.jmx.jrmp import REPLY_HEAD
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import LeftOut, Reading, Selection
from kafka_producer_exporter.jmx.requests import REGISTRY_NAMES, lookup
from kafka_producer_exporter.jmx.session import Dial, Exchange, Session
from kafka_producer_exporter.net.errors import Reason, TransportError
from tests.jmx.conversation import (
    CLOSE,
    EVERYTHING,
    GET_ATTRIBUTES,
    GET_MBEAN_INFO,
    JAVA_8_FILE,
    LOOKUP,
    NEW_CLIENT,
    QUERY_NAMES,
    VERSIONS,
    RecordedConversation,
    Replay,
    agent,
    new_session,
)
from tests.jmx.encoding import END, attribute_list, class_description, string

CONVERSATION = RecordedConversation.load()
FAILURES = CONVERSATION.failures
JAVA_8 = RecordedConversation.load(JAVA_8_FILE)


def count(replay: Replay, mark: bytes, since: int = 0) -> int:
    return sum(mark in request for request in replay.requests[since:])


def same(readings: list[Reading], others: list[Reading]) -> bool:
    return repr([(each.name, each.attributes, list(each.values)) for each in readings]) == repr(
        [(each.name, each.attributes, list(each.values)) for each in others]
    )


def test_every_mbean_of_the_recording_is_read():
    readings = Replay(CONVERSATION).read(new_session())

    by_name = {reading.name.text: dict(zip(reading.attributes, reading.values, strict=True)) for reading in readings}
    assert len(by_name) == 8
    assert by_name["kafka.producer:type=app-info,client-id=client-0"]["version"] == "4.4.0"
    assert by_name["kafka.producer:type=producer-topic-metrics,client-id=client-0,topic=topic-0"]["byte-total"] == 42.5
    assert by_name["kafka.producer:type=producer-metrics,client-id=client-0"]["buffer-total-bytes"] == 33554432.0


def test_a_producer_on_java_8_is_read_though_its_stub_is_a_proxy():
    session, replay = new_session(), Replay(JAVA_8)

    readings = replay.read(session)

    by_type = {reading.name.properties["type"]: reading for reading in readings}
    assert b"java.lang.reflect.Proxy" in JAVA_8.reply(LOOKUP)
    assert by_type.keys() == {"producer-metrics", "app-info", "kafka-metrics-count"}
    assert "3.9.2" in by_type["app-info"].values
    assert same(replay.read(session, now=1.0), readings)


def test_a_missing_password_on_java_8_ends_in_authentication():
    replay = Replay(JAVA_8.answering(NEW_CLIENT, JAVA_8.failures["SecurityException"]))

    with pytest.raises(TransportError) as error:
        replay.read(new_session())

    assert error.value.reason is Reason.AUTHENTICATION


def test_a_proxy_that_is_no_stub_ends_in_protocol():
    stub = JAVA_8.reply(LOOKUP)
    other = stub.replace(b"RemoteObjectInvocationHandler", b"XxxxxxObjectInvocationHandler")

    with pytest.raises(TransportError, match="a proxy that is no stub") as error:
        Replay(JAVA_8.with_reply(stub, other)).read(new_session())

    assert error.value.reason is Reason.PROTOCOL


def test_a_later_read_requests_only_names_and_attributes_and_gives_the_same_readings():
    session, replay = new_session(), Replay(CONVERSATION)
    first = replay.read(session)
    since_first = len(replay.requests)
    replay.read(session, now=1.0)
    since = len(replay.requests)

    third = replay.read(session, now=2.0)

    assert same(third, first)
    assert count(replay, GET_MBEAN_INFO, since_first) >= 8  # they are new, so each is refreshed once
    assert count(replay, QUERY_NAMES, since) == 1
    assert count(replay, GET_ATTRIBUTES, since) == 8
    assert count(replay, GET_MBEAN_INFO, since) <= 1  # the one that is refreshed in this read
    assert count(replay, LOOKUP, since) + count(replay, NEW_CLIENT, since) == 0
    assert all(now.attributes is before.attributes for now, before in zip(third, first, strict=True))


def test_the_host_in_a_stub_is_ignored_and_its_port_is_used():
    session, replay = Session(agent(rmi_port=None), lambda: None), Replay(CONVERSATION)

    replay.read(session)

    assert b"10.99.99.99" in CONVERSATION.reply(LOOKUP)
    assert replay.dialled == [Dial(9999, False), Dial(19913, False)]


def test_one_connection_is_enough_if_registry_and_agent_share_a_port():
    replay = Replay(CONVERSATION)

    replay.read(new_session())

    assert replay.dialled == [Dial(9999, False)]


@given(fragment=st.integers(1, 5000))
@settings(max_examples=12, deadline=None)
def test_any_fragmentation_gives_the_same_readings(fragment):
    session, replay = new_session(), Replay(CONVERSATION, fragment=fragment if fragment > 40 else 41)

    cold, warm = replay.read(session), replay.read(session, now=1.0)

    assert same(cold, Replay(CONVERSATION).read(new_session()))
    assert same(warm, cold)


def test_a_byte_at_a_time_gives_the_same_readings():
    session = new_session()

    cold = Replay(CONVERSATION, fragment=1).read(session, [VERSIONS])

    assert same(cold, Replay(CONVERSATION).read(new_session(), [VERSIONS]))


# Cut after every byte.


@pytest.mark.parametrize("conversation", [CONVERSATION, JAVA_8], ids=["java-17", "java-8"])
def test_a_first_read_that_is_cut_after_any_byte_ends_in_closed(conversation):
    whole = Replay(conversation)
    whole.read(new_session(), [VERSIONS])

    for budget in range(whole.spent):
        with pytest.raises(TransportError) as error:
            Replay(conversation, budget=budget).read(new_session(), [VERSIONS])

        assert error.value.reason is Reason.CLOSED


def test_a_large_first_read_that_is_cut_anywhere_ends_in_closed():
    whole = Replay(CONVERSATION)
    whole.read(new_session())

    for budget in range(0, whole.spent, 97):
        with pytest.raises(TransportError) as error:
            Replay(CONVERSATION, budget=budget).read(new_session())

        assert error.value.reason is Reason.CLOSED


def test_a_later_read_that_is_cut_after_any_byte_ends_in_closed_and_the_next_one_is_correct():
    session, replay = new_session(), Replay(CONVERSATION)
    right = replay.read(session)
    replay.read(session, now=0.0)
    before = replay.spent
    replay.read(session, now=0.0)
    names = len(CONVERSATION.reply(QUERY_NAMES))

    # The length of a read depends on the MBean that is refreshed in it, so cut within the shortest one.
    for cut in range(replay.spent - before - max(map(len, CONVERSATION.replies.values()))):
        replay.budget = replay.spent + cut
        with pytest.raises(TransportError) as error:
            replay.read(session)
        replay.budget = 1 << 40

        assert error.value.reason is Reason.CLOSED
        if cut < names + 50 or cut % 200 == 0:
            assert same(replay.read(session), right)


# What is remembered.


def test_choose_is_called_once_for_each_mbean():
    seen: list[str] = []

    def choose(name: ObjectName, listed):
        seen.append(name.text)
        return [attribute for attribute in listed if attribute.endswith("-total")]

    session, replay = new_session(), Replay(ANY_CHOICE)
    for now in range(25):
        replay.read(session, [Selection(EVERYTHING.pattern, choose)], float(now))

    assert len(seen) == len(set(seen)) == 8


class _AnyChoice(dict[bytes, bytes]):
    """Replies with all attributes of an MBean, whichever are requested."""

    def __missing__(self, request: bytes) -> bytes:
        name_ends = request.index(b"[Ljava.lang.String;")
        return next(reply for known, reply in self.items() if known[:name_ends] == request[:name_ends])


ANY_CHOICE = CONVERSATION._replace(replies=_AnyChoice(CONVERSATION.replies))


def test_only_chosen_attributes_are_requested():
    session, replay = new_session(), Replay(ANY_CHOICE)

    replay.read(session, [Selection("kafka.producer:type=app-info,*", lambda _, listed: listed[:1])])

    reads = [request for request in replay.requests if GET_ATTRIBUTES in request]
    assert len(reads) == 2
    assert all(b"start-time-ms" not in request or b"commit-id" not in request for request in reads)


def test_an_mbean_of_which_nothing_is_chosen_is_neither_read_nor_kept():
    session, replay = new_session(), Replay(CONVERSATION)

    readings = [replay.read(session, [Selection("kafka.producer:*", lambda *_: ())], float(now)) for now in range(3)]

    assert readings == [[], [], []]
    assert count(replay, GET_ATTRIBUTES) == 0
    assert session._watched[0].mbeans == {}


def test_the_names_of_all_mbeans_are_listed_whether_they_are_read_or_not():
    session, replay = new_session(), Replay(CONVERSATION)
    nothing = Selection(EVERYTHING.pattern, lambda *_: ())

    replay.read(session, [nothing])
    first = session.listed
    replay.read(session, [nothing])

    assert len(first) == 8
    assert "kafka.producer:type=app-info,id=client-0" in first
    assert session.listed is first


def set_of_names(*texts: str) -> bytes:
    """Return a reply to queryNames."""
    described = class_description("javax.management.ObjectName", 3)
    names = [
        b"\x73" + (b"\x71" + struct.pack(">i", 0x7E0002) if index else described) + string(text) + END
        for index, text in enumerate(texts)
    ]
    return REPLY_HEAD + bytes(14) + b"\x73" + class_description("java.util.HashSet", 3) + b"".join(names) + END


def test_names_that_cannot_be_requested_are_counted_and_the_other_mbeans_are_read():
    known = new_session()
    Replay(CONVERSATION).read(known)
    long = "\u00e9".encode() * 40_000
    long_name = b"\x73\x71" + struct.pack(">i", 0x7E0002) + b"\x7c" + struct.pack(">q", len(long)) + long + END
    names = set_of_names("nonsense", "a:", *known.listed, "a:b=\n")[:-1] + long_name + END
    session, replay = new_session(), Replay(CONVERSATION.answering(QUERY_NAMES, names))

    readings = [replay.read(session, now=float(now)) for now in range(3)]

    assert [len(some) for some in readings] == [8, 8, 8]
    assert session.left_out == {LeftOut.NAME: 4}
    assert count(replay, b"nonsense") == 0


def test_a_name_that_cannot_be_requested_is_no_longer_counted_once_it_is_gone():
    session, replay = new_session(), Replay(CONVERSATION)
    replay.conversation = CONVERSATION.answering(QUERY_NAMES, set_of_names("nonsense"))
    replay.read(session)
    before = session.left_out
    replay.conversation = CONVERSATION

    replay.read(session)

    assert before == {LeftOut.NAME: 1}
    assert session.left_out == {}


def test_a_selection_without_a_choice_lists_the_names_and_nothing_else():
    session, replay = new_session(), Replay(CONVERSATION)

    readings = [replay.read(session, [Selection(EVERYTHING.pattern, None)], float(now)) for now in range(2)]

    assert readings == [[], []]
    assert len(session.listed) == 8
    assert count(replay, GET_MBEAN_INFO) == count(replay, GET_ATTRIBUTES) == 0


def test_a_first_read_that_is_too_short_for_all_mbeans_is_continued_by_the_next(monkeypatch):
    monkeypatch.setattr(session_module, "_INFOS_AT_ONCE", 3)
    session, replay = new_session(), Replay(CONVERSATION)
    conversation = session.read([EVERYTHING], 0.0)
    action = next(conversation)
    while count(replay, GET_MBEAN_INFO) < 6:
        action = conversation.send(replay.perform_action(action))
    with pytest.raises(TransportError):
        conversation.throw(TransportError(Reason.TIMEOUT, "too late"))
    session.connection_lost()
    since = len(replay.requests)

    readings = replay.read(session)

    asked = itertools.takewhile(lambda request: GET_ATTRIBUTES not in request, replay.requests[since:])
    assert len(readings) == 8
    assert sum(GET_MBEAN_INFO in request for request in asked) == 2


def test_after_forget_choose_is_called_again():
    session, replay = new_session(), Replay(CONVERSATION)
    wanted = [EVERYTHING.choose]

    def choose(name, listed):
        return wanted[0](name, listed)

    selection = Selection("kafka.producer:*", choose)
    before = replay.read(session, [selection])
    wanted[0] = lambda _, listed: listed if len(listed) == 3 else ()

    still = replay.read(session, [selection], 1.0)
    session.forget()
    after = replay.read(session, [selection], 2.0)

    assert [len(before), len(still), len(after)] == [8, 8, 2]


def test_two_selections_are_read_in_one_read():
    readings = Replay(CONVERSATION).read(new_session(), [VERSIONS, EVERYTHING])

    assert len(readings) == 2 + 8


def test_a_pattern_that_is_not_an_object_name_is_never_sent():
    replay = Replay(CONVERSATION)

    with pytest.raises(ValueError, match="is not an ObjectName"):
        replay.read(new_session(), [Selection("kafka.producer", EVERYTHING.choose)])

    assert replay.requests == []


def test_an_mbean_whose_reply_lacks_attributes_is_listed_again_before_the_next_read_and_only_then():
    short = next(
        reply for request, reply in CONVERSATION.replies.items() if GET_ATTRIBUTES in request and b"app-info" in request
    )
    name = b"type=producer-metrics,client-id=client-0"
    request = next(each for each in CONVERSATION.replies if GET_ATTRIBUTES in each and name in each)
    session, replay = new_session(), Replay(CONVERSATION._replace(replies=CONVERSATION.replies | {request: short}))
    counts = []
    for now in range(4):
        since = len(replay.requests)
        replay.read(session, now=float(now))
        first = list(itertools.takewhile(lambda request: GET_ATTRIBUTES not in request, replay.requests[since:]))
        counts.append(sum(GET_MBEAN_INFO in request for request in first))

    assert counts == [8, 1, 0, 0]


# What goes wrong.


def test_a_restarted_jvm_gets_a_new_login_within_the_read():
    session, replay = new_session(), Replay(CONVERSATION)
    right = replay.read(session)
    replay.instead[len(replay.requests)] = FAILURES["NoSuchObjectException"]
    since = len(replay.requests)

    again = replay.read(session, now=1.0)

    assert same(again, right)
    assert count(replay, LOOKUP, since) == count(replay, NEW_CLIENT, since) == 1


def test_a_jvm_that_forgets_every_login_ends_in_protocol():
    replay = Replay(CONVERSATION.answering(QUERY_NAMES, FAILURES["NoSuchObjectException"]))

    with pytest.raises(TransportError) as error:
        replay.read(new_session())

    assert error.value.reason is Reason.PROTOCOL
    assert count(replay, NEW_CLIENT) == 1


def test_a_dead_connection_is_replaced_within_the_read():
    session, replay = new_session(), Replay(CONVERSATION)
    right = replay.read(session)
    replay.closed = True

    again = replay.read(session, now=1.0)

    assert same(again, right)
    assert len(replay.dialled) == 2


def test_a_login_outlives_its_connection():
    session, replay = new_session(), Replay(CONVERSATION)
    replay.read(session)
    session.connection_lost()

    replay.read(session, now=1.0)

    assert count(replay, NEW_CLIENT) == 1
    assert len(replay.dialled) == 2


def test_a_timeout_ends_the_read_and_causes_no_new_login():
    session, replay = new_session(), Replay(CONVERSATION)
    replay.read(session)
    conversation = session.read([EVERYTHING], 1.0)
    next(conversation)

    with pytest.raises(TransportError) as error:
        conversation.throw(TransportError(Reason.TIMEOUT, "too late"))

    assert error.value.reason is Reason.TIMEOUT


@pytest.mark.parametrize(("idle", "logins"), [(99.0, 1), (101.0, 2)])
def test_a_login_that_was_idle_for_more_than_100_seconds_is_renewed_and_its_session_is_ended(idle, logins):
    session, replay = new_session(), Replay(CONVERSATION)
    replay.read(session, now=1000.0)

    replay.read(session, now=1000.0 + idle)

    assert count(replay, NEW_CLIENT) == logins
    assert count(replay, CLOSE) == logins - 1


# What stays in the JVM: each login opens a session there, and only RMIConnection.close ends it at once.


def test_a_connection_that_was_cut_while_idle_costs_no_login():
    session, replay = new_session(), Replay(CONVERSATION)
    for now in range(5):
        replay.read(session, now=float(now))
        replay.closed = True

    assert count(replay, NEW_CLIENT) == 1
    assert len(replay.dialled) == 5


ENDLESS = CONVERSATION.reply(QUERY_NAMES)[:22] + b"\x7c" + b"\x7f" * 8


@pytest.mark.parametrize(
    ("reply", "reason"),
    [(ENDLESS, Reason.LIMIT), (FAILURES["SecurityException"], Reason.AUTHENTICATION), (b"\x00" * 64, Reason.PROTOCOL)],
    ids=["over a limit", "not allowed", "garbage"],
)
def test_a_read_that_another_login_would_not_mend_opens_no_other_session(reply, reason):
    session, replay = new_session(), Replay(CONVERSATION.answering(QUERY_NAMES, reply))

    for now in range(5):
        with pytest.raises(TransportError) as error:
            replay.read(session, now=float(now))
        assert error.value.reason is reason

    assert count(replay, NEW_CLIENT) == 1


def test_a_session_is_ended_before_another_is_opened_in_the_same_jvm():
    session, replay = new_session(), Replay(CONVERSATION)
    for now in range(0, 1000, 200):
        replay.read(session, now=float(now))
        session.connection_lost()

    order = [mark for request in replay.requests for mark in (NEW_CLIENT, CLOSE) if mark in request]
    assert order == [NEW_CLIENT, *[CLOSE, NEW_CLIENT] * 4]


def test_a_connection_that_breaks_at_the_logout_of_the_earlier_session_is_replaced():
    session, replay = new_session(), Replay(CONVERSATION)
    right = replay.read(session)
    replay.instead[len(replay.requests) + 1] = CONVERSATION.greeting[:1]

    again = replay.read(session, now=200.0)

    assert same(again, right)
    assert count(replay, NEW_CLIENT) == 2


@pytest.mark.parametrize("lost", [False, True])
def test_a_session_is_ended_over_a_new_connection_if_its_own_is_lost(lost):
    session, replay = new_session(), Replay(CONVERSATION)
    replay.read(session)
    if lost:
        session.connection_lost()

    replay.perform(session.log_out())
    replay.perform(session.log_out())

    assert count(replay, CLOSE) == 1
    assert len(replay.dialled) == 1 + lost


def test_a_login_that_is_answered_after_the_read_gave_up_is_used_by_the_next_read():
    session, replay = new_session(), Replay(CONVERSATION)
    conversation = session.read([EVERYTHING], 0.0)
    action = next(conversation)
    while not (isinstance(action, Exchange) and NEW_CLIENT in action.calls[0].parts[0]):
        action = conversation.send(replay.perform_action(action))
    login = action
    with pytest.raises(TransportError):
        conversation.throw(TransportError(Reason.TIMEOUT, "too late"))
    pending = session.login_pending
    conversation = session.read([EVERYTHING], 15.0)

    action = next(conversation)
    after = conversation.send(replay.perform_action(login))

    assert pending
    assert action == Exchange(())
    assert QUERY_NAMES in after.calls[0].parts[0]
    assert not session.login_pending


@pytest.mark.parametrize("lost", [False, True])
def test_a_login_without_an_answer_is_sent_again_after_100_seconds_or_once_its_connection_is_lost(lost):
    session, replay = new_session(), Replay(CONVERSATION)
    conversation = session.read([EVERYTHING], 0.0)
    action = next(conversation)
    while not (isinstance(action, Exchange) and NEW_CLIENT in action.calls[0].parts[0]):
        action = conversation.send(replay.perform_action(action))
    with pytest.raises(TransportError):
        conversation.throw(TransportError(Reason.TIMEOUT, "too late"))
    if lost:
        session.connection_lost()

    readings = replay.read(session, now=1.0 if lost else 101.0)

    assert len(readings) == 8
    assert count(replay, NEW_CLIENT) == 1


def test_an_mbean_that_is_unregistered_during_the_read_is_skipped():
    session, replay = new_session(), Replay(CONVERSATION)
    replay.read(session)
    replay.read(session, now=1.0)
    replay.instead[len(replay.requests) + 1] = FAILURES["InstanceNotFoundException"]

    readings = replay.read(session, now=2.0)
    since = len(replay.requests)
    after = replay.read(session, now=3.0)

    assert [len(readings), len(after)] == [7, 8]
    assert session.newly_quarantined == []
    assert GET_MBEAN_INFO in replay.requests[since + 1]  # the name was forgotten, so it is listed again


@pytest.mark.parametrize("at", [0, 3, 7])
def test_an_mbean_that_the_jvm_cannot_serialize_is_quarantined_and_the_others_are_read(at):
    session, replay = new_session(), Replay(CONVERSATION)
    replay.read(session)
    replay.read(session, now=1.0)
    ordinal = len(replay.requests) + 1 + at
    replay.instead[ordinal] = CONVERSATION.reply(GET_ATTRIBUTES)[:22] + b"\x7b"

    readings, quarantined, logins = replay.read(session, now=2.0), session.newly_quarantined, count(replay, NEW_CLIENT)
    left_out = session.left_out
    sooner, later = replay.read(session, now=601.0), replay.read(session, now=602.0)

    assert [len(readings), len(sooner), len(later)] == [7, 7, 8]
    assert left_out == {LeftOut.UNREADABLE: 1}
    assert session.left_out == {}
    assert len(quarantined) == 1
    assert logins == 1  # the session in the JVM outlives the connection


def test_an_mbean_whose_attributes_cannot_be_listed_is_quarantined():
    session, replay = new_session(), Replay(CONVERSATION)
    replay.instead[4] = CONVERSATION.reply(GET_MBEAN_INFO)[:22] + b"\x7b"

    readings = replay.read(session)

    assert len(readings) == 7
    assert len(session.newly_quarantined) == 1


def test_a_wrong_password_ends_in_authentication_and_is_tried_once_per_read():
    passwords = iter(["wrong", "right"])
    session = Session(agent(), lambda: ("monitor", next(passwords)))
    known = CONVERSATION.replies
    login = next(request for request in known if NEW_CLIENT in request)

    class Passwords(dict[bytes, bytes]):
        def __missing__(self, request: bytes) -> bytes:
            return known[login] if b"right" in request else FAILURES["SecurityException"]

    replay = Replay(CONVERSATION._replace(replies=Passwords(known)))

    with pytest.raises(TransportError, match=r"producer:9999 rejected the user 'monitor' or the password") as error:
        replay.read(session)
    readings = replay.read(session, now=1.0)

    assert error.value.reason is Reason.AUTHENTICATION
    assert "wrong" not in str(error.value)
    assert len(readings) == 8
    assert count(replay, NEW_CLIENT) == 2


def test_a_missing_password_ends_in_authentication():
    replay = Replay(CONVERSATION.answering(NEW_CLIENT, FAILURES["SecurityException"]))

    with pytest.raises(TransportError, match=r"set jmx\.username and jmx\.password_file") as error:
        replay.read(new_session())

    assert error.value.reason is Reason.AUTHENTICATION


def test_a_user_who_may_not_read_ends_in_authentication():
    replay = Replay(CONVERSATION.answering(QUERY_NAMES, FAILURES["SecurityException"]))

    with pytest.raises(TransportError, match="role readonly") as error:
        replay.read(new_session())

    assert error.value.reason is Reason.AUTHENTICATION


def test_a_registry_without_the_name_is_reported_with_the_names_that_it_has():
    replay = Replay(CONVERSATION.answering(LOOKUP, FAILURES["NotBoundException"]))

    with pytest.raises(TransportError, match=r"no 'jmxrmi', but jmxrmi; .* set jmx\.registry_name to jmxrmi;") as error:
        replay.read(new_session())

    assert error.value.reason is Reason.NOT_JMX
    assert replay.requests[-1] == REGISTRY_NAMES


@pytest.mark.parametrize("reply", [FAILURES["SecurityException"], b"\x51garbage"])
def test_a_registry_that_does_not_list_its_names_is_reported_all_the_same(reply):
    conversation = CONVERSATION.answering(LOOKUP, FAILURES["NotBoundException"]).answering(REGISTRY_NAMES, reply)

    with pytest.raises(TransportError, match="is an RMI registry without a JMX agent") as error:
        Replay(conversation).read(new_session())

    assert error.value.reason is Reason.NOT_JMX


def test_the_agent_is_looked_up_under_the_configured_name():
    replay = Replay(CONVERSATION.answering(LOOKUP, CONVERSATION.reply(LOOKUP)))
    replay.conversation.replies[lookup("karaf-root")] = CONVERSATION.reply(LOOKUP)

    replay.read(Session(agent(registry_name="karaf-root"), lambda: None))

    assert replay.requests[0] == lookup("karaf-root")


def test_an_rmi_port_in_place_of_the_registrys_is_reported_as_such():
    replay = Replay(CONVERSATION.answering(LOOKUP, FAILURES["NoSuchObjectException"]))

    with pytest.raises(TransportError, match=r"producer:9999 is an RMI port, .* set jmx\.port to the port of") as error:
        replay.read(new_session())

    assert error.value.reason is Reason.NOT_JMX


@pytest.mark.parametrize(
    ("rmi_port", "failure", "message"),
    [
        (9999, "NoSuchObjectException", "is not the RMI port of this JMX agent; correct or remove jmx.rmi_port"),
        (None, "NoSuchObjectException", "is not the RMI port of this JMX agent; set jmx.rmi_port to the agent's"),
        (9999, "UnmarshalException", "no JMX agent under the name 'jmxrmi'; set jmx.registry_name to the name of"),
    ],
)
def test_another_object_than_the_agent_is_reported_with_the_key_to_set(rmi_port, failure, message):
    replay = Replay(CONVERSATION.answering(NEW_CLIENT, FAILURES[failure]))

    with pytest.raises(TransportError, match=re.escape(message)) as error:
        replay.read(new_session(rmi_port=rmi_port))

    assert error.value.reason is Reason.NOT_JMX


def test_an_error_of_the_credentials_is_raised():
    def credentials():
        raise TransportError(Reason.AUTHENTICATION, "password file is gone")

    with pytest.raises(TransportError, match="password file is gone"):
        Replay(CONVERSATION).read(Session(agent(), credentials))


def test_an_agent_without_the_configured_tls_gets_no_login():
    replay = Replay(CONVERSATION)

    with pytest.raises(TransportError, match=r"jmxremote\.ssl=true") as error:
        replay.read(Session(agent(tls_rmi=True), lambda: ("monitor", "secret")))

    assert error.value.reason is Reason.TLS_MISMATCH
    assert count(replay, NEW_CLIENT) == 0  # the password is not sent in plaintext


@pytest.mark.parametrize(
    ("greeting", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Reason.NOT_JMX),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Reason.NOT_JMX),
        (bytes.fromhex("15030300020200"), Reason.TLS_MISMATCH),
        (b"\x4f", Reason.NOT_JMX),
        (b"\x4e\xff\xff" + b"x" * 100, Reason.NOT_JMX),
    ],
)
def test_a_server_that_is_not_a_jmx_agent_is_recognized(greeting, reason):
    with pytest.raises(TransportError) as error:
        Replay(CONVERSATION._replace(greeting=greeting)).read(new_session())

    assert error.value.reason is reason
    assert "\n" not in str(error.value)


def test_a_reply_that_is_too_large_ends_in_limit():
    endless = CONVERSATION.reply(LOOKUP)[:22] + b"\x7c" + (1 << 40).to_bytes(8, "big")

    with pytest.raises(TransportError) as error:
        Replay(CONVERSATION.answering(LOOKUP, endless)).read(new_session())

    assert error.value.reason is Reason.LIMIT


def test_garbage_ends_in_protocol():
    for mark in (LOOKUP, NEW_CLIENT, QUERY_NAMES, GET_MBEAN_INFO, GET_ATTRIBUTES):
        with pytest.raises(TransportError) as error:
            Replay(CONVERSATION.answering(mark, b"\x51" + b"garbage" * 20)).read(new_session())

        assert error.value.reason is Reason.PROTOCOL


def test_a_reply_without_a_call_ends_in_protocol():
    with pytest.raises(TransportError) as error:
        Replay(CONVERSATION.answering(LOOKUP, CONVERSATION.reply(LOOKUP) * 2)).read(new_session())

    assert error.value.reason is Reason.PROTOCOL


# What odd JVMs send.


@pytest.mark.parametrize("ordinal", [4, 12], ids=["what it lists", "its values"])
def test_an_mbean_whose_reply_takes_too_much_memory_is_left_out_and_the_others_are_read(ordinal):
    session = Session(agent(), lambda: None, limits=LIMITS._replace(memory=400_000))
    replay = Replay(CONVERSATION, fragment=1 << 16)
    texts = [string("a" * 60_000)] * 7
    replay.instead[ordinal] = attribute_list(*texts, names="abcdefg")[:-1]  # cut, as a reply that is not read on

    names = {reading.name.text for reading in replay.read(session)}

    [(left_out, cause)] = session.newly_quarantined
    assert session.left_out == {LeftOut.UNREADABLE: 1}
    assert "takes more than its share of 0.4 MB of memory" in cause
    assert names == {reading.name.text for reading in Replay(CONVERSATION).read(new_session())} - {left_out}


def test_the_value_of_a_reply_is_let_go_as_soon_as_it_is_read():
    conversation = new_session().read([EVERYTHING], 0.0)
    replay, kept = Replay(CONVERSATION), []

    action = next(conversation)
    with contextlib.suppress(StopIteration):
        while True:
            replies = replay.perform_action(action)
            if replies is not None and len(replies.values) > 2:
                kept += replies.values
            action = conversation.send(replies)

    assert len(kept) > 10
    assert set(kept) == {None}


def test_queries_are_kept_only_while_an_mbean_is_read_with_them():
    session, replay = new_session(), Replay(ANY_CHOICE)
    for now in range(30):
        wanted = now % 3

        def choose(_, listed, wanted=wanted):
            return listed[wanted : wanted + 1]

        replay.read(session, [Selection(EVERYTHING.pattern, choose)], float(now))
        session.forget()
        replay.read(session, [Selection(EVERYTHING.pattern, choose)], float(now))

    in_use = {mbean.query for watched in session._watched for mbean in watched.mbeans.values()}
    assert set(session._queries.values()) == in_use
