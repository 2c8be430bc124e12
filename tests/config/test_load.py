import re
from pathlib import Path

import pytest

from kafka_producer_exporter.config.environment import Overrides
from kafka_producer_exporter.config.load import load
from kafka_producer_exporter.config.presets import PRESETS
from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.model import Profile
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import (
    IdGroup,
    Jmx,
    JmxTls,
    Limits,
    Sasl,
    SaslMechanism,
    Settings,
    Target,
    TlsMode,
)
from tools.generate_configuration import EXAMPLE

PREFIX = "KAFKA_PRODUCER_EXPORTER_"


def settings_of(
    tmp_path: Path,
    text: str | None = None,
    environment: dict[str, str] | None = None,
    overrides: Overrides | None = None,
) -> Settings:
    file = None
    if text is not None:
        file = tmp_path / "exporter.yml"
        file.write_text(text, encoding="utf-8")
    return load(file=file, environment=environment or {}, overrides=overrides or {})


def problems_of(
    tmp_path: Path,
    text: str | None = None,
    environment: dict[str, str] | None = None,
    overrides: Overrides | None = None,
) -> list[str]:
    """Return the problems without the name of the folder."""
    with pytest.raises(ConfigError) as raised:
        settings_of(tmp_path, text, environment, overrides)
    return [str(problem).replace(f"{tmp_path}/", "") for problem in raised.value.problems]


def test_no_configuration_is_valid(tmp_path):
    assert settings_of(tmp_path) == Settings()


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_is_valid(tmp_path, text):
    assert settings_of(tmp_path, text) == Settings()


def test_a_listener_and_a_target_are_read_from_a_file(tmp_path):
    text = "listen: 127.0.0.1:9797\ntargets:\n  - name: checkout\n    jmx: {host: 127.0.0.1, port: 9999}\n"

    settings = settings_of(tmp_path, text)

    assert settings.listen == Address("127.0.0.1", 9797)
    assert settings.targets == (Target(name="checkout", jmx=Jmx(port=9999)),)


def test_the_documented_example_is_valid(tmp_path):
    settings = settings_of(tmp_path, EXAMPLE, {"JMX_PASSWORD": "x"})

    assert [target.name for target in settings.targets] == ["checkout", "billing"]
    assert settings.targets[0].jmx.username == "monitor"
    assert settings.targets[1].labels == {"kafka_cluster": "orders", "team": "money"}
    assert settings.probe[0].ports == (9999,)
    assert settings.probe[0].jmx.tls == JmxTls(mode=TlsMode.BOTH, server_name="pods.example")
    assert settings.logging.format == "json"


def test_what_is_advised_for_a_password_without_tls_makes_the_file_valid(tmp_path):
    text = "probe: {allow: [{network: 10.0.0.0/8, ports: [1], jmx: {username: u, password_env: PW, tls: {mode: rmi}}}]}"

    assert settings_of(tmp_path, text, {"PW": "x"}).probe[0].jmx.username == "u"


def test_precedence_is_flags_environment_file_defaults(tmp_path):
    text = "profile: full\nlisten: 127.0.0.1:1\nlimits: {clients: 1, topics: 2}\nlogging: {level: error}\n"
    environment = {f"{PREFIX}LISTEN": "127.0.0.1:2", f"{PREFIX}LIMIT_TOPICS": "3"}
    overrides = {"listen": "127.0.0.1:3"}

    settings = settings_of(tmp_path, text, environment, overrides)

    assert settings.listen == Address("127.0.0.1", 3)
    assert settings.limits == Limits(clients=1, topics=3)
    assert settings.profile is Profile.FULL
    assert settings.logging.level == "error"


def test_targets_from_flags_replace_those_of_the_file_and_inherit_its_defaults(tmp_path):
    text = "defaults: {labels: {team: money}}\ntargets: [{name: old, jmx: {port: 1}}]\n"

    settings = settings_of(tmp_path, text, overrides={"target": ["checkout=127.0.0.1:9999", "[::1]:9998"]})

    assert settings.targets == (
        Target(name="checkout", jmx=Jmx(port=9999), labels={"team": "money"}),
        Target(name="[::1]:9998", jmx=Jmx(host="::1", port=9998), labels={"team": "money"}),
    )


