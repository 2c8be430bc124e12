import argparse
import errno
import json
import socket
from dataclasses import replace

import pytest

from kafka_producer_exporter.commands import check as verb
from kafka_producer_exporter.commands.check import StepState, as_text, check, exit_code, jvm_flags
from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import LeftOut, Reading
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Jmx, JmxTls, Target, TargetKind, TlsMode, TransportKind


class Agent:
    """A JMX agent with some producers, or a broker, that asks for a password or does not; the transports to it."""

    def __init__(self, *, versions=None, clients=(), brokers=None, unread=(), asks=False, error=None):
        self.readings = [
            *(
                Reading(ObjectName(f"kafka.server:type=app-info,id={broker}"), ("Version",), (version,))
                for broker, version in (brokers or {}).items()
            ),
            *(
                Reading(
                    ObjectName(f"kafka.producer:type=producer-metrics,client-id={client}"), ("batch-size-avg",), (1.0,)
                )
                for client in clients
            ),
            *(
                Reading(ObjectName(f"kafka.producer:type=app-info,client-id={client}"), ("version",), (version,))
                for client, version in (versions or {}).items()
            ),
        ]
        self.unread = list(unread)
        self.left_out = {}
        self.asks = asks
        self.error = error
        self.open = 0

    def transport_for(self, target):
        return Way(self, target)


class Way:
    def __init__(self, agent, target):
        self.agent, self.target = agent, target
        self.agent.open += 1
        self.lists_all = True

    def read(self, selections, *, deadline):
        self.left_out = self.agent.left_out
        if self.agent.error:
            raise self.agent.error
        if self.agent.asks and self.target.jmx.username is None:
            raise TransportError(Reason.AUTHENTICATION, "the agent wants a user and a password")
        return self.agent.readings

    @property
    def listed(self):
        return [reading.name.text for reading in self.agent.readings] + self.agent.unread

    def forget(self):
        pass

    def close(self):
        self.agent.open -= 1


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def target_at(port, *, kind=TargetKind.PRODUCER, **jmx):
    return Target(name="checkout", kind=kind, jmx=Jmx(port=port, **jmx))


def states_of(report):
    return {step.name: step.state for step in report.steps}


def detail_of(report, name):
    return next(step.detail for step in report.steps if step.name == name)


def test_a_target_with_a_password_and_producers_is_good(port):
    agent = Agent(clients=["orders"], versions={"orders": "4.4.0"}, asks=True)

    report = check(target_at(port, username="monitor"), transport_for=agent.transport_for)

    assert set(states_of(report).values()) == {StepState.GOOD}
    assert detail_of(report, "producers") == "1: orders (4.4.0)"
    assert report.advice == ()
    assert exit_code([report]) == 0
    assert agent.open == 0


def test_a_broker_is_named_with_its_version(port):
    agent = Agent(brokers={"1": "4.4.0"}, asks=True)

    report = check(target_at(port, kind=TargetKind.BROKER, username="monitor"), transport_for=agent.transport_for)

    assert set(states_of(report).values()) == {StepState.GOOD}
    assert detail_of(report, "broker") == "1 (4.4.0)"
    assert "producers" not in states_of(report)


def test_a_jvm_that_has_no_broker_though_one_is_expected_is_a_finding(port):
    agent = Agent(asks=True)

    report = check(target_at(port, kind=TargetKind.BROKER, username="monitor"), transport_for=agent.transport_for)

    assert states_of(report)["broker"] is StepState.FINDING
    assert "set kind: producer" in detail_of(report, "broker")
    assert exit_code([report]) == 1


def test_a_broker_that_is_given_as_a_producer_is_a_finding_that_names_the_kind_to_set(port):
    agent = Agent(brokers={"1": "4.4.0"}, asks=True)

    report = check(target_at(port, username="monitor"), transport_for=agent.transport_for)

    assert states_of(report)["producers"] is StepState.FINDING
    assert "this JVM is a broker and has no producer; set kind: broker" in detail_of(report, "producers")


def test_a_producer_within_a_broker_is_a_producer(port):
    agent = Agent(brokers={"1": "4.4.0"}, clients=["reporter"], versions={"reporter": "4.4.0"}, asks=True)

    report = check(target_at(port, username="monitor"), transport_for=agent.transport_for)

    assert detail_of(report, "producers") == "1: reporter (4.4.0)"


