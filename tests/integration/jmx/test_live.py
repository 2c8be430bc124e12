"""The JMX client and real JVMs: what it reads, which JVMs it trusts, and which failures it survives."""

import contextlib
import re
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kafka_producer_exporter.jmx.connection import RmiTransport
from kafka_producer_exporter.jmx.jar import JarTransport
from kafka_producer_exporter.jmx.readings import Selection
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Jmx, Target, TlsMode, TransportKind
from kafka_producer_exporter.settings import JmxTls as JmxTlsSettings
from kafka_producer_exporter.targets.transports import transport_for
from lab.certificates import make_certificates
from lab.process import wait_until
from lab.producer import JmxTls, ProducerJvm, write_password_file
from tests.advice import follow
from tests.integration.jmx.java_program import with_agent

NOBODY = "127.0.0.1:9"  # a producer registers its MBeans whether a broker answers or not
PRODUCERS = Selection("kafka.producer:*", lambda _, listed: listed)
ANY = Selection("java.lang:type=Runtime", lambda _, listed: listed)
MOVED_BY_READING = {"OperatingSystem", "Threading"}
PLATFORM = Selection("java.lang:*", lambda name, listed: () if name.properties["type"] in MOVED_BY_READING else listed)


def within(seconds):
    return time.monotonic() + seconds


def values(transport, selection=PRODUCERS):
    """Read once. Return (ObjectName, attribute) → value."""
    readings = transport.read([selection], deadline=within(10))
    return {
        (reading.name.text, attribute): repr(value)
        for reading in readings
        for attribute, value in zip(reading.attributes, reading.values, strict=True)
    }


def failure_of(transport):
    with pytest.raises(TransportError) as error:
        transport.read([PRODUCERS], deadline=within(10))
    return error.value


@pytest.fixture
def client():
    """Makes transports to a port, and closes them at the end."""
    with contextlib.ExitStack() as open_:
        yield lambda port, **options: open_.enter_context(
            contextlib.closing(RmiTransport("127.0.0.1", port, **options))
        )


def read_when_settled(transport, producers):
    """Return the values once each producer has tried its broker, because it registers no MBean after that."""
    read = {}

    def settled():
        read.update(values(transport))
        return len({name for name, _ in read if "node-metrics" in name}) == producers

    wait_until("each producer has tried its broker", settled)
    return read


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize("selection", [PRODUCERS, PLATFORM], ids=["kafka.producer", "java.lang"])
def test_the_values_equal_those_of_the_jmxquery_jar(lab, client, producer_jvm, selection):
    target = producer_jvm("4.4.0")
    for name in ("orders", "orders,eu", 'a "quoted" *?\\ name'):
        target.new(name, NOBODY, reconnect_backoff_ms=60_000)
    ours, jar = client(target.jmx_port), JarTransport("127.0.0.1", target.jmx_port)
    read_when_settled(ours, producers=3)

    before, judged, after = values(ours, selection), values(jar, selection), values(ours, selection)

    assert before.keys() == judged.keys()
    still = {key for key in before if before[key] == after[key]}
    assert len(still) > len(before) * 0.7
    assert {key: before[key] for key in still} == {key: judged[key] for key in still}


def test_the_password_is_read_at_each_login_so_a_rotated_one_is_used(lab, client, producer_jvm, tmp_path):
    file = write_password_file(tmp_path, {"monitor": "first"})
    target = producer_jvm("4.4.0", password_file=file)
    target.new("orders", NOBODY)
    password = ["wrong"]
    transport = client(target.jmx_port, credentials=lambda: ("monitor", password[0]))

    refused = []
    with pytest.raises(TransportError) as error:
        transport.read([PRODUCERS], deadline=within(10))
    refused.append(error.value.reason)
    password[0] = "first"
    read = values(transport)
    anonymous = failure_of(client(target.jmx_port))

    assert refused == [Reason.AUTHENTICATION]
    assert any("orders" in name for name, _ in read)
    assert anonymous.reason is Reason.AUTHENTICATION


def test_the_jvms_own_password_file_is_reported_with_the_file_to_write(lab, producer_jvm, tmp_path):
    theirs = write_password_file(tmp_path, {"monitor": "secret", "control": "other"})
    target = producer_jvm("4.4.0", password_file=theirs)
    target.new("orders", NOBODY)
    jmx = Jmx(port=target.jmx_port, username="monitor", password_file=theirs)

    as_written = failure_of(transport_for(Target(name="a", jmx=jmx)))
    ours = tmp_path / "password"
    ours.write_text("secret\n")
    with contextlib.closing(transport_for(Target(name="a", jmx=replace(jmx, password_file=ours)))) as transport:
        read = values(transport)
    as_the_jvm_left_it = failure_of(transport_for(Target(name="a", jmx=jmx)))

    advice = "write the password of 'monitor', and nothing else, into another file, and set jmx.password_file to it"
    for failure in (as_written, as_the_jvm_left_it):
        assert failure.reason is Reason.AUTHENTICATION
        assert str(failure).endswith(advice)
    assert "secret" not in theirs.read_text()  # since 9, a JVM replaces the passwords by hashes when it reads them
    assert any("orders" in name for name, _ in read)