def test_targets_in_the_environment_are_separated_by_commas(tmp_path):
    settings = settings_of(tmp_path, environment={f"{PREFIX}TARGETS": "checkout=127.0.0.1:9999, billing=db:9998,"})

    assert [(target.name, target.jmx.host) for target in settings.targets] == [
        ("checkout", "127.0.0.1"),
        ("billing", "db"),
    ]


def test_a_target_is_a_producer_unless_its_kind_is_broker(tmp_path):
    text = "targets: [{name: checkout, jmx: {port: 1}}, {name: kafka-1, kind: broker, jmx: {port: 1}}]\n"

    settings = settings_of(tmp_path, text)

    assert [target.kind for target in settings.targets] == ["producer", "broker"]


def test_a_target_without_a_name_is_named_after_its_address(tmp_path):
    text = "defaults: {jmx: {port: 9999}}\ntargets: [{jmx: {host: a}}, {jmx: {host: '::1'}}, {name: c}]\n"

    settings = settings_of(tmp_path, text)

    assert [target.name for target in settings.targets] == ["a:9999", "[::1]:9999", "c"]


def test_the_environment_can_name_the_file(tmp_path):
    file = tmp_path / "exporter.yml"
    file.write_text("profile: full\n", encoding="utf-8")

    settings = load(file=None, environment={f"{PREFIX}CONFIG": str(file)}, overrides={})

    assert settings.profile is Profile.FULL


def test_an_empty_variable_counts_as_not_set(tmp_path):
    assert settings_of(tmp_path, environment={f"{PREFIX}PROFILE": ""}) == Settings()


@pytest.mark.parametrize("text", ["off", "false", "'off'", "null", "~"])
def test_the_pages_can_be_switched_off(tmp_path, text):
    assert settings_of(tmp_path, f"listen_pages: {text}\n").listen_pages is None


@pytest.mark.parametrize(
    ("text", "environment", "overrides"),
    [
        ("broker: {bootstrap_servers: 'kafka-1:9092, kafka-2:9092'}", {}, {}),
        ("", {f"{PREFIX}BOOTSTRAP_SERVERS": "kafka-1:9092,kafka-2:9092"}, {}),
        ("", {}, {"bootstrap-server": ["kafka-1:9092,kafka-2:9092"]}),
        ("", {}, {"bootstrap-server": ["kafka-1:9092", "kafka-2:9092"]}),
    ],
)
def test_bootstrap_servers_are_a_comma_separated_list_as_in_the_tools_of_kafka(tmp_path, text, environment, overrides):
    settings = settings_of(tmp_path, text, environment=environment, overrides=overrides)

    assert settings.broker.bootstrap_servers == (Address("kafka-1", 9092), Address("kafka-2", 9092))


def test_a_flag_takes_several_targets_with_commas_as_its_variable_does(tmp_path):
    settings = settings_of(tmp_path, "", overrides={"target": ["a=h:1,b=h:2", "c=h:3"]})

    assert [target.name for target in settings.targets] == ["a", "b", "c"]


def test_the_metrics_are_served_on_both_address_families_by_default(tmp_path):
    settings = settings_of(tmp_path, "")

    assert str(settings.listen) == ":9797"


def test_labels_of_all_targets_come_from_flags_the_environment_and_the_file(tmp_path):
    text = "defaults: {labels: {kafka_cluster: eu-1, team: money}}\ntargets: [{jmx: {port: 9999}}]\n"
    environment = {f"{PREFIX}LABELS": "team=shop, zone=a=b"}

    (target,) = settings_of(tmp_path, text, environment, {"label": ["stage=test", "zone="]}).targets

    assert target.labels == {"kafka_cluster": "eu-1", "team": "shop", "zone": "", "stage": "test"}


@pytest.mark.parametrize(
    ("label", "problem"),
    [
        ("kafka_cluster", "--label[0]: a label is NAME=VALUE"),
        ("client_id=x", "--label[0]: the exporter's own series use this label name; choose another"),
        ("1st=x", "--label[0]: this is not a label name; use letters, digits and _, and start with neither"),
    ],
)
def test_a_flag_with_a_wrong_label_is_reported(tmp_path, label, problem):
    (found,) = problems_of(tmp_path, overrides={"label": [label]})

    assert found.startswith(problem)