def test_a_target_without_a_password_is_readable_with_a_warning_that_says_who_can_write(port):
    agent = Agent(clients=["orders"], versions={"orders": "4.4.0"})

    report = check(target_at(port), transport_for=agent.transport_for)

    assert states_of(report)["password"] is StepState.WARNING
    assert "every container of the pod, and anyone who may port-forward, can read and write" in detail_of(
        report, "password"
    )
    assert "-Dcom.sun.management.jmxremote.authenticate=true" in report.advice
    assert exit_code([report]) == 0


def test_a_password_that_the_agent_does_not_ask_for_is_a_warning(port):
    agent = Agent(clients=["orders"], versions={"orders": "4.4.0"})

    report = check(target_at(port, username="monitor"), transport_for=agent.transport_for)

    assert states_of(report)["password"] is StepState.WARNING
    assert detail_of(report, "password").startswith("yours is accepted, but none is required")


def test_a_jvm_without_producers_is_a_finding(port):
    report = check(target_at(port, username="monitor"), transport_for=Agent(asks=True).transport_for)

    assert states_of(report)["producers"] is StepState.FINDING
    assert detail_of(report, "producers").startswith("none yet")
    assert exit_code([report]) == 1


def test_a_producer_without_a_reporter_is_a_finding_that_names_the_setting_of_its_version(port):
    agent = Agent(asks=True)
    agent.readings.append(Reading(ObjectName("kafka.producer:type=app-info,id=orders"), ("Version",), ("3.9.2",)))

    report = check(target_at(port, username="monitor"), transport_for=agent.transport_for)

    assert states_of(report)["producers"] is StepState.FINDING
    assert "auto.include.jmx.reporter is false" in detail_of(report, "producers")


def test_a_producer_whose_values_cannot_be_read_is_a_finding(port):
    agent = Agent(unread=["kafka.producer:type=producer-metrics,client-id=orders"], asks=True)

    report = check(target_at(port, username="monitor"), transport_for=agent.transport_for)

    assert states_of(report)["producers"] is StepState.FINDING
    assert "the values of its MBean cannot be read" in detail_of(report, "producers")


def test_mbeans_that_are_left_out_are_a_finding(port):
    agent = Agent(clients=["orders"], versions={"orders": "4.4.0"}, asks=True)
    agent.left_out = {LeftOut.TOO_MANY: 5, LeftOut.UNREADABLE: 1}

    report = check(target_at(port, username="monitor"), transport_for=agent.transport_for)

    assert states_of(report)["producers"] is StepState.FINDING
    assert detail_of(report, "producers").startswith(
        "1: orders (4.4.0); 5 MBeans left out because the JVM has more than 65,536; "
    )
    assert "1 MBean left out because the JVM cannot send" in detail_of(report, "producers")


def test_a_hidden_producer_is_a_finding(port):
    agent = Agent(versions={"orders": "4.4.0"}, asks=True)

    report = check(target_at(port, username="monitor"), transport_for=agent.transport_for)

    assert states_of(report)["producers"] is StepState.FINDING
    assert detail_of(report, "producers").startswith("orders: alive, but without metrics")


def test_only_the_first_producers_are_named(port):
    agent = Agent(clients=[f"orders-{n}" for n in range(7)], asks=True)

    report = check(target_at(port, username="monitor"), transport_for=agent.transport_for)

    assert detail_of(report, "producers") == "7: orders-0, orders-1, orders-2, orders-3, orders-4 and 2 more"


def test_a_host_without_an_address_fails_at_the_first_step():
    report = check(Target(name="a", jmx=Jmx(host="no.such.invalid", port=1)), transport_for=Agent().transport_for)

    assert [step.state for step in report.steps] == [StepState.FAILED, *[StepState.NOT_ASKED] * 4]
    assert detail_of(report, "address").startswith("'no.such.invalid' has no address (")
    assert detail_of(report, "address").endswith("; check jmx.host")
    assert exit_code([report]) == 3


def test_a_port_where_nothing_listens_fails_with_the_flags_to_add():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    report = check(target_at(port), transport_for=Agent().transport_for)

    assert states_of(report)["address"] is StepState.GOOD
    assert states_of(report)["reachable"] is StepState.FAILED
    assert detail_of(report, "reachable") == f"nothing listens on 127.0.0.1:{port}; start the JVM with the flags below"
    assert f"-Dcom.sun.management.jmxremote.port={port}" in report.advice
    assert exit_code([report]) == 3


