"""TLS to the agent. The certificates are made with openssl, as an operator makes them."""

import contextlib
import ssl
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.tls_settings import TlsSettings
from kafka_producer_exporter.settings import Jmx, JmxTls, Target, TlsMode
from kafka_producer_exporter.targets.transports import transport_for
from tests.advice import follow
from tests.jmx.conversation import EVERYTHING, LOOKUP, RecordedConversation
from tests.jmx.encoding import class_description
from tests.jmx.fake_agent import FakeAgent, replaying, saying, silent

CONVERSATION = RecordedConversation.load()


def within(seconds: float) -> float:
    return time.monotonic() + seconds


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Path:
    """Return a folder with two CAs, a client certificate, and server certificates: good, expired, for another name."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for authority in ("ca", "other-ca"):
        openssl(
            "req", "-x509", *key, "-keyout", f"{authority}.key", "-out", f"{authority}.pem", "-subj", f"/CN={authority}"
        )
    for name, subject, days in [
        ("good", "IP:127.0.0.1,DNS:producer.test", "2"),
        ("expired", "IP:127.0.0.1", "-1"),
        ("other-name", "DNS:somewhere.test", "2"),
        ("client", "DNS:exporter", "2"),
    ]:
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (folder / "extensions").write_text(f"subjectAltName={subject}")
        signed_by = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "extensions")
        openssl("x509", "-req", "-in", f"{name}.csr", *signed_by, "-days", days, "-out", f"{name}.pem")
    # A CA as Strimzi and many scripts make it: without key usage and without authority key identifier.
    (folder / "bare.cnf").write_text(
        "[req]\ndistinguished_name=dn\nx509_extensions=ca\n[dn]\n[ca]\nbasicConstraints=CA:true"
    )
    openssl(
        *("req", "-x509", *key, "-config", "bare.cnf", "-subj", "/CN=bare-ca"),
        *("-keyout", "bare-ca.key", "-out", "bare-ca.pem"),
    )
    for name, authority in [("bare", "bare-ca"), ("signed-by-good", "good")]:
        openssl("req", *key, "-config", "bare.cnf", "-keyout", f"{name}.key", "-out", "csr", "-subj", f"/CN={name}")
        (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1")
        signed_by = ("-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial")
        openssl("x509", "-req", "-in", "csr", *signed_by, "-extfile", "extensions", "-days", "2", "-out", f"{name}.pem")
    with (folder / "signed-by-good.pem").open("a") as chain:
        chain.write((folder / "good.pem").read_text())
    return folder


def server_side(folder: Path, name: str, *, asks_for_certificate: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    if asks_for_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(folder / "ca.pem")
    return context


def in_tls() -> RecordedConversation:
    """Return the conversation of an agent whose stub requires TLS on its RMI port, as a real agent encodes it."""
    stub = CONVERSATION.reply(LOOKUP)
    begin = stub.index(b"UnicastRef") - 2
    # Block data: "UnicastRef", host, port, ObjID, flag. UnicastRef2 has a format byte after its name, and a factory
    # object between two blocks before the ObjID.
    length, reference = stub[begin - 1], stub[begin:-1]
    name_end = 2 + int.from_bytes(reference[:2], "big")
    kind, rest = reference[2:name_end], reference[name_end:length]
    rest = rest[1:] if kind == b"UnicastRef2" else rest
    host_and_port = 2 + int.from_bytes(rest[:2], "big") + 4
    factory = b"\x73" + class_description("javax.rmi.ssl.SslRMIClientSocketFactory", 2)
    first = b"\x00\x0bUnicastRef2\x01" + rest[:host_and_port]
    second = rest[host_and_port:]
    blocks = b"\x77" + bytes([len(first)]) + first + factory + b"\x77" + bytes([len(second)]) + second
    return CONVERSATION.with_reply(stub, stub[: begin - 2] + blocks + b"\x78")


def test_tls_on_both_ports_with_the_right_ca_is_read(client_of, certificates):
    tls = TlsSettings(ca_file=certificates / "ca.pem")
    with FakeAgent(replaying(in_tls()), tls=server_side(certificates, "good")) as agent:
        transport = client_of(agent, tls=tls, tls_registry=True)

        counts = [len(transport.read([EVERYTHING], deadline=within(5))) for _ in range(3)]

    assert counts == [8, 8, 8]


def test_tls_on_the_rmi_port_alone_is_read(client, certificates):
    tls = TlsSettings(ca_file=certificates / "ca.pem")
    server = server_side(certificates, "good")
    with FakeAgent(replaying(in_tls())) as registry, FakeAgent(replaying(in_tls()), tls=server) as agent:
        transport = client(registry.port, rmi_port=agent.port, tls=tls)

        readings = transport.read([EVERYTHING], deadline=within(5))

    assert len(readings) == 8


def test_a_client_certificate_is_presented_to_an_agent_that_requires_one(client_of, certificates):
    tls = TlsSettings(
        ca_file=certificates / "ca.pem",
        cert_file=certificates / "client.pem",
        key_file=certificates / "client.key",
    )
    server = server_side(certificates, "good", asks_for_certificate=True)
    with FakeAgent(replaying(in_tls()), tls=server) as agent:
        transport = client_of(agent, tls=tls, tls_registry=True)

        readings = transport.read([EVERYTHING], deadline=within(5))

    assert len(readings) == 8


def test_an_agent_that_requires_a_client_certificate_is_reported_with_the_key_to_set(
    client_of, failure_of, certificates
):
    tls = TlsSettings(ca_file=certificates / "ca.pem")
    server = server_side(certificates, "good", asks_for_certificate=True)
    with FakeAgent(replaying(in_tls()), tls=server) as agent:
        failure = failure_of(client_of(agent, tls=tls, tls_registry=True))

    assert failure.reason is Reason.TLS_MISMATCH
    assert "jmx.tls.cert_file" in str(failure)


@pytest.mark.parametrize(
    ("server", "authority", "name", "reason"),
    [
        ("expired", "ca", None, Reason.TLS_EXPIRED),
        ("other-name", "ca", None, Reason.TLS_NAME),
        ("good", "ca", "elsewhere.test", Reason.TLS_NAME),
        ("good", "other-ca", None, Reason.TLS_CA),
        ("good", "missing", None, Reason.TLS_CA),
    ],
)
def test_a_certificate_that_is_not_trusted_is_rejected_with_its_reason(
    client_of, failure_of, certificates, server, authority, name, reason
):
    tls = TlsSettings(ca_file=certificates / f"{authority}.pem", server_name=name)
    with FakeAgent(replaying(in_tls()), tls=server_side(certificates, server)) as agent:
        failure = failure_of(client_of(agent, tls=tls, tls_registry=True, credentials=lambda: ("monitor", "secret")))

    assert failure.reason is reason


def test_a_certificate_for_another_name_is_reported_with_the_names_that_it_has(client_of, failure_of, certificates):
    tls = TlsSettings(ca_file=certificates / "ca.pem", server_name="elsewhere.test")
    with FakeAgent(replaying(in_tls()), tls=server_side(certificates, "good")) as agent:
        failure = failure_of(client_of(agent, tls=tls, tls_registry=True))

    assert failure.reason is Reason.TLS_NAME
    assert str(failure) == (
        f"the certificate of 127.0.0.1:{agent.port} is not for elsewhere.test; "
        "set jmx.tls.server_name to a name in the certificate: 127.0.0.1, producer.test"
    )


def test_a_certificate_without_names_is_reported_with_the_name_that_it_needs(client_of, failure_of, certificates):
    tls = TlsSettings(ca_file=certificates / "bare-ca.pem")
    with FakeAgent(replaying(in_tls()), tls=server_side(certificates, "bare-ca")) as agent:
        failure = failure_of(client_of(agent, tls=tls, tls_registry=True))

    assert failure.reason is Reason.TLS_NAME
    assert "names no host; issue it again with 127.0.0.1 as subject alternative name" in str(failure)


def test_a_ca_without_the_extensions_of_rfc_5280_is_trusted_on_every_python(client_of, certificates):
    tls = TlsSettings(ca_file=certificates / "bare-ca.pem")
    with FakeAgent(replaying(in_tls()), tls=server_side(certificates, "bare")) as agent:
        transport = client_of(agent, tls=tls, tls_registry=True)

        readings = transport.read([EVERYTHING], deadline=within(5))

    assert len(readings) == 8


def test_a_certificate_in_the_ca_file_is_trusted_by_itself_on_every_python(client_of, certificates):
    tls = TlsSettings(ca_file=certificates / "good.pem")
    with FakeAgent(replaying(in_tls()), tls=server_side(certificates, "good")) as agent:
        transport = client_of(agent, tls=tls, tls_registry=True)

        readings = transport.read([EVERYTHING], deadline=within(5))

    assert len(readings) == 8


def test_a_ca_that_may_not_sign_is_reported_without_blaming_the_ca_file(client_of, failure_of, certificates):
    tls = TlsSettings(ca_file=certificates / "ca.pem")
    with FakeAgent(replaying(in_tls()), tls=server_side(certificates, "signed-by-good")) as agent:
        failure = failure_of(client_of(agent, tls=tls, tls_registry=True))

    assert failure.reason is Reason.TLS_CA
    assert "issue it again, or the certificate of its CA" in str(failure)
    assert "ca_file" not in str(failure)


def test_a_certificate_for_the_configured_server_name_is_trusted(client_of, certificates):
    tls = TlsSettings(ca_file=certificates / "ca.pem", server_name="somewhere.test")
    with FakeAgent(replaying(in_tls()), tls=server_side(certificates, "other-name")) as agent:
        transport = client_of(agent, tls=tls, tls_registry=True)

        readings = transport.read([EVERYTHING], deadline=within(5))

    assert len(readings) == 8


def test_a_plaintext_agent_is_a_mismatch_if_tls_is_configured(client_of, failure_of, certificates):
    tls = TlsSettings(ca_file=certificates / "ca.pem")
    reasons = []
    for handler in (saying(b""), saying(CONVERSATION.greeting), silent):
        with FakeAgent(handler) as agent:
            reasons.append(failure_of(client_of(agent, tls=tls, tls_registry=True), 0.3).reason)

    assert reasons == [Reason.TLS_MISMATCH, Reason.TLS_MISMATCH, Reason.TIMEOUT]


def test_a_tls_agent_is_a_mismatch_or_closed_if_no_tls_is_configured(client_of, failure_of, certificates):
    with FakeAgent(replaying(CONVERSATION), tls=server_side(certificates, "good")) as agent:
        failure = failure_of(client_of(agent))

    assert failure.reason in {Reason.TLS_MISMATCH, Reason.CLOSED}


def test_a_stub_that_requires_tls_is_rejected_if_none_is_configured(client_of, failure_of):
    with FakeAgent(replaying(in_tls())) as agent:
        failure = failure_of(client_of(agent, credentials=lambda: ("monitor", "secret")))

    assert failure.reason is Reason.TLS_MISMATCH
    assert "jmx.tls.mode" in str(failure)


def test_a_client_without_tls_does_not_import_ssl():
    program = "import sys, kafka_producer_exporter.targets.transports; sys.exit('ssl' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# The advice of each message, followed by its words.


def read(jmx):
    with contextlib.closing(transport_for(Target(name="a", jmx=jmx))) as transport:
        return transport.read([EVERYTHING], deadline=within(5))


def message_of(jmx):
    with pytest.raises(TransportError) as error:
        read(jmx)
    return str(error.value)


def at(agent, rmi=None, **tls):
    return Jmx(port=agent.port, rmi_port=(rmi or agent).port, tls=JmxTls(**tls))


def test_the_advised_mode_reads_an_agent_with_tls_on_other_ports_than_configured(certificates):
    ca = certificates / "ca.pem"
    with (
        FakeAgent(replaying(CONVERSATION)) as plain,
        FakeAgent(replaying(in_tls())) as registry,
        FakeAgent(replaying(in_tls()), tls=server_side(certificates, "good")) as tls,
        FakeAgent(saying(b"")) as closing,  # as a JVM does that gets TLS on a plaintext port
    ):
        for agent, jmx, advice in [
            (plain, at(plain, mode=TlsMode.RMI, ca_file=ca), "set jmx.tls.mode to none"),
            (registry, at(registry, tls, ca_file=ca), "set jmx.tls.mode to rmi"),
            (registry, at(closing, tls, mode=TlsMode.BOTH, ca_file=ca), "set jmx.tls.mode to rmi if only its RMI port"),
            (plain, at(closing, plain, mode=TlsMode.BOTH, ca_file=ca), ", or to none"),
        ]:
            message = message_of(jmx)
            assert advice in message
            if agent is plain:
                message = message.replace("to rmi if only its RMI port uses TLS, or to none", "to none")
            assert read(replace(follow(jmx, message), port=agent.port))


def test_an_agent_that_answers_plaintext_with_an_alert_or_not_at_all_is_read_in_the_advised_mode(certificates):
    ca = certificates / "ca.pem"
    with FakeAgent(replaying(in_tls()), tls=server_side(certificates, "good")) as agent:
        for answer, advice in [
            (bytes.fromhex("15030300020250"), "set jmx.tls.mode to both"),
            (b"", "requires TLS (jmx.tls.mode)"),
        ]:
            with FakeAgent(saying(answer)) as first:
                message = message_of(at(first, ca_file=ca))
            assert advice in message
            assert read(follow(at(agent, ca_file=ca), message, mode=TlsMode.BOTH))


def test_the_advised_certificates_and_names_are_accepted(certificates):
    ca, mine = (
        certificates / "ca.pem",
        {"cert_file": certificates / "client.pem", "key_file": certificates / "client.key"},
    )
    with FakeAgent(replaying(in_tls()), tls=server_side(certificates, "good", asks_for_certificate=True)) as agent:
        right = at(agent, mode=TlsMode.BOTH, ca_file=ca, **mine)
        for wrong, advice, known in [
            (
                {"ca_file": certificates / "other-ca.pem"},
                "set jmx.tls.ca_file to the CA that signed it",
                {"ca_file": ca},
            ),
            ({"server_name": "elsewhere.test"}, "set jmx.tls.server_name to a name in the certificate: 127.0.0.1", {}),
            ({"server_name": "a..b"}, "set jmx.tls.server_name", {"server_name": "producer.test"}),
            ({"cert_file": None, "key_file": None}, "set jmx.tls.cert_file", mine),
        ]:
            jmx = replace(right, tls=replace(right.tls, **wrong))
            message = message_of(jmx)
            assert advice in message
            assert read(follow(jmx, message, **known))


def test_a_ca_that_is_added_to_the_truststore_as_advised_lets_us_in(certificates):
    mine = {"cert_file": certificates / "bare.pem", "key_file": certificates / "bare.key"}
    server = server_side(certificates, "good", asks_for_certificate=True)
    with FakeAgent(replaying(in_tls()), tls=server) as agent:
        jmx = at(agent, mode=TlsMode.BOTH, ca_file=certificates / "ca.pem", **mine)
        message = message_of(jmx)
        server.load_verify_locations(certificates / "bare-ca.pem")

        assert "add the CA of jmx.tls.cert_file to its truststore" in message
        assert read(jmx)


@pytest.mark.parametrize(
    ("bad", "good", "authority", "advice"),
    [
        ("expired", "good", "ca", "renew it"),
        ("signed-by-good", "good", "ca", "issue it again, or the certificate of its CA"),
        ("bare-ca", "bare", "bare-ca", "issue it again with 127.0.0.1 as subject alternative name"),
    ],
)
def test_a_certificate_that_is_issued_again_as_advised_is_accepted(certificates, bad, good, authority, advice):
    server = server_side(certificates, bad)
    with FakeAgent(replaying(in_tls()), tls=server) as agent:
        jmx = at(agent, mode=TlsMode.BOTH, ca_file=certificates / f"{authority}.pem")
        message = message_of(jmx)
        server.load_cert_chain(certificates / f"{good}.pem", certificates / f"{good}.key")

        assert message.endswith(advice)
        assert read(jmx)


def test_certificate_files_that_are_provided_as_advised_are_used(certificates, tmp_path):
    files = {key: tmp_path / key for key in ("ca_file", "cert_file", "key_file")}
    for file in files.values():
        file.write_text("garbage")
    with FakeAgent(replaying(in_tls()), tls=server_side(certificates, "good", asks_for_certificate=True)) as agent:
        jmx = at(agent, mode=TlsMode.BOTH, **files)
        messages = [message_of(jmx)]
        files["ca_file"].write_text((certificates / "ca.pem").read_text())
        messages.append(message_of(jmx))
        for key, file in (("cert_file", "client.pem"), ("key_file", "client.key")):
            files[key].write_text((certificates / file).read_text())

        assert [message.rpartition("; ")[2] for message in messages] == [
            "provide a file of PEM certificates",
            "provide unencrypted PEM files",
        ]
        assert read(jmx)


def test_a_port_that_starts_no_tls_is_another_than_the_agents(certificates):
    with (
        FakeAgent(silent) as other,
        FakeAgent(replaying(in_tls()), tls=server_side(certificates, "good")) as agent,
    ):
        jmx = at(other, mode=TlsMode.BOTH, ca_file=certificates / "ca.pem")
        with (
            pytest.raises(TransportError, match="check that it uses TLS"),
            contextlib.closing(transport_for(Target(name="a", jmx=jmx))) as transport,
        ):
            transport.read([EVERYTHING], deadline=within(0.3))

        assert read(replace(jmx, port=agent.port, rmi_port=agent.port))