def test_the_pages_can_be_switched_off_by_a_flag(tmp_path):
    assert settings_of(tmp_path, overrides={"listen-pages": "off"}).listen_pages is None


def test_a_target_with_a_password_key_of_its_own_does_not_inherit_the_other_one(tmp_path):
    password = tmp_path / "password"
    password.write_text("x", encoding="utf-8")
    password.chmod(0o600)
    text = """
defaults: {jmx: {username: monitor, password_env: PW}}
targets:
  - {name: a, jmx: {port: 1, password_file: password}}
  - {name: b, jmx: {port: 2}}
"""

    first, second = settings_of(tmp_path, text, {"PW": "x"}).targets

    assert (first.jmx.password_file, first.jmx.password_env) == (password, None)
    assert (second.jmx.password_file, second.jmx.password_env) == (None, "PW")


def test_tls_is_inherited_key_by_key(tmp_path):
    (tmp_path / "ca.pem").write_text("x", encoding="utf-8")
    text = """
defaults: {jmx: {tls: {mode: both, ca_file: ca.pem}}}
targets: [{name: a, jmx: {port: 1, tls: {server_name: kafka.example}}}]
"""

    (target,) = settings_of(tmp_path, text).targets

    assert target.jmx.tls == JmxTls(mode=TlsMode.BOTH, ca_file=tmp_path / "ca.pem", server_name="kafka.example")


def test_id_groups_are_presets_and_own_patterns_in_their_order(tmp_path):
    groups = settings_of(tmp_path, r"id_groups: [{pattern: 'a-(\d+)', group: 'a\1'}, flink, connect]" + "\n").id_groups

    assert groups[0] == IdGroup(pattern=re.compile(r"a-(\d+)"), group=r"a\1")
    assert groups[1:] == (*PRESETS["flink"], *PRESETS["connect"])


def test_all_problems_are_reported_at_once_by_line_with_what_to_do(tmp_path):
    text = """\
targets:
  - name: checkout
    jmx: {port: 99999}
  - name: billing
    jmx: {port: 9999}
    passwrod_file: x
  - name: checkout
    jmx: {port: 9998}
limts: {}
"""

    problems = problems_of(tmp_path, text, {f"{PREFIX}PROFIL": "full"}, {"listen": "nowhere"})

    assert problems == [
        f"{PREFIX}PROFIL: unknown variable; did you mean {PREFIX}PROFILE?",
        '--listen: "nowhere" is not valid here; write HOST:PORT or [IPV6]:PORT',
        "exporter.yml:3 targets[0].jmx.port: 99999 is not a port; use 1 to 65535",
        "exporter.yml:6 targets[1].passwrod_file: unknown key; did you mean jmx.password_file?",
        'exporter.yml:7 targets[2].name: "checkout" is already the name of targets[0]; choose another',
        "exporter.yml:9 limts: unknown key; did you mean limits?",
    ]