@pytest.mark.parametrize(
    ("reason", "failing"),
    [
        (Reason.REFUSED, "reachable"),
        (Reason.NOT_JMX, "JMX"),
        (Reason.TIMEOUT, "JMX"),
        (Reason.TLS_MISMATCH, "JMX"),
        (Reason.AUTHENTICATION, "password"),
    ],
)
def test_a_failed_read_is_reported_at_its_step_and_the_later_steps_are_not_tried(port, reason, failing):
    agent = Agent(error=TransportError(reason, "what happened; what to do"))

    report = check(target_at(port), transport_for=agent.transport_for)

    names = [step.name for step in report.steps]
    at = names.index(failing)
    assert names == ["address", "reachable", "JMX", "password", "producers"]
    assert [step.state for step in report.steps[:at]] == [StepState.GOOD] * at
    assert detail_of(report, failing) == "what happened; what to do"
    assert {step.state for step in report.steps[at + 1 :]} == {StepState.NOT_ASKED}
    assert exit_code([report]) == 3
    assert agent.open == 0


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.REFUSED])
def test_no_flags_are_printed_for_what_they_cannot_mend(port, reason):
    agent = Agent(error=TransportError(reason, "what happened; what to do"))

    report = check(target_at(port, username="monitor"), transport_for=agent.transport_for)

    assert report.advice == ()
    assert "Start the JVM with these flags" not in as_text([report])
    assert exit_code([report]) == 3


def test_an_rmi_port_that_refuses_needs_flags(port):
    agent = Agent(error=TransportError(Reason.REFUSED, "what happened; what to do"))

    report = check(target_at(port, username="monitor"), transport_for=agent.transport_for)

    assert f"-Dcom.sun.management.jmxremote.rmi.port={port}" in report.advice


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (TimeoutError(), "no answer from 127.0.0.1:9 within 5 s; check for a firewall or network policy in between"),
        (
            OSError(errno.EHOSTUNREACH, "No route to host"),
            "127.0.0.1:9: no route to host; check jmx.host and the network policy",
        ),
    ],
)
def test_a_host_that_cannot_be_reached_needs_no_flags(monkeypatch, error, detail):
    def connect(*_, **__):
        raise error

    monkeypatch.setattr(socket, "create_connection", connect)

    report = check(target_at(9), transport_for=Agent().transport_for)

    assert detail_of(report, "reachable") == detail
    assert report.advice == ()


def test_what_the_flags_need_in_files_and_in_the_configuration_follows_them(port):
    def lines(**options):
        report = check(replace(target_at(port), **options), transport_for=Agent(clients=["orders"]).transport_for)
        return as_text([report]).partition("jmxremote.access\n")[2].splitlines()

    owned = "(mode 0400, owned by the JVM's user)"
    assert lines() == [
        f"  Write this line to jmxremote.password {owned}: monitor PASSWORD",
        "  Write this line to jmxremote.access: monitor readonly",
        "  In the exporter's configuration, set jmx.username and jmx.password_file.",
    ]
    assert lines(transport=TransportKind.JMXQUERY)[-1].endswith(
        "jmx.password_file; set transport: rmi, because jmxquery sends no password."
    )
    tls = JmxTls(mode=TlsMode.BOTH, server_name="orders.test")
    assert lines(jmx=Jmx(port=port, username="alice", tls=tls)) == [
        "    -Dcom.sun.management.jmxremote.ssl.config.file=/etc/jmx/ssl.properties",
        f"  Write this line to jmxremote.password {owned}: alice PASSWORD",
        "  Write this line to jmxremote.access: alice readonly",
        f"  Write this line to ssl.properties {owned}: javax.net.ssl.keyStore=FILE",
        "  Write this line to ssl.properties, too: javax.net.ssl.keyStorePassword=PASSWORD",
        "  Its certificate must be for orders.test.",
    ]


def test_the_flags_pin_both_ports_and_keep_loopback_to_itself():
    assert jvm_flags(Jmx(port=9999)) == [
        "-Dcom.sun.management.jmxremote.port=9999",
        "-Dcom.sun.management.jmxremote.rmi.port=9999",
        "-Dcom.sun.management.jmxremote.host=127.0.0.1",
        "-Dcom.sun.management.jmxremote.ssl=false",
        "-Dcom.sun.management.jmxremote.authenticate=true",
        "-Dcom.sun.management.jmxremote.password.file=/etc/jmx/jmxremote.password",
        "-Dcom.sun.management.jmxremote.access.file=/etc/jmx/jmxremote.access",
    ]


