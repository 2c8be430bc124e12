"""What the messages of the JMX client advise, followed by their words: afterwards the recorded JVM is read.

The advice about TLS is followed in ``test_tls.py``, and that about real JVMs in the integration tests.
"""

import contextlib
import re
import time
from dataclasses import replace

import pytest

from kafka_producer_exporter.jmx.requests import REGISTRY_NAMES, new_client
from kafka_producer_exporter.jmx.stubs import read_stub
from kafka_producer_exporter.net.errors import TransportError
from kafka_producer_exporter.settings import Jmx, Target, TransportKind
from kafka_producer_exporter.targets.transports import transport_for
from tests.advice import follow
from tests.jmx.conversation import EVERYTHING, LOOKUP, NEW_CLIENT, RecordedConversation
from tests.jmx.fake_agent import FakeAgent, replaying, saying, silent

CONVERSATION = RecordedConversation.load()
STUB, _ = read_stub(bytearray(CONVERSATION.reply(LOOKUP)), 0)
JMX_PORT = "-Dcom.sun.management.jmxremote.port"


def announcing(port):
    """Return the conversation of an agent whose stub has this RMI port."""
    old = CONVERSATION.reply(LOOKUP)
    return CONVERSATION.with_reply(old, old.replace(STUB.port.to_bytes(4, "big"), port.to_bytes(4, "big")))


def closed_port():
    with FakeAgent(silent) as gone:
        return gone.port


def read(jmx, *, seconds=5.0):
    with contextlib.closing(transport_for(Target(name="a", jmx=jmx))) as transport:
        return transport.read([EVERYTHING], deadline=time.monotonic() + seconds)


def message_of(jmx, *, seconds=5.0):
    with pytest.raises(TransportError) as error:
        read(jmx, seconds=seconds)
    return str(error.value)


@pytest.fixture
def agent():
    with FakeAgent(replaying(CONVERSATION)) as agent:
        yield agent


@pytest.fixture
def jmx(agent):
    return Jmx(port=agent.port, rmi_port=agent.port)


@pytest.fixture
def password_file(tmp_path):
    file = tmp_path / "password"
    file.write_text("secret\n")
    return file


def test_a_refused_rmi_port_that_is_configured_is_corrected(jmx):
    message = message_of(replace(jmx, rmi_port=closed_port()))

    assert read(follow(jmx, message, rmi_port=jmx.port))


def test_a_refused_rmi_port_that_is_announced_is_replaced_here_or_in_the_jvm(agent):
    with FakeAgent(replaying(announcing(closed_port()))) as forwarded:
        jmx = Jmx(port=forwarded.port)
        message = message_of(jmx)
        readings = read(follow(jmx, message, rmi_port=agent.port))
    with FakeAgent(replaying(announcing(agent.port))) as restarted:
        assert read(Jmx(port=restarted.port))

    assert readings
    flag = "-Dcom.sun.management.jmxremote.rmi.port"
    assert message.endswith(f"otherwise start the JVM with {flag} and a port that can be reached")


def test_an_announced_rmi_port_of_another_jvm_is_replaced(agent):
    other = CONVERSATION.answering(NEW_CLIENT, CONVERSATION.failures["NoSuchObjectException"])
    with FakeAgent(replaying(other)) as neighbour, FakeAgent(replaying(announcing(neighbour.port))) as registry:
        jmx = Jmx(port=registry.port)
        message = message_of(jmx)

        assert "set jmx.rmi_port to the agent's RMI port" in message
        assert read(follow(jmx, message, rmi_port=agent.port))


ENDLESS = CONVERSATION.reply(LOOKUP)[:22] + b"\x7c" + (1 << 40).to_bytes(8, "big")


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", f"use the port of {JMX_PORT}"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", f"use the port of {JMX_PORT}"),
        (CONVERSATION.greeting + b"\x51garbage" * 9, "check for a proxy on the way"),
        (CONVERSATION.greeting + ENDLESS, "check what listens on this port"),
        (CONVERSATION.greeting + CONVERSATION.reply(LOOKUP)[:99], "check whether the JVM was stopped"),
    ],
)
def test_another_port_is_replaced_by_that_of_the_jvm(jmx, answer, advice):
    with FakeAgent(saying(answer)) as other:
        message = message_of(replace(jmx, port=other.port))

    assert advice in message
    assert read(jmx)


def test_a_registry_without_an_agent_is_replaced_by_that_of_the_jvm(jmx):
    empty = CONVERSATION.answering(LOOKUP, CONVERSATION.failures["NotBoundException"])
    empty = empty.answering(REGISTRY_NAMES, CONVERSATION.failures["SecurityException"])
    with FakeAgent(replaying(empty)) as other:
        message = message_of(replace(jmx, port=other.port))

    assert message.endswith(f"is an RMI registry without a JMX agent; use the port of {JMX_PORT}")
    assert read(jmx)


def test_a_password_that_is_required_is_set(password_file):
    login = new_client(STUB.object_id, ("monitor", "secret"))
    replies = CONVERSATION.answering(NEW_CLIENT, CONVERSATION.failures["SecurityException"]).replies
    guarded = CONVERSATION._replace(replies={login: CONVERSATION.reply(NEW_CLIENT)} | replies)
    with FakeAgent(replaying(guarded)) as agent:
        jmx = Jmx(port=agent.port, rmi_port=agent.port)
        message = message_of(jmx)

        assert read(follow(jmx, message, username="monitor", password_file=password_file))


def test_a_user_or_password_that_is_too_long_is_corrected(password_file):
    login = new_client(STUB.object_id, ("monitor", "secret"))
    replies = {login: CONVERSATION.reply(NEW_CLIENT)} | CONVERSATION.replies
    with FakeAgent(replaying(CONVERSATION._replace(replies=replies))) as agent:
        jmx = Jmx(port=agent.port, rmi_port=agent.port, username="x" * 70_000, password_file=password_file)
        message = message_of(jmx)

        assert read(follow(jmx, message, username="monitor", password_file=password_file, password_env=None))


def test_a_host_without_an_address_is_corrected(jmx):
    message = message_of(replace(jmx, host="nowhere.invalid"))

    assert read(follow(jmx, message, host="127.0.0.1"))


def test_a_silent_port_is_another_than_that_of_the_jvm(jmx):
    with FakeAgent(silent) as other:
        message = message_of(replace(jmx, port=other.port), seconds=0.3)

    assert "check whether the JVM is frozen or this is not JMX" in message
    assert read(jmx)


@pytest.mark.parametrize(
    "output",
    [
        "Authentication failed! Credentials required",
        "javax.net.ssl.SSLHandshakeException",
        "[\ngarbage]\n",
        "sleep",
        None,
    ],
)
def test_what_jmxquery_cannot_do_the_other_transport_can(jmx, output, tmp_path, monkeypatch):
    if output is None:
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        java = tmp_path / "java"
        (tmp_path / "output").write_text(output)
        java.write_text(f"#!/bin/sh\n{'exec sleep 60' if output == 'sleep' else f'cat {tmp_path}/output'}\n")
        java.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def read_with(transport):
        target = Target(
            name="a", jmx=jmx if transport is TransportKind.RMI else Jmx(port=jmx.port), transport=transport
        )
        with contextlib.closing(transport_for(target)) as opened:
            return opened.read([EVERYTHING], deadline=time.monotonic() + (0.5 if output == "sleep" else 10))

    with pytest.raises(TransportError) as error:
        read_with(TransportKind.JMXQUERY)
    advised = TransportKind(re.search(r"use transport: (\w+)", str(error.value))[1])

    assert read_with(advised)