def test_the_text_of_the_error_begins_with_the_file_and_the_number_of_problems(tmp_path):
    with pytest.raises(ConfigError, match=r"exporter\.yml: 1 problem\n  .*exporter\.yml:1 profile: "):
        settings_of(tmp_path, "profile: huge\n")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("listen: 9797", "1 listen: 9797 is not text; write HOST:PORT or [IPV6]:PORT"),
        ("listen: '[::1:9797'", '1 listen: "[::1:9797" is not valid here; write HOST:PORT or [IPV6]:PORT'),
        ("listen: 'a:70000'", "1 listen: 70000 is not a port; use 0 to 65535"),
        (
            "listen: 0.0.0.0:9797\nlisten_pages: 127.0.0.1:9797",
            "2 listen_pages: port 9797 is taken by listen; choose another port, or off",
        ),
        ("listen_pages: 127.0.0.1:9797", "1 listen_pages: port 9797 is taken by listen; choose another port, or off"),
        ("profile: fll", '1 profile: "fll" is not one of minimal, default, full; did you mean full?'),
        ("profile: [full]", "1 profile: a list is not one of minimal, default, full"),
        ("targets: {}", "1 targets: a mapping is not a list; start each item with a dash"),
        ("targets:", "1 targets: nothing is not a list; start each item with a dash"),
        ("targets: [x]", '1 targets[0]: "x" is not a mapping; the keys here are name, kind, transport, jmx, labels'),
        ("targets: [{name: a}]", "1 targets[0].jmx: missing; write jmx: {port: 9999}"),
        ("targets: [{jmx: {host: a}}]", "1 targets[0].jmx.port: missing; write port: 9999"),
        ("targets: [{jmx: {port: '9999'}}]", '1 targets[0].jmx.port: "9999" is not an integer; use 1 to 65535'),
        ("targets: [{jmx: {port: true}}]", "1 targets[0].jmx.port: true is not an integer; use 1 to 65535"),
        (
            "targets: [{jmx: {port: 1, host: 'a:9999'}}]",
            '1 targets[0].jmx.host: "a:9999" is not valid here; write a host name or an IP address, without a port',
        ),
        (
            "targets: [{name: 7, jmx: {port: 1}}]",
            "1 targets[0].name: 7 is not text; write a name without spaces, commas and =, in quotes if it is a number",
        ),
        ("targets: [{transport: jmx, jmx: {port: 1}}]", '1 targets[0].transport: "jmx" is not one of rmi, jmxquery'),
        (
            "targets: [{transport: jmxquery, jmx: {port: 1, rmi_port: 2}}]",
            "1 targets[0].jmx.rmi_port: transport jmxquery does not support this; use transport: rmi",
        ),
        (
            "targets: [{transport: jmxquery, jmx: {port: 1, registry_name: karaf-root}}]",
            "1 targets[0].jmx.registry_name: transport jmxquery does not support this; use transport: rmi",
        ),
        (
            "targets: [{jmx: {port: 1, username: u}}]",
            "1 targets[0].jmx.username: a user without a password; add password_file or password_env",
        ),
        (
            "targets: [{jmx: {port: 1, password_env: PW}}]",
            "1 targets[0].jmx.password_env: a password without a user; add username",
        ),
        (
            "targets: [{jmx: {port: 1, username: u, password_env: PASSWORD}}]",
            "1 targets[0].jmx.password_env: the exporter's environment has no such variable; "
            "set it, or correct the name",
        ),
        (
            "targets: [{jmx: {port: 1, tls: {server_name: a}}}]",
            "1 targets[0].jmx.tls.server_name: no effect without TLS; set jmx.tls.mode to rmi or both",
        ),
        (
            "targets: [{jmx: {port: 1, tls: {mode: both, cert_file: exporter.yml}}}]",
            "1 targets[0].jmx.tls.cert_file: no effect without key_file; set both, or neither",
        ),
        (
            "targets: [{jmx: {port: 1}, labels: {topic: a}}]",
            "1 targets[0].labels.topic: the exporter's own series use this label name; choose another",
        ),
        (
            "targets: [{jmx: {port: 1}, labels: {a-b: a}}]",
            "1 targets[0].labels.a-b: this is not a label name; use letters, digits and _, "
            "and start with neither a digit nor __",
        ),
        (
            "targets: [{jmx: {port: 1}, labels: {version_of: 1.10}}]",
            "1 targets[0].labels.version_of: 1.1 is not text; put it in quotes",
        ),
        ("defaults: {name: a}", "1 defaults.name: unknown key; the keys here are kind, transport, jmx, labels"),
        ("defaults: {jmx: {port: 0}}", "1 defaults.jmx.port: 0 is not a port; use 1 to 65535"),
        ("limits: {clients: 0}", "1 limits.clients: 0 is not a limit; use 1 to 1000000"),
        (
            "id_groups: [kafka-streams]",
            '1 id_groups[0]: "kafka-streams" is not one of kafka_streams, connect, mirrormaker, spring, flink; '
            "did you mean kafka_streams?",
        ),
        (
            "id_groups: [{pattern: 'a(', group: a}]",
            "1 id_groups[0].pattern: this is not a regular expression: missing ), unterminated subpattern; correct it",
        ),
        (
            "id_groups: [{pattern: a, group: '\\1'}]",
            "1 id_groups[0].group: the pattern has no such group; use \\1 for its first group",
        ),
        (
            "probe: {allow: [{network: 10.0.0.1/8, ports: [1]}]}",
            "1 probe.allow[0].network: 10.0.0.1/8 is an address within a network; write 10.0.0.0/8 for the network",
        ),
        (
            "probe: {allow: [{network: 10.0.0.0/40, ports: [1]}]}",
            "1 probe.allow[0].network: 10.0.0.0/40 is not a network; write it like 10.0.0.0/8 or fd00::/8",
        ),
        (
            "probe: {allow: [{network: 10.0.0.0/8, ports: [1], jmx: {username: u, password_env: PW}}]}",
            "1 probe.allow[0].jmx.username: without TLS, the password would be sent to every address that is asked "
            "for; set tls.mode to rmi or both",
        ),
        (
            "probe: {allow: [{network: 10.0.0.0/8, ports: [1], jmx: {password: x}}]}",
            "1 probe.allow[0].jmx.password: a password must not be written here; use password_file or password_env",
        ),
        (
            "probe: {allow: [{network: 10.0.0.0/8, ports: []}]}",
            "1 probe.allow[0].ports: the list is empty; add at least one item",
        ),
        ("naming: {}", "1 naming: unknown key; the keys here are listen, listen_pages, http_reload, profile, targets, "
         "defaults, limits, id_groups, probe, broker, logging"),
        ("broker: {}", "1 broker.bootstrap_servers: missing; write bootstrap_servers: [kafka-1:9092, kafka-2:9092]"),
        ("broker: {bootstrap_servers: [kafka]}", "1 broker.bootstrap_servers[0]: \"kafka\" is not valid here; write "
         "HOST:PORT or [IPV6]:PORT"),
        ("limits: {transactional_ids: 100000}",
         "1 limits.transactional_ids: 100000 is not a limit of ids with 13 series each; use 1 to 5000"),
        ("broker:\n  bootstrap_servers: [a:1]\n  shard: 2\n  total_shards: 2",
         "3 broker.shard: 2 is not less than total_shards (2); use 0 to 1"),
        ("broker:\n  bootstrap_servers: [a:1]\n  sasl: {mechanism: PLAIN, username: u}", "3 broker.sasl.username: "
         "a user without a password; add password_file or password_env"),
        ("broker:\n  bootstrap_servers: [a:1]\n  labels: {reason: x}", "3 broker.labels.reason: "
         "the exporter's own series use this label name; choose another"),
        ("profile: full\nlisten: a:1\nprofile: full", "3 profile: already set in line 1; keep one of them"),
        ("1: 2", "1: this key is not text; put it in quotes"),
        ("- a", "1: the file is not a mapping; start it with a key, such as targets:"),
        ("a: {b: [}", "1: not YAML: expected the node content, but found '}'; correct this line or the one before it"),
        ("listen: !x a", "1 listen: YAML cannot read this value; put it in quotes"),
        ("a: 1\n---\nb: 2", "2: not YAML: but found another document; correct this line or the one before it"),
        ("listen: a:1\nprofile: \a", "2: not YAML: special characters are not allowed; remove the character"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_reported_with_its_line_and_what_to_do(tmp_path, text, problem):
    problems = problems_of(tmp_path, text, {"PW": "x"})

    assert f"exporter.yml:{problem}" in problems


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        ({"target": ["nowhere"]}, "--target[0]: this is not an address; write HOST:PORT; a target is [NAME=]HOST:PORT"),
        ({"target": ["a=::1:9999"]}, "--target[0]: an IPv6 address goes in brackets; write [ADDRESS]:PORT; "
         "a target is [NAME=]HOST:PORT"),
        ({"target": ["a:1", "b:0"]}, "--target[1]: 0 is not a port; use 1 to 65535"),
        ({"limit-clients": "many"}, '--limit-clients: "many" is not an integer; use 1 to 1000000'),
        ({"log-level": "loud"}, '--log-level: "loud" is not one of debug, info, warning, error'),
        ({"target": ["a=h:1", "a=h:2"]}, '--target[1]: "a" is already the name of targets[0]; choose another'),
    ],
)  # fmt: skip
def test_a_mistake_in_a_flag_is_reported_with_the_flag_and_what_to_do(tmp_path, overrides, problem):
    assert problems_of(tmp_path, overrides=overrides) == [problem]