def test_the_flags_of_a_jvm_elsewhere_leave_its_host_open_and_follow_the_configured_tls():
    flags = jvm_flags(Jmx(host="db", port=1, rmi_port=2, tls=JmxTls(mode=TlsMode.BOTH)))

    assert "-Dcom.sun.management.jmxremote.rmi.port=2" in flags
    assert "-Dcom.sun.management.jmxremote.ssl=true" in flags
    assert "-Dcom.sun.management.jmxremote.registry.ssl=true" in flags
    assert not any(".host=" in flag for flag in flags)


def test_the_flags_keep_a_jvm_on_the_loopback_address_that_the_exporter_connects_to():
    def hosts(host):
        return [flag for flag in jvm_flags(Jmx(host=host, port=9999)) if ".host=" in flag]

    assert hosts("::1") == ["-Dcom.sun.management.jmxremote.host=::1"]
    assert hosts("127.0.0.2") == ["-Dcom.sun.management.jmxremote.host=127.0.0.2"]
    assert hosts("localhost") == ["-Dcom.sun.management.jmxremote.host=127.0.0.1"]


def test_the_flags_for_tls_on_the_rmi_port_alone_give_it_a_port_of_its_own():
    def rmi_ports(port, rmi_port=None):
        flags = jvm_flags(Jmx(port=port, rmi_port=rmi_port, tls=JmxTls(mode=TlsMode.RMI)))
        return [flag for flag in flags if ".rmi.port=" in flag]

    assert rmi_ports(9999) == rmi_ports(9999, 9999) == ["-Dcom.sun.management.jmxremote.rmi.port=10000"]
    assert rmi_ports(65535) == ["-Dcom.sun.management.jmxremote.rmi.port=65534"]
    assert rmi_ports(9999, 9000) == ["-Dcom.sun.management.jmxremote.rmi.port=9000"]


def test_the_text_is_a_list_of_steps_with_a_mark_each(port):
    agent = Agent(error=TransportError(Reason.REFUSED, "it speaks \x1b[31mHTTP\nnot JMX"))

    text = as_text([check(target_at(port), transport_for=agent.transport_for)])

    lines = text.splitlines()
    assert lines[0] == f"checkout (127.0.0.1:{port})"
    assert lines[1] == "  ✓ address    127.0.0.1"
    assert lines[2] == "  ✗ reachable  it speaks ?[31mHTTP not JMX"
    assert lines[3] == "  - JMX"
    assert "    -Dcom.sun.management.jmxremote.authenticate=true" in lines


@pytest.fixture
def parsed():
    def parse(*words):
        parser = argparse.ArgumentParser()
        verb.add_arguments(parser)
        return parser.parse_args(words)

    return parse


def test_the_verb_prints_json_for_programs(parsed, port, capsys):
    agent = Agent(clients=["orders"], versions={"orders": "4.4.0"})

    code = verb.run(parsed(f"127.0.0.1:{port}", "--format", "json"), transport_for=agent.transport_for)

    (report,) = json.loads(capsys.readouterr().out)
    assert report["target"] == report["address"] == f"127.0.0.1:{port}"
    assert [step["state"] for step in report["steps"]] == ["good", "good", "good", "warning", "good"]
    assert report["jvm_flags"]
    assert code == 0


def test_the_verb_checks_every_configured_target_where_none_is_named(parsed, port, capsys):
    agent = Agent(clients=["orders"])
    arguments = parsed("--target", f"b=127.0.0.1:{port}", "--target", f"a=127.0.0.1:{port}")

    verb.run(arguments, transport_for=agent.transport_for)

    out = capsys.readouterr().out
    assert out.index("b (127.0.0.1") < out.index("a (127.0.0.1")


def test_the_verb_checks_only_the_named_target(parsed, port, capsys):
    agent = Agent(clients=["orders"])
    arguments = parsed("a", "--target", f"b=127.0.0.1:{port}", "--target", f"a=127.0.0.1:{port}")

    verb.run(arguments, transport_for=agent.transport_for)

    out = capsys.readouterr().out
    assert out.startswith("a (")
    assert "b (" not in out


def test_a_target_that_is_neither_configured_nor_an_address_is_a_usage_error(parsed):
    with pytest.raises(
        ConfigError, match="chekout: there is no such target; the configured targets are checkout; or write"
    ):
        verb.run(parsed("chekout", "--target", "checkout=a:1"), transport_for=Agent().transport_for)


def test_no_target_at_all_is_a_usage_error(parsed):
    with pytest.raises(ConfigError, match="no target is configured; write HOST:PORT, or use --config"):
        verb.run(parsed(), transport_for=Agent().transport_for)
