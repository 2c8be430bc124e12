"""Every advice that the exporter prints is followed by a test, which then succeeds.

Advice that does not work is worse than none: it costs the reader an hour. This module finds all of it in the sources,
and knows the test of each. A new or changed advice needs a test that takes it from the message and follows it.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

PACKAGE = ROOT / "exporter" / "kafka_producer_exporter"
SEARCHED = (
    *("jmx", "net", "broker/client", "targets"),
    *("commands/check.py", "catalogue/hidden.py", "catalogue/left_out.py", "catalogue/selections.py"),
)
VERBS = (
    *("add", "allow", "check", "compare", "correct", "give", "grant", "include", "install", "issue", "provide", "put"),
    *("raise", "remove", "renew", "report", "restore", "see", "set", "start", "use", "write"),
)
CONDITION = r"(?:(?:and )?if [^,]+, |otherwise |behind [^,]+, |please )*"
ADVICE = re.compile(rf"{CONDITION}(?:{'|'.join(VERBS)}) .+", re.DOTALL)


def template(node: ast.AST) -> str | None:
    """Return the text of a string literal, with ``…`` for each value."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
    return None


def texts(source: str) -> Iterator[str]:
    """Yield the string literals of a Python source, without its docstrings."""
    tree = ast.parse(source)
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for value in node.values for part in ast.walk(value) if part is not node}
    for node in ast.walk(tree):
        text = template(node)
        if text is not None and id(node) not in skipped:
            yield text


def clauses(text: str) -> Iterator[str]:
    """Yield the parts of a message that advise something."""
    for part in re.split(r"; |: (?=write |set )", text.strip()):
        if ADVICE.fullmatch(part):
            yield part.rstrip("\n")


def sources() -> Iterator[Path]:
    for place in SEARCHED:
        path = PACKAGE / place
        yield from [path] if path.is_file() else sorted(path.glob("*.py"))


def found() -> set[str]:
    read = (file.read_text(encoding="utf-8") for file in sources())
    return {clause for source in read for text in texts(source) for clause in clauses(text)}


JMX, TLS, SECRETS = "tests/jmx/test_advice.py::", "tests/jmx/test_tls.py::", "tests/net/test_secrets.py::"
LIVE, REGISTRY = "tests/integration/jmx/test_live.py::", "tests/integration/jmx/test_registry.py::"
TOKEN, BROKER = "tests/broker/client/test_oauth.py::", "tests/integration/broker/test_advice.py::"
CHECK, KIND = "tests/integration/commands/test_check.py::", "tests/integration/targets/test_broker_jmx.py::"
NAMES = "tests/integration/jmx/test_names.py::"

JMX_PORT = "-Dcom.sun.management.jmxremote.port"
FLAGS = "the other flags that kafka-producer-exporter check prints"