def test_unknown_variables_with_our_prefix_are_ignored(tmp_path):
    environment = {
        f"{PREFIX}PORT": "tcp://10.0.0.1:9797",
        f"{PREFIX}SERVICE_HOST": "10.0.0.1",
        f"{PREFIX}PORT_9797_TCP_ADDR": "10.0.0.1",
        f"{PREFIX}MY_PASSWORD": "x",
    }

    assert settings_of(tmp_path, environment=environment) == Settings()


def test_a_mistake_that_targets_inherit_is_reported_once(tmp_path):
    text = "defaults: {jmx: {rmi_port: 0}}\ntargets: [{jmx: {port: 1}}, {jmx: {port: 2}}]\n"

    assert problems_of(tmp_path, text) == [
        "exporter.yml:1 defaults.jmx.rmi_port: 0 is not a port; use 1 to 65535",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "targets: [{jmx: {port: 1, username: u, password: hunter2}}]",
        "targets: [{jmx: {port: 1, username: u, password_env: 'hunter2!'}}]",
        "targets: [{jmx: {port: 1, pasword: hunter2}}]",
        "password: hunter2 {",
        "password: 'hunter2",
    ],
)
def test_a_password_in_the_file_is_refused_and_never_shown(tmp_path, text):
    problems = problems_of(tmp_path, text)

    assert problems
    assert "hunter2" not in "\n".join(problems)