def read(jmx):
    with contextlib.closing(transport_for(Target(name="a", jmx=jmx))) as transport:
        return transport.read([ANY], deadline=within(10))


def refusal_of(jmx):
    with pytest.raises(TransportError) as error:
        read(jmx)
    return error.value


def test_each_tls_failure_is_reported_with_its_reason_and_mended_as_its_message_says(lab, producer_jvm, certificates):
    ca, mine = certificates.ca, certificates.client
    plain = producer_jvm("4.4.0")
    both = producer_jvm("4.4.0", tls=JmxTls(identity=certificates.server))
    rmi = producer_jvm("4.4.0", tls=JmxTls(identity=certificates.server, registry=False))
    expired = producer_jvm("4.4.0", tls=JmxTls(identity=certificates.expired))
    elsewhere = producer_jvm("4.4.0", tls=JmxTls(identity=certificates.elsewhere))
    shown = producer_jvm("4.4.0", tls=JmxTls(identity=certificates.server, client_trust_store=certificates.trust_store))
    certificate = {"cert_file": mine.certificate, "key_file": mine.key}

    def of(target, mode, ca_file=ca, **tls):
        return Jmx(port=target.jmx_port, tls=JmxTlsSettings(mode=TlsMode(mode), ca_file=ca_file, **tls))

    for jmx, reason, known in [
        (of(plain, "rmi"), Reason.TLS_MISMATCH, {}),
        (of(both, "none"), Reason.TLS_MISMATCH, {}),
        (of(rmi, "none"), Reason.TLS_MISMATCH, {}),
        (of(rmi, "both"), Reason.TLS_MISMATCH, {}),
        (of(plain, "both"), Reason.TLS_MISMATCH, {"mode": TlsMode.NONE}),  # the message offers both, rmi and none
        (of(both, "both", certificates.foreign_ca), Reason.TLS_CA, {"ca_file": ca}),
        (of(elsewhere, "both"), Reason.TLS_NAME, {}),
        (of(shown, "both"), Reason.TLS_MISMATCH, certificate),
    ]:
        refusal = refusal_of(jmx)
        assert refusal.reason is reason
        assert read(follow(jmx, str(refusal), **known)), str(refusal)
    refusal = refusal_of(of(expired, "both"))

    assert refusal.reason is Reason.TLS_EXPIRED
    assert str(refusal).endswith("; renew it")
    assert read(of(both, "both"))  # it has a certificate that is valid now


def test_users_and_passwords_are_mended_as_their_messages_say(lab, producer_jvm, tmp_path):
    theirs = write_password_file(tmp_path, {"monitor": "secret", "nobody": "secret"})
    access = tmp_path / "jmxremote.access"
    access.write_text("monitor readonly\n")
    ours, wrong = tmp_path / "ours", tmp_path / "wrong"
    ours.write_text("secret\n")
    wrong.write_text("guess\n")
    target = producer_jvm("4.4.0", password_file=theirs, access_file=access)
    login = {"username": "monitor", "password_file": ours}

    anonymous = Jmx(port=target.jmx_port)
    required = refusal_of(anonymous)
    mistyped = refusal_of(replace(anonymous, username="monitor", password_file=wrong))
    stranger = replace(anonymous, username="nobody", password_file=ours)
    denied = refusal_of(stranger)
    by_jar = Target(name="a", jmx=anonymous, transport=TransportKind.JMXQUERY)
    with pytest.raises(TransportError) as no_password:
        transport_for(by_jar).read([ANY], deadline=within(20))
    role = re.search(r"give the user the role (\w+) in the agent's (\S+)$", str(denied))
    (tmp_path / role[2]).write_text(f"monitor readonly\nnobody {role[1]}\n")
    with ProducerJvm("4.4.0", password_file=theirs, access_file=access) as restarted:
        allowed = read(replace(stranger, port=restarted.jmx_port))

    assert {error.reason for error in (required, mistyped, denied, no_password.value)} == {Reason.AUTHENTICATION}
    assert str(mistyped).endswith("compare them with the agent's jmxremote.password")
    assert theirs.name == "jmxremote.password"
    assert read(follow(anonymous, str(required), **login))
    assert str(no_password.value).endswith("use transport: rmi")
    assert allowed