FOLLOWED = {
    # The JMX client.
    "set jmx.tls.mode to rmi if only its RMI port uses TLS, or to none": f"{TLS}the_advised_mode_reads_an_agent",
    "set jmx.tls.mode to both": f"{LIVE}each_tls_failure_is_reported",
    "set jmx.tls.mode to rmi": f"{LIVE}each_tls_failure_is_reported",
    "set jmx.tls.mode to none, or start the JVM with -Dcom.sun.management.jmxremote.ssl=true and a key store": (
        f"{LIVE}each_tls_failure_is_reported"
    ),
    "check that this is the JMX port and whether it requires TLS (jmx.tls.mode)": f"{TLS}an_agent_that_answers",
    "behind a port forward, set jmx.rmi_port to the forwarded port": f"{JMX}a_refused_rmi_port_that_is_announced",
    "otherwise start the JVM with -Dcom.sun.management.jmxremote.rmi.port and a port that can be reached": (
        f"{JMX}a_refused_rmi_port_that_is_announced"
    ),
    "correct jmx.rmi_port": f"{JMX}a_refused_rmi_port_that_is_configured",
    "correct or remove jmx.rmi_port": f"{REGISTRY}a_wrong_rmi_port",
    "set jmx.rmi_port to the agent's RMI port": f"{JMX}an_announced_rmi_port_of_another_jvm",
    f"start the JVM with … and {FLAGS}": f"{CHECK}a_jvm_that_is_started_as_check_says",
    f"start the JVM with {{option}} and {FLAGS}": f"{CHECK}a_jvm_that_is_started_as_check_says",
    f"use the port of {JMX_PORT}": f"{JMX}another_port_is_replaced",
    f"set jmx.port to the port of {JMX_PORT}, not to that of -Dcom.sun.management.jmxremote.rmi.port": (
        f"{REGISTRY}an_rmi_port_that_is_given"
    ),
    "if … is the JMX agent, set jmx.registry_name to …": f"{REGISTRY}an_agent_under_another_name",
    "set jmx.registry_name to the name of the JMX agent": f"{REGISTRY}an_agent_under_another_name",
    "check what listens on this port": f"{JMX}another_port_is_replaced",
    "check for a proxy on the way, and if there is none, please report this with the JVM's version": (
        f"{JMX}another_port_is_replaced"
    ),
    "check whether the JVM was stopped": f"{JMX}another_port_is_replaced",
    "check whether the JVM is frozen or this is not JMX": f"{JMX}a_silent_port",
    "check whether the JVM is frozen or overloaded": f"{LIVE}a_jvm_that_is_frozen",
    "set jmx.username and jmx.password_file": f"{LIVE}users_and_passwords_are_mended",
    "compare them with the agent's jmxremote.password": f"{LIVE}users_and_passwords_are_mended",
    "give the user the role readonly in the agent's jmxremote.access": f"{LIVE}users_and_passwords_are_mended",
    "check jmx.username, and jmx.password_file or jmx.password_env": f"{JMX}a_user_or_password_that_is_too_long",
    "put … at the start of -Djdk.serialFilter, and remove limits such as maxarray from it": (
        "tests/integration/jmx/test_serial_filter.py::a_filter_that_rejects_jmx"
    ),
    "check jmx.host": f"{JMX}a_host_without_an_address",
    "use transport: rmi": f"{JMX}what_jmxquery_cannot_do",
    "use transport: rmi, which starts no JVM for each read": f"{JMX}what_jmxquery_cannot_do",
    "install a Java runtime, or use transport: rmi": f"{JMX}what_jmxquery_cannot_do",
    # Every connection.
    "write HOST:PORT": "tests/net/test_address.py::a_text_that_is_rejected",
    "use 0 to 65535": "tests/net/test_address.py::a_text_that_is_rejected",
    "write [ADDRESS]:PORT": "tests/net/test_address.py::a_text_that_is_rejected",
    "raise its limit (ulimit -n)": "tests/jmx/test_connection.py::a_process_without_file_descriptors",
    "check …": f"{JMX}a_host_without_an_address",
    "check the name server": "tests/net/test_dns.py::a_silent_name_server",
    "set it, or correct …": f"{SECRETS}a_variable_or_a_file_that_is_set",
    "set …": f"{SECRETS}a_variable_or_a_file_that_is_set",
    "correct …": f"{SECRETS}a_file_that_is_mended",
    "restore the file, or correct …": f"{SECRETS}a_file_that_is_mended",
    "write the … into it": f"{SECRETS}a_file_that_is_mended",
    "write the … as UTF-8 text": f"{SECRETS}a_file_that_is_mended",
    "write the …, and nothing else, into it": f"{SECRETS}a_file_that_is_mended",
    "write the password of …, and nothing else, into another file, and set … to it": (
        f"{LIVE}the_jvms_own_password_file"
    ),
    "set … to": f"{TLS}the_advised_certificates_and_names",
    "set … to the CA that signed it": f"{TLS}the_advised_certificates_and_names",
    "add the CA of … to its truststore": f"{TLS}a_ca_that_is_added",
    "renew it": f"{TLS}a_certificate_that_is_issued_again",
    "issue it again, or the certificate of its CA": f"{TLS}a_certificate_that_is_issued_again",
    "issue it again with … as subject alternative name": f"{TLS}a_certificate_that_is_issued_again",
    "provide a file of PEM certificates": f"{TLS}certificate_files_that_are_provided",
    "provide unencrypted PEM files": f"{TLS}certificate_files_that_are_provided",
    "check that it uses TLS": f"{TLS}a_port_that_starts_no_tls",
    # The brokers, and the endpoints of their tokens.
    "start the broker, or correct …": f"{BROKER}another_cluster_or_address",
    "correct broker.bootstrap_servers or broker.cluster_id": f"{BROKER}another_cluster_or_address",
    "correct broker.sasl.username or the password": f"{BROKER}a_rejected_password",
    "correct broker.sasl.mechanism": f"{BROKER}a_mechanism_is_replaced",
    "remove broker.sasl": f"{BROKER}sasl_and_tls_are_removed",
    "check that this listener uses TLS, or remove broker.tls": f"{BROKER}sasl_and_tls_are_removed",
    "check that this is a … listener": f"{BROKER}another_protocol_is_used",
    "check whether it hangs, or is a TLS listener": f"{BROKER}a_broker_that_hangs",
    "check whether it hangs or a firewall drops the packets, and …": f"{BROKER}a_broker_that_hangs",
    "set broker.tls.cert_file to a client certificate that it trusts": f"{BROKER}the_advised_certificates",
    "grant Describe on TransactionalId *": f"{BROKER}a_right_that_is_granted",
    "check for a proxy on the way": (
        "tests/broker/client/test_completeness.py::a_response_that_no_proxy_damages_on_the_way_is_accepted"
    ),
    "give it more memory": "tests/integration/broker/test_fetch.py::a_response_beyond_the_size_limit",
    "check the token's expiry and audience, and broker.sasl.scope": (
        "tests/integration/broker/test_ways_in.py::an_expired_token_is_reported"
    ),
    "check broker.sasl.token_url": f"{TOKEN}each_message_about_a_token_endpoint",
    "check broker.sasl.token_url, and whether it is healthy": f"{TOKEN}each_message_about_a_token_endpoint",
    "correct broker.sasl.token_url": f"{TOKEN}each_message_about_a_token_endpoint",
    "start it, or correct broker.sasl.token_url": f"{TOKEN}each_message_about_a_token_endpoint",
    "put the final URL in broker.sasl.token_url": f"{TOKEN}each_message_about_a_token_endpoint",
    "correct broker.sasl.token_ca_file": f"{TOKEN}each_message_about_a_token_endpoint",
    "provide one": f"{TOKEN}a_token_that_is_provided",
    "use in broker.sasl.token_url": "tests/integration/broker/test_ways_in.py::a_token_endpoint_is_asked_over_tls",
    # The targets.
    "raise its limits of threads (pids) and memory": (
        "tests/targets/test_collector.py::a_target_whose_thread_cannot_start"
    ),
    "give the container more memory": "tests/targets/test_collector.py::what_is_left_out_for_want_of_memory",
    "start the JVM with the flags below": f"{CHECK}a_jvm_that_is_started_as_check_says",
    "set transport: rmi, because jmxquery sends no password": f"{CHECK}a_jvm_that_is_started_as_check_says",
    "set kind: broker, or correct jmx.host and jmx.port": f"{KIND}a_broker_that_is_given_as_a_producer",
    "set kind: producer, or correct jmx.host and jmx.port": f"{KIND}a_producer_that_is_given_as_a_broker",
    "give each producer its own client.id": "tests/integration/test_serve.py::the_survivor_of_two_producers",
    "give producers fewer topics, or close producers that are not needed": f"{NAMES}a_jvm_with_too_many_mbeans",
    "give each producer a shorter client.id": f"{NAMES}a_jvm_with_too_many_mbeans",
    "include kafka.producer:type=producer-metrics,.* and do not exclude it": (
        "tests/integration/test_serve.py::a_living_producer_that_reports_nothing"
    ),
}
"""Each advice, and the first words of the name of the test that follows it, without ``test_``."""

