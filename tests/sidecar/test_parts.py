import argparse

import pytest

from kafka_producer_exporter.commands import credentials, serve
from kafka_producer_exporter.commands.arguments import settings_from
from kafka_producer_exporter.sidecar.jvm import jvm_flags, password_problem
from kafka_producer_exporter.sidecar.options import Mode, Resources, SidecarOptions
from kafka_producer_exporter.sidecar.parts import JVM, pod_parts


def options(**given):
    return SidecarOptions(
        **{"image": "r/exporter:1", "target": "orders", "secret": "jmx", "application_user": 10001, **given}
    )


def sidecar(parts):
    return next(c for c in [*parts.init_containers, *parts.containers] if c["name"] == "kafka-producer-exporter")


def password_init(parts):
    return next((c for c in parts.init_containers if c["name"] == "kafka-producer-exporter-password"), None)


@pytest.mark.parametrize("mode", Mode)
def test_each_container_meets_the_restricted_profile_and_has_no_probe(mode):
    parts = pod_parts(options(mode=mode))

    for container in [*parts.init_containers, *parts.containers]:
        context = container["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] > 0
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not [key for key in container if "Probe" in key]


def test_no_container_sees_the_token_of_the_service_account():
    parts = pod_parts(options())

    for container in parts.init_containers:
        mount = container["volumeMounts"][0]
        assert mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"
        assert {"name": mount["name"], "emptyDir": {}} in parts.volumes


def test_a_native_sidecar_follows_the_init_container_and_a_classic_one_is_beside_the_application():
    native, classic = pod_parts(options()), pod_parts(options(mode=Mode.CLASSIC))

    assert [c["name"] for c in native.init_containers] == [
        "kafka-producer-exporter-password",
        "kafka-producer-exporter",
    ]
    assert native.containers == []
    assert sidecar(native)["restartPolicy"] == "Always"
    assert [c["name"] for c in classic.init_containers] == ["kafka-producer-exporter-password"]
    assert "restartPolicy" not in sidecar(classic)


def test_the_arguments_are_ones_that_serve_understands():
    given = options(labels={"kafka_cluster": "eu-1", "team": "a=b"}, extra_args=("--profile=minimal",), port=9000)
    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    verb, *words = sidecar(pod_parts(given))["args"]

    arguments = parser.parse_args(words)
    settings = settings_from(arguments, {"JMX_PASSWORD": "secret"})

    (target,) = settings.targets
    assert verb == "serve"
    assert arguments.tolerant
    assert settings.listen.port == 9000
    assert settings.profile == "minimal"
    assert (target.name, target.jmx.host, target.jmx.port) == ("orders", "127.0.0.1", 9999)
    assert (target.jmx.username, target.jmx.password_env) == ("monitor", "JMX_PASSWORD")
    assert target.labels == {"kafka_cluster": "eu-1", "team": "a=b"}


def test_the_init_container_writes_the_files_that_the_flags_name(tmp_path, monkeypatch):
    given = options()
    monkeypatch.setenv("JMX_PASSWORD", "open sesame".replace(" ", "-"))
    verb, *words = password_init(pod_parts(given))["args"]
    parser = argparse.ArgumentParser()
    credentials.add_arguments(parser)
    arguments = parser.parse_args(words)
    folder = str(arguments.directory)
    arguments.directory = tmp_path

    assert verb == "credentials"
    assert credentials.run(arguments) == 0

    named = [flag.partition("=")[2] for flag in jvm_flags(given) if ".file=" in flag]
    assert sorted(f"{folder}/{file.name}" for file in tmp_path.iterdir()) == sorted(named)
    assert pod_parts(given).application_mounts[0]["mountPath"] == folder


def test_the_init_container_runs_as_the_application_even_if_that_is_root():
    context = password_init(pod_parts(options(application_user=0)))["securityContext"]

    assert (context["runAsUser"], context["runAsNonRoot"]) == (0, False)


def test_where_the_cluster_assigns_users_no_container_asks_for_one():
    parts = pod_parts(options(user=None, application_user=None))

    assert all("runAsUser" not in container["securityContext"] for container in parts.init_containers)
    assert password_init(parts) is not None


def test_without_the_applications_user_nothing_is_changed_about_the_jvm_and_the_pod_says_why():
    parts = pod_parts(options(application_user=None))

    assert password_init(parts) is None
    assert parts.application_mounts == []
    assert parts.jvm_flags == ()
    assert "user id of the application is not known" in parts.annotations[JVM]
    assert sidecar(parts)["env"][0]["valueFrom"]["secretKeyRef"]["name"] == "jmx"


def test_a_secret_that_is_missing_does_not_keep_the_pod_from_starting():
    for container in pod_parts(options()).init_containers:
        assert container["env"][0]["valueFrom"]["secretKeyRef"]["optional"] is True


def test_open_jmx_needs_no_secret_no_file_and_no_login():
    parts = pod_parts(options(secret="", open_jmx=True, application_user=None))

    assert password_init(parts) is None
    assert "env" not in sidecar(parts)
    assert not [word for word in sidecar(parts)["args"] if word.startswith("--jmx-")]
    assert "-Dcom.sun.management.jmxremote.authenticate=false" in parts.jvm_flags


def test_the_jmx_agent_listens_on_loopback_only():
    for given in (options(), options(secret="", open_jmx=True)):
        assert "-Dcom.sun.management.jmxremote.host=127.0.0.1" in jvm_flags(given)


def test_guaranteed_requests_equal_the_limits():
    resources = Resources(guaranteed=True, cpu_limit="100m")

    for container in pod_parts(options(resources=resources)).init_containers:
        assert (
            container["resources"]["requests"] == container["resources"]["limits"] == {"cpu": "100m", "memory": "64Mi"}
        )


@pytest.mark.parametrize(
    ("password", "is_usable"),
    [
        ("Tr0ub4dor&3", True),
        ("a=b:c#d!", True),
        ("", False),
        ("two words", False),
        ("line\n", False),
        ("back\\slash", False),
        ("=first", False),
        ("pässwort", False),
    ],
)
def test_a_password_that_a_jvm_would_read_differently_is_not_used(password, is_usable):
    assert (password_problem(password) == "") == is_usable