def test_a_jvm_that_is_frozen_killed_and_restarted_is_never_read_wrongly(client, lab):
    with ProducerJvm("4.4.0") as target:
        target.new("orders", NOBODY)
        transport = client(target.jmx_port)
        first = read_when_settled(transport, producers=1)
        target.pause()
        with pytest.raises(TransportError) as frozen:
            transport.read([PRODUCERS], deadline=within(0.5))
        with pytest.raises(TransportError) as silent:
            client(target.jmx_port).read([PRODUCERS], deadline=within(0.5))
        target.resume()
        resumed = values(transport)
        target.kill()
        with pytest.raises(TransportError) as gone:
            transport.read([PRODUCERS], deadline=within(5))
        target.start()
        target.new("payments", NOBODY)
        again = values(transport)

    assert frozen.value.reason is Reason.TIMEOUT
    assert "check whether the JVM is frozen or overloaded" in str(frozen.value)
    assert "check whether the JVM is frozen or this is not JMX" in str(silent.value)
    assert gone.value.reason is Reason.REFUSED
    assert first.keys() == resumed.keys()
    assert not any("orders" in name for name, _ in again)
    assert any("payments" in name for name, _ in again)


def test_many_reads_over_restarts_leave_no_thread_or_descriptor_behind(client, lab):
    def held():
        return threading.active_count(), sum(1 for _ in Path("/proc/self/fd").iterdir())

    with ProducerJvm("4.4.0") as target:
        target.new("orders", NOBODY)
        transport = client(target.jmx_port)
        values(transport)
        before = held()
        for round_ in range(3):
            target.kill()
            for _ in range(20):
                with contextlib.suppress(TransportError):
                    transport.read([PRODUCERS], deadline=within(1))
            target.start()
            target.new(f"orders-{round_}", NOBODY)
            for _ in range(80):
                assert any(f"orders-{round_}" in name for name, _ in values(transport))
        after = held()

    assert after == before


def test_reads_leave_no_thread_behind_in_the_jvm(lab, client, producer_jvm):
    target = producer_jvm("4.4.0")

    def threads():
        return sum(1 for _ in Path(f"/proc/{target.pid}/task").iterdir())

    def login_and_out():
        transport = client(target.jmx_port)
        transport.read([PRODUCERS], deadline=within(10))
        transport.close()

    for _ in range(20):
        login_and_out()
    warm = threads()
    for _ in range(20):
        login_and_out()

    wait_until("the JVM has no more threads than before", lambda: threads() <= warm + 2)


AWKWARD = """
import java.lang.management.ManagementFactory;
import javax.management.ObjectName;

public class Awkward {
    public interface PlainMBean { double getValue(); }
    public static class Plain implements PlainMBean { public double getValue() { return 1.5; } }
    public interface OpaqueMBean { Object getValue(); }
    public static class Opaque implements OpaqueMBean {
        private final Object value;
        Opaque(Object value) { this.value = value; }
        public Object getValue() {
            if (value == null) throw new IllegalStateException("on purpose");
            return value;
        }
    }

    public static void main(String[] arguments) throws Exception {
        var server = ManagementFactory.getPlatformMBeanServer();
        for (int index = 0; index < 40; index++) {
            server.registerMBean(new Plain(), new ObjectName("awkward:type=plain,index=" + index));
        }
        server.registerMBean(new Opaque(new Object()), new ObjectName("awkward:type=not-serializable"));
        server.registerMBean(new Opaque(java.time.Instant.now()), new ObjectName("awkward:type=externalizable"));
        server.registerMBean(new Opaque(null), new ObjectName("awkward:type=throws"));
        System.in.read();
    }
}
"""


def test_mbeans_that_cannot_be_read_do_not_affect_the_others(lab, client, tmp_path):
    awkward = Selection("awkward:*", lambda _, listed: listed)
    names = []

    def seen(name, _):
        names.append(name)
        return ()

    options = ["-Djava.rmi.server.hostname=10.99.99.99"]
    with with_agent(AWKWARD, tmp_path, options=options) as (process, port):
        transport = client(port)

        def ready():
            with contextlib.suppress(TransportError):
                wanted = Selection("awkward:type=throws", seen)
                return transport.read([wanted], deadline=within(5)) == [] and bool(names)
            return False

        wait_until("the last MBean is there", ready, processes=[process])
        first, second = (transport.read([awkward], deadline=within(5)) for _ in range(2))

    for readings in (first, second):
        plain = [reading for reading in readings if reading.name.properties["type"] == "plain"]
        assert len(plain) == 40
        assert all(list(reading.values) == [1.5] for reading in plain)
        assert {reading.name.properties["type"] for reading in readings} <= {"plain", "throws"}