NOT_FOLLOWED = {
    "see the JVM's log": "nothing is known but the JVM's own exception",
    "check that the host in the agent's stub is reachable": "only transport jmxquery uses that host",
    "check … and the network policy": "it needs another network",
    "check jmx.host and the network policy": "it needs another network",
    "check whether a firewall drops the packets": "it needs a firewall",
    "check for a firewall or network policy in between": "it needs a firewall",
    "check whether it is running, and whether a firewall drops the packets": "it needs a firewall",
    "check whether it was restarted": "the broker can be reached again, so nothing is to be done",
    "allow the identity kafka-cluster:Connect": "it needs AWS",
    "renew it, or correct broker.sasl.kerberos_service": "it needs a Kerberos realm",
}
"""Advice that no test can follow, and why."""


def test_every_advice_is_followed_by_a_test_or_there_is_a_reason_why_not():
    assert found() - FOLLOWED.keys() - NOT_FOLLOWED.keys() == set(), (
        "write a test that takes the advice from the message, follows it, and succeeds; then add it to FOLLOWED"
    )
    assert (FOLLOWED.keys() | NOT_FOLLOWED.keys()) - found() == set(), "nothing advises this any more: remove it"
    assert FOLLOWED.keys() & NOT_FOLLOWED.keys() == set()


@pytest.mark.parametrize("place", sorted(set(FOLLOWED.values())))
def test_the_test_of_an_advice_exists(place):
    file, _, name = place.partition("::")

    assert re.search(rf"^def test_{name}", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_advice_is_found_after_a_semicolon_and_as_a_text_of_its_own():
    source = '''"""Set jmx.x."""
raise E(f"{peer} is down; check {key}; otherwise start {it}; there is no more")
advice = "set jmx.port"
'''

    assert [clause for text in texts(source) for clause in clauses(text)] == [
        "set jmx.port",
        "check …",
        "otherwise start …",
    ]


def test_whatever_follows_a_semicolon_in_a_message_is_known_to_be_advice_or_not():
    rest = {
        part
        for file in sources()
        for text in texts(file.read_text(encoding="utf-8"))
        for part in text.split("; ")[1:]
        if re.match(r"[a-z]", part) and not ADVICE.fullmatch(part)
    }

    assert rest == NO_ADVICE


NO_ADVICE = {
    "otherwise …",
    "is the JVM frozen, or the scrape timeout too short?",
    "there is memory for all topics and nodes",
    "a producer appears as soon as the application creates it",
    "the log of kafka-producer-exporter serve says why",
}
"""What follows a semicolon and advises nothing, or by itself not enough."""
