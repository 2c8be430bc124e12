import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_producer_exporter import config as package
from kafka_producer_exporter.config.load import load
from kafka_producer_exporter.config.presets import PRESETS
from kafka_producer_exporter.config.schema import SETTINGS, TARGET_LABELS, options
from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.settings import Settings
from tests.paths import ROOT
from tools.generate_configuration import EXAMPLE, json_schema, page

SCHEMA = json.loads(json_schema())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ENVIRONMENT = {"JMX_PASSWORD": "x", "HOSTNAME": "exporter-0"}

GOOD = [
    "",
    "listen: ':9797'",
    "listen: '[::1]:0'\nlisten_pages: off",
    "listen_pages: null",
    "profile: minimal",
    "targets: []",
    "targets: [{jmx: {port: 1}}]",
    "defaults: {jmx: {port: 9}}\ntargets: [{name: a}, {name: b, jmx: {host: b}}]",
    "targets: [{name: 'a:b/c', transport: jmxquery, jmx: {port: 1, host: '::1'}, labels: {a: '', _b: x}}]",
    "defaults: {jmx: {username: u, password_env: JMX_PASSWORD}}",
    "limits: {}",
    "limits: {clients: 1, topics: 2, nodes: 3, transactional_ids: 5000}",
    "id_groups: [kafka_streams, connect, mirrormaker, spring, flink, {pattern: a, group: b}]",
    "probe: {}",
    "probe: {allow: [{network: 'fd00::/8', ports: [1, 65535]}]}",
    "probe: {allow: [{network: 10.0.0.0/8, ports: [1], labels: {a: b}, jmx: {rmi_port: 2, username: u, password_env: "
    "JMX_PASSWORD, tls: {mode: both}}}]}",
    "broker: {bootstrap_servers: [a:1, '[::1]:2'], topics: ['a.*'], tls: {}, shard: from_hostname, total_shards: 1}",
    "broker: {bootstrap_servers: [a:1], sasl: {mechanism: PLAIN, username: u, password_env: JMX_PASSWORD}}",
    "broker: {bootstrap_servers: 'a:9092,b:9092'}",
    "broker: {bootstrap_servers: ', a:9092 , [::1]:9092,, '}",
    "logging: {format: json, level: debug}",
    EXAMPLE,
]

BAD = [
    "[]",
    "a: 1",
    "listen: 9797",
    "listen: host",
    "listen: '::1:9797'",
    "listen: ''",
    "listen_pages: on",
    "profile: Full",
    "profile:",
    "targets: {}",
    "targets:",
    "targets: [a]",
    "targets: [{jmx: {port: 0}}]",
    "targets: [{jmx: {port: 65536}}]",
    "targets: [{jmx: {port: '1'}}]",
    "targets: [{jmx: {port: true}}]",
    "targets: [{jmx: {port: 1.5}}]",
    "targets: [{jmx: {port: 1, host: 'a:1'}}]",
    "targets: [{jmx: {port: 1, password: x}}]",
    "targets: [{jmx: {port: 1, username: u, password_env: 'not a name'}}]",
    "targets: [{jmx: {port: 1, username: u, password_env: JMX_PASSWORD, password_file: a}}]",
    "targets: [{jmx: {port: 1, username: u, password_file: ''}}]",
    "targets: [{jmx: {port: 1, tls: both}}]",
    "targets: [{jmx: {port: 1, tls: {mode: all}}}]",
    "targets: [{jmx: {port: 1}, name: 'a b'}]",
    "targets: [{jmx: {port: 1}, name: 1}]",
    "targets: [{jmx: {port: 1}, transport: attach}]",
    "targets: [{jmx: {port: 1}, labels: {topic: a}}]",
    "targets: [{jmx: {port: 1}, labels: {__a: a}}]",
    "targets: [{jmx: {port: 1}, labels: {a: 1}}]",
    "targets: [{jmx: {port: 1}, passwrod_file: x}]",
    "defaults: {name: a}",
    "limits: {clients: 0}",
    "limits: {clients: many}",
    "id_groups: kafka_streams",
    "id_groups: [streams]",
    "id_groups: [{pattern: a}]",
    "id_groups: [{pattern: '', group: a}]",
    "probe: {allow: [{network: everything, ports: [1]}]}",
    "probe: {allow: [{network: 10.0.0.0/8, ports: []}]}",
    "probe: {allow: [{network: 10.0.0.0/8}]}",
    "probe: {allow: [{network: 10.0.0.0/8, ports: [1], jmx: {port: 1}}]}",
    "probe: {allow: [{network: 10.0.0.0/8, ports: [1], jmx: {host: a}}]}",
    "probe: {allow: [{network: 10.0.0.0/8, ports: [1], labels: {topic: a}}]}",
    "broker: {}",
    "broker: {bootstrap_servers: []}",
    "broker: {bootstrap_servers: ''}",
    "broker: {bootstrap_servers: ' , '}",
    "broker: {bootstrap_servers: 'a:9092 b:9092'}",
    "broker: {bootstrap_servers: 'a:9092,b'}",
    "broker: {bootstrap_servers: ['a:9092,b:9092']}",
    "broker: {bootstrap_servers: [a:1], shard: -1}",
    "broker: {bootstrap_servers: [a:1], shard: from_host}",
    "broker: {bootstrap_servers: [a:1], sasl: {mechanism: MAGIC}}",
    "broker: {bootstrap_servers: [a:1], labels: {reason: a}}",
    "logging: {format: text}",
    "logging: {level: INFO}",
]