def test_a_password_within_a_target_flag_is_refused_and_never_shown(tmp_path):
    problems = problems_of(tmp_path, overrides={"target": ["admin:hunter2@127.0.0.1:9999", "a=u:hunter2@h:1"]})

    assert len(problems) == 2
    assert "hunter2" not in "\n".join(problems)


def test_a_password_in_the_file_is_reported_with_where_to_put_it(tmp_path):
    assert problems_of(tmp_path, "targets: [{jmx: {port: 1, password: x}}]") == [
        "exporter.yml:1 targets[0].jmx.password: a password must not be written here; "
        "use password_file or password_env",
    ]


def test_settings_hold_the_place_of_a_password_and_never_the_password(tmp_path):
    file = tmp_path / "password"
    file.write_text("hunter2", encoding="utf-8")
    file.chmod(0o600)
    text = """
targets:
  - jmx: {port: 1, username: u, password_file: password}
  - jmx: {port: 2, username: u, password_env: PW}
"""

    settings = settings_of(tmp_path, text, {"PW": "hunter2"})

    assert len(settings.targets) == 2
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600, 0o640])
def test_a_password_file_may_be_readable_by_its_group(tmp_path, mode):
    file = tmp_path / "password"
    file.write_text("x", encoding="utf-8")
    file.chmod(mode)

    (target,) = settings_of(tmp_path, "targets: [{jmx: {port: 1, username: u, password_file: password}}]").targets

    assert target.jmx.password_file == file


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o666])
def test_a_password_file_that_every_user_may_read_is_refused(tmp_path, mode):
    file = tmp_path / "password"
    file.write_text("x", encoding="utf-8")
    file.chmod(mode)

    (problem,) = problems_of(tmp_path, "targets: [{jmx: {port: 1, username: u, password_file: password}}]")

    assert problem == (
        "exporter.yml:1 targets[0].jmx.password_file: every user may read password; chmod 600 password "
        "(for a Kubernetes secret, defaultMode: 0440)"
    )


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: None, "there is no file of this name; create it, or correct the path"),
        (lambda path: path.mkdir(), "password is not a file; correct the path"),
        (lambda path: (path.touch(), path.chmod(0o600)), "password is empty; write the secret into it"),
    ],
)
def test_a_password_file_that_cannot_be_used_is_refused(tmp_path, make, problem):
    make(tmp_path / "password")

    problems = problems_of(tmp_path, "targets: [{jmx: {port: 1, username: u, password_file: password}}]")

    assert problems == [f"exporter.yml:1 targets[0].jmx.password_file: {problem}"]


