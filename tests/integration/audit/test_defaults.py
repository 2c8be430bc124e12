"""What ``audit`` knows of the Java client, compared with the ProducerConfig and the constructor of real clients."""

import subprocess
from pathlib import Path

import pytest

from kafka_producer_exporter.audit.configuration import Idempotence
from kafka_producer_exporter.audit.options import DEFAULTS, KNOWN, REMOVED_IN, SECRETS, default_of, is_known_to
from kafka_producer_exporter.audit.read import read
from kafka_producer_exporter.audit.version import ClientVersion
from lab import jvm

SOURCE = Path(jvm.__file__).parent / "java" / "ProducerDefaults.java"
OUTCOMES = {
    Idempotence.ON: "true",
    Idempotence.OFF: "false",
    Idempotence.DISABLED: "false",
    Idempotence.REFUSED: "refused",
}


@pytest.fixture(scope="module", params=["2.8.2", "3.9.2", "4.4.0"])
def client(request, lab):
    """A client version, its options with types and defaults, and the effects of settings on idempotence."""
    classes = jvm.compiled(SOURCE, part="kafka-clients-2.4.1")
    path = f"{classes}:{jvm.class_path(f'kafka-clients-{request.param}')}"
    words = [jvm.java(), *jvm.SMALL, "-Dorg.slf4j.simpleLogger.defaultLogLevel=off", "-cp", path, "ProducerDefaults"]
    printed = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout
    options, effects = printed.split("\n\n")
    return (
        ClientVersion.parse(request.param),
        {name: (kind, default) for name, kind, default in (line.split("\t") for line in options.splitlines())},
        dict(line.split("\t") for line in effects.splitlines()),
    )


def test_the_defaults_are_those_of_the_client(client):
    version, options, _ = client

    ours = {option: default.value for option in DEFAULTS if (default := default_of(option, version)) is not None}

    assert ours == {option: options[option][1] for option in ours}
    assert {option for option in DEFAULTS if option in options} == set(ours)


def test_the_names_are_those_of_the_client(client):
    version, options, _ = client

    theirs = {name for name in options if not name.startswith("internal.")}

    assert theirs <= KNOWN
    # A removed option may be older than the table says; whatever else the client lacks must be known to be newer.
    assert {name for name in KNOWN if is_known_to(name, version)} - set(REMOVED_IN) == theirs - set(REMOVED_IN)
    assert {name for name, (kind, _) in options.items() if kind == "PASSWORD"} <= SECRETS | {
        "ssl.keystore.certificate.chain",  # public, though Kafka hides them
        "ssl.truststore.certificates",
    }


def test_idempotence_is_what_the_client_makes_of_it(client):
    version, _, effects = client

    for settings, effect in effects.items():
        text = "bootstrap.servers=localhost:1\n" + settings.replace(" ", "\n")
        (configuration,) = read(text.encode(), "a.properties", version)
        assert OUTCOMES[configuration.idempotence()] == effect, (settings, configuration.idempotence())