BEYOND_A_SCHEMA = {
    "the range of a port within an address": "listen: 'a:70000'",
    "two listeners on one port": "listen: 'a:1'\nlisten_pages: 'a:1'",
    "two targets with one name": "targets: [{name: a, jmx: {port: 1}}, {name: a, jmx: {port: 2}}]",
    "no port in the target or the defaults": "targets: [{name: a}]",
    "a user without a password": "targets: [{jmx: {port: 1, username: u}}]",
    "an environment variable that is not set": "targets: [{jmx: {port: 1, username: u, password_env: MISSING}}]",
    "a file that does not exist": "targets: [{jmx: {port: 1, username: u, password_file: missing}}]",
    "the syntax of a regular expression": "id_groups: [{pattern: 'a(', group: a}]",
    "a password without TLS": "probe: {allow: [{network: 10.0.0.0/8, ports: [1], jmx: {username: u, "
    "password_env: JMX_PASSWORD}}]}",
    "host bits of a network": "probe: {allow: [{network: 10.0.0.1/8, ports: [1]}]}",
    "what a transport supports": "targets: [{transport: jmxquery, jmx: {port: 1, rmi_port: 2}}]",
    "a shard outside 0..total_shards-1": "broker: {bootstrap_servers: [a:1], shard: 1}",
    "a key of another SASL mechanism": "broker: {bootstrap_servers: [a:1], sasl: {mechanism: GSSAPI, username: u}}",
    "a key that is set twice": "profile: full\nprofile: full",
}


def accepts(tmp_path: Path, text: str) -> bool:
    file = tmp_path / "exporter.yml"
    file.write_text(text, encoding="utf-8")
    try:
        load(file=file, environment=ENVIRONMENT, overrides={})
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize("text", GOOD)
def test_schema_and_loader_both_accept_a_valid_file(tmp_path, text):
    assert VALIDATOR.is_valid(yaml.safe_load(text))
    assert accepts(tmp_path, text)


@pytest.mark.parametrize("text", BAD)
def test_schema_and_loader_both_reject_an_invalid_file(tmp_path, text):
    assert not VALIDATOR.is_valid(yaml.safe_load(text))
    assert not accepts(tmp_path, text)


@pytest.mark.parametrize("text", BEYOND_A_SCHEMA.values(), ids=BEYOND_A_SCHEMA.keys())
def test_what_a_schema_cannot_express_is_rejected_by_the_loader_alone(tmp_path, text):
    assert VALIDATOR.is_valid(yaml.safe_load(text))
    assert not accepts(tmp_path, text)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 70000),
    st.sampled_from(["", "a", "off", "full", "rmi", "::1", "a:1", "a b"]),
)
NAMES = st.sampled_from(sorted({key.name for key in SETTINGS.keys} | {"jmx", "name", "port", "tls", "format", "x"}))
TREES = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=2) | st.dictionaries(NAMES, below, max_size=3), max_leaves=8
)