def test_two_places_of_one_password_are_refused(tmp_path):
    text = "targets: [{jmx: {port: 1, username: u, password_env: PW, password_file: exporter.yml}}]"

    problems = problems_of(tmp_path, text, {"PW": "x"})

    assert (
        "exporter.yml:1 targets[0].jmx.password_env: password_file and password_env are both set; keep one of them"
        in problems
    )


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: None, ": there is no such file; correct --config"),
        (lambda path: path.mkdir(), ": is a directory; correct --config, or the file's owner or group"),
        (lambda path: path.write_bytes(b"a: \xff\n"), ": byte 3 is not UTF-8; save the file as UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_reported(tmp_path, make, problem):
    file = tmp_path / "exporter.yml"
    make(file)

    with pytest.raises(ConfigError) as raised:
        load(file=file, environment={}, overrides={})

    assert [str(each) for each in raised.value.problems] == [f"{file}{problem}"]


def test_a_file_whose_alias_contains_itself_is_refused(tmp_path):
    problems = problems_of(tmp_path, "limits: &a {clients: *a}\n")

    assert any("nested too deeply" in problem for problem in problems)


def test_loading_again_gives_the_same_and_sees_a_change(tmp_path):
    file = tmp_path / "exporter.yml"
    file.write_text("profile: full\n", encoding="utf-8")
    environment, overrides = {f"{PREFIX}LISTEN": "a:1"}, {"target": ["a:1"]}

    first = load(file=file, environment=environment, overrides=overrides)
    second = load(file=file, environment=environment, overrides=overrides)
    file.write_text("profile: minimal\n", encoding="utf-8")
    third = load(file=file, environment=environment, overrides=overrides)

    assert first == second
    assert third.profile is Profile.MINIMAL
    assert (environment, overrides) == ({f"{PREFIX}LISTEN": "a:1"}, {"target": ["a:1"]})


def broker_file(**below: str) -> str:
    """Return a file with a broker section that has these keys."""
    return "broker:\n  bootstrap_servers: [a:1]\n" + "".join(f"  {key}: {text}\n" for key, text in below.items())


def test_a_token_may_come_from_a_file_or_from_an_endpoint(tmp_path):
    for name in ("token", "secret"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o600)
    endpoint = "{mechanism: OAUTHBEARER, token_url: 'https://id.example/token', client_id: c, scope: s, "

    settings = [
        settings_of(tmp_path, broker_file(sasl=sasl)).broker
        for sasl in ("{mechanism: OAUTHBEARER, token_file: token}", endpoint + "client_secret_file: secret}")
    ]

    assert [broker and broker.sasl for broker in settings] == [
        Sasl(mechanism=SaslMechanism.OAUTHBEARER, token_file=tmp_path / "token"),
        Sasl(
            mechanism=SaslMechanism.OAUTHBEARER,
            token_url="https://id.example/token",
            client_id="c",
            client_secret_file=tmp_path / "secret",
            scope="s",
        ),
    ]


@pytest.mark.parametrize(
    ("sasl", "problems"),
    [
        (
            "{mechanism: OAUTHBEARER, username: u}",
            [
                "username: no effect with OAUTHBEARER; remove it, or choose another mechanism",
                "token_file: missing; write token_file: FILE, or set token_url, client_id and client_secret_file",
            ],
        ),
        (
            "{mechanism: OAUTHBEARER, token_url: 'https://a/b'}",
            [
                "client_id: missing; write client_id: exporter",
                "client_secret_file: missing; add client_secret_file or client_secret_env",
            ],
        ),
        (
            "{mechanism: OAUTHBEARER, token_file: file, scope: s}",
            ["scope: no effect without token_url; add it, or remove this"],
        ),
        (
            "{mechanism: OAUTHBEARER, token_file: file, token_url: 'http://[::1]:9/', client_id: c, "
            "client_secret_env: SECRET, client_secret_file: file}",
            [
                "token_url: token_file and token_url are both set; keep one of them",
                "client_secret_env: client_secret_file and client_secret_env are both set; keep one of them",
            ],
        ),
        ("{mechanism: PLAIN}", ["username: missing; write username: exporter"]),
        (
            "{mechanism: PLAIN, username: u, password_file: file, token_file: file}",
            ["token_file: no effect with PLAIN; remove it, or choose another mechanism"],
        ),
        (
            "{mechanism: AWS_MSK_IAM, username: u}",
            [
                "username: no effect with AWS_MSK_IAM; remove it, or choose another mechanism",
                "mechanism: AWS_MSK_IAM needs the package botocore; run pip install botocore",
                "mechanism: AWS_MSK_IAM requires TLS; add tls: {} to broker",
            ],
        ),
        ("{mechanism: GSSAPI}", ["mechanism: GSSAPI needs the package gssapi; run pip install gssapi"]),
    ],
)
def test_keys_that_a_mechanism_needs_or_does_not_use_are_reported(tmp_path, sasl, problems):
    (tmp_path / "file").write_text("x")
    (tmp_path / "file").chmod(0o600)

    found = problems_of(tmp_path, broker_file(sasl=sasl), {"SECRET": "x"})

    assert sorted(found) == sorted(f"exporter.yml:3 broker.sasl.{problem}" for problem in problems)


@pytest.mark.parametrize(
    "url",
    [
        "http://id.example/token",
        "ftp://127.0.0.1/token",
        "https:///token",
        "https://user:hidden@id.example/token",
        "https://id.example/token#part",
        "https://id.example:port/token",
        "https://[id.example/token",
        "id.example",
    ],
)
def test_a_token_url_that_no_secret_may_be_sent_to_is_refused_and_not_quoted(tmp_path, url):
    sasl = f"{{mechanism: OAUTHBEARER, client_id: c, client_secret_env: SECRET, token_url: '{url}'}}"

    (found,) = problems_of(tmp_path, broker_file(sasl=sasl), {"SECRET": "x"})

    assert found.startswith("exporter.yml:3 broker.sasl.token_url: ")
    assert "hidden" not in found


@pytest.mark.parametrize("hostname", ["exporter-3", "a-1-3"])
def test_the_shard_can_come_from_the_name_of_the_pod(tmp_path, hostname):
    text = broker_file(shard="from_hostname", total_shards="4")

    broker = settings_of(tmp_path, text, {"HOSTNAME": hostname}).broker

    assert broker is not None
    assert (broker.shard, broker.total_shards) == (3, 4)


def test_the_shard_can_come_from_the_environment(tmp_path):
    environment = {f"{PREFIX}SHARD": "from_hostname", f"{PREFIX}TOTAL_SHARDS": "2", "HOSTNAME": "exporter-1"}

    broker = settings_of(tmp_path, broker_file(), environment).broker

    assert broker is not None
    assert (broker.shard, broker.total_shards) == (1, 2)


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({}, "HOSTNAME is not set; run in a StatefulSet, or write the number itself"),
        (
            {"HOSTNAME": "exporter-7d9f-x2k"},
            'HOSTNAME is "exporter-7d9f-x2k", which does not end in -NUMBER; run in a StatefulSet, or write the number '
            "itself",
        ),
        (
            {"HOSTNAME": "-3"},
            'HOSTNAME is "-3", which does not end in -NUMBER; run in a StatefulSet, or write the number itself',
        ),
        ({"HOSTNAME": "exporter-2"}, "2, from the host name, is not less than total_shards (2); use 0 to 1"),
        ({"HOSTNAME": "exporter-1000"}, "1000 is not a shard; use 0 to 999"),
    ],
)
def test_a_host_name_without_a_usable_shard_is_refused(tmp_path, environment, says):
    found = problems_of(tmp_path, broker_file(shard="from_hostname", total_shards="2"), environment)

    assert found == [f"exporter.yml:3 broker.shard: {says}"]


@pytest.mark.parametrize(("text", "expected"), [("on", True), ("'on'", True), ("true", True), ("off", False)])
def test_a_switch_is_on_or_off(tmp_path, text, expected):
    assert settings_of(tmp_path, f"http_reload: {text}\n").http_reload is expected
    assert settings_of(tmp_path, overrides={"http-reload": "on" if expected else "off"}).http_reload is expected


def test_a_switch_takes_no_other_word(tmp_path):
    with pytest.raises(ConfigError, match="neither on nor off"):
        settings_of(tmp_path, "http_reload: maybe\n")