@settings(max_examples=150, deadline=None)
@given(root=st.dictionaries(NAMES, TREES, max_size=3))
def test_the_loader_accepts_nothing_that_the_schema_rejects(tmp_path_factory, root):
    text = yaml.safe_dump(root)

    accepted = accepts(tmp_path_factory.getbasetemp(), text)

    assert VALIDATOR.is_valid(root) or not accepted


def test_the_schema_itself_is_valid():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_packaged_schema_is_current():
    shipped = Path(package.__path__[0]) / "exporter.schema.json"

    assert shipped.read_text(encoding="utf-8") == json_schema(), "run make generate"


def test_the_page_is_current():
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == page(), "run make generate"


def test_a_documented_default_is_the_default_of_the_settings():
    assert SETTINGS.default("listen") == Settings().listen
    assert f"| `listen_pages` | HOST:PORT or off | `{Settings().listen_pages}` |" in page()


def test_every_flag_and_every_variable_has_a_unique_name():
    flags = [option.flag for option in options()]
    variables = [option.variable for option in options()]

    assert len(flags) == len(set(flags)) == len(set(variables))
    assert "KAFKA_PRODUCER_EXPORTER_PORT" not in variables, "Kubernetes sets it where a Service has our name"


def test_every_help_text_ends_with_a_full_stop():
    def keys(schema):
        for name, below in schema.get("properties", {}).items():
            yield name, below["description"]
            yield from keys(below)

    for name, text in keys(SCHEMA):
        assert re.match(r"[A-Z`].*\.$", text), name


def test_a_static_label_cannot_replace_a_label_that_identifies_a_series():
    assert {"target", "client_id", "topic", "node_id", "reason"} <= set(TARGET_LABELS)


UUID = "da80d1fc-cd0d-44e0-af3b-653ca169209a"


@pytest.mark.parametrize(
    ("preset", "made", "group"),
    [
        ("kafka_streams", f"word-count-{UUID}-StreamThread-1-producer", "word-count"),
        ("kafka_streams", f"word-count-{UUID}-StreamThread-12-0_3-producer", "word-count"),
        ("kafka_streams", "orders-eu-StreamThread-1-producer", "orders-eu"),
        ("kafka_streams", f"word-count-{UUID}-StreamThread-1-consumer", None),
        ("kafka_streams", f"word-count-{UUID}-3", "word-count"),
        ("kafka_streams", "word-count-0_3", "word-count"),
        ("kafka_streams", "word-count-3", None),
        ("connect", "connector-producer-jdbc-orders-0", "connector-producer-jdbc-orders"),
        ("connect", "connector-dlq-producer-s3-sink-11", "connector-dlq-producer-s3-sink"),
        ("connect", "connector-consumer-s3-sink-11", None),
        ("mirrormaker", "connector-producer-MirrorSourceConnector-3", "connector-producer-MirrorSourceConnector"),
        (
            "mirrormaker",
            "connector-producer-east->west.MirrorCheckpointConnector-0",
            "connector-producer-east->west.MirrorCheckpointConnector",
        ),
        ("mirrormaker", "A->B|A->B-0|offset-syncs-source-producer", "A->B|A->B|offset-syncs-source-producer"),
        ("mirrormaker", "connector-producer-jdbc-orders-0", None),
        ("spring", "checkout-producer-7", "checkout-producer"),
        ("spring", "checkout", None),
        ("flink", "producer-orders-sink-3-1042", "orders-sink"),
        ("flink", "producer-Sink: orders-0123456789abcdef0123456789abcdef-14", "Sink: orders"),
        ("flink", "producer-1", None),
        ("flink", "orders-sink-3-1042", "orders-sink"),
        ("flink", "Sink: orders-0123456789abcdef0123456789abcdef-14", "Sink: orders"),
        ("flink", "orders-1", None),
    ],
)
def test_a_preset_combines_the_client_ids_and_transactional_ids_of_a_framework_under_one_id(preset, made, group):
    matches = ((each.pattern.fullmatch(made), each.group) for each in PRESETS[preset])

    assert next((match.expand(name) for match, name in matches if match), None) == group
