import argparse
import io
import sys

import pytest
import yaml

from kafka_producer_exporter.commands import inject
from kafka_producer_exporter.errors import ConfigError

CONFIG_MAP = "# kept\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}   # too\ndata: {mode: on}\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders}
spec:
  template:
    spec:
      securityContext: {runAsUser: 10001}
      containers:
        - {name: app, image: "app:1", args: ["on", "0400"]}
"""
POD = "apiVersion: v1\nkind: Pod\nmetadata: {generateName: task-}\nspec: {containers: [{name: app}]}\n"
LIST = f"""\
apiVersion: v1
kind: List
items:
- {{apiVersion: v1, kind: Secret}}
- {POD.replace(chr(10), chr(10) + "  ")}
"""
LOGIN = ("--image", "r/exporter:1", "--secret", "jmx")


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that runs the verb on *stream*, and returns what it writes to both outputs."""

    def run(stream, *words):
        parser = argparse.ArgumentParser()
        inject.add_arguments(parser)
        data = stream if isinstance(stream, bytes) else stream.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert inject.run(parser.parse_args(words)) == 0
        return capsys.readouterr()

    return run


def containers(text, number=0):
    content = [each for each in yaml.safe_load_all(text) if each][number]
    spec = content["spec"]["template"]["spec"] if "template" in content["spec"] else content["spec"]
    return [container["name"] for container in [*spec.get("initContainers", []), *spec["containers"]]]


def test_a_workload_gets_the_sidecar_and_everything_else_passes_unchanged(run):
    stream = f"{CONFIG_MAP}---\n{DEPLOYMENT}---\n{CONFIG_MAP}"

    out = run(stream, *LOGIN).out

    assert out.startswith(f"{CONFIG_MAP}---\n")
    assert out.endswith(f"---\n{CONFIG_MAP}")
    assert containers(out, 1) == ["kafka-producer-exporter-password", "kafka-producer-exporter", "app"]
    assert "--target=orders=127.0.0.1:9999" in out
    assert '- "0400"' in out


def test_injecting_twice_changes_nothing(run):
    once = run(f"{DEPLOYMENT}---\n{LIST}", *LOGIN, "--jvm-flags").out

    twice = run(once, *LOGIN, "--jvm-flags")

    assert twice.out == once
    assert "document 1: Deployment orders has the sidecar already; unchanged" in twice.err
    assert "warning" not in twice.err


def test_the_items_of_a_list_are_injected(run):
    content = yaml.safe_load(run(LIST, *LOGIN).out)

    secret, pod = content["items"]
    assert secret == {"apiVersion": "v1", "kind": "Secret"}
    assert pod["spec"]["initContainers"][0]["args"][3] == "--target=task=127.0.0.1:9999"


def test_jvm_flags_are_set_only_on_request_and_with_a_warning(run):
    without, with_flags = run(DEPLOYMENT, *LOGIN), run(DEPLOYMENT, *LOGIN, "--jvm-flags")

    assert "JAVA_TOOL_OPTIONS" not in without.out
    assert "start it with -Dcom.sun.management.jmxremote.port=9999" in without.err
    assert "name: JAVA_TOOL_OPTIONS" in with_flags.out
    assert "every JVM of the container inherits JAVA_TOOL_OPTIONS" in with_flags.err


def test_a_pod_whose_user_id_is_unknown_keeps_its_jvm_and_the_reason_is_shown(run):
    printed = run(POD, *LOGIN, "--jvm-flags")

    assert containers(printed.out) == ["kafka-producer-exporter", "app"]
    assert "unchanged: the user id of the application is not known" in printed.out
    assert "unchanged: the user id of the application is not known" in printed.err


def test_each_argument_reaches_the_manifest(run):
    words = ("--image", "r/e:2", "--open-jmx", "--mode", "classic", "--port", "9000", "--jmx-port", "9001")

    out = run(DEPLOYMENT, *words, "--target", "shop", "--container", "app").out

    assert containers(out) == ["app", "kafka-producer-exporter"]
    for text in ("image: r/e:2", "--listen=:9000", "--target=shop=127.0.0.1:9001", "containerPort: 9000"):
        assert text in out


@pytest.mark.parametrize(
    ("words", "problems"),
    [
        ((), ["--image: missing", "--secret: missing"]),
        (("--image", "A B", "--secret", "jmx"), ["--image: 'A B' is not an image"]),
        ((*LOGIN, "--open-jmx"), ["--open-jmx: a Secret"]),
        ((*LOGIN, "--port", "99999"), ["--port: 99999 is not a port"]),
        ((*LOGIN, "--jmx-port", "9797"), ["--jmx-port: 9797 is also"]),
        ((*LOGIN, "--target", "a,b"), ["--target: 'a,b' is not a name"]),
        ((*LOGIN, "--container", "A"), ["--container: 'A' is not the name"]),
    ],
)
def test_a_wrong_argument_is_refused_by_its_name(run, capsys, words, problems):
    with pytest.raises(ConfigError) as caught:
        run(CONFIG_MAP, *words)

    assert all(problem in str(caught.value) for problem in problems)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("stream", "words", "problem"),
    [
        (f"{CONFIG_MAP}---\na: [\n", (), "document 2, line "),
        (
            DEPLOYMENT.replace("name: app,", "name: app, ports: [{containerPort: 9797}],"),
            (),
            "(Deployment orders), --port:",
        ),
        (DEPLOYMENT + '        - {name: b, image: "b:1"}\n', (), "--container: the pod has several"),
        (DEPLOYMENT.replace("Deployment", "Job").replace("apps", "batch"), ("--mode", "classic"), "--mode: a Job"),
        (DEPLOYMENT.replace("{name: orders}", "{}"), (), "metadata.name: missing"),
        (DEPLOYMENT.replace("{name: orders}", "x"), (), "metadata: not a mapping"),
        (f"{DEPLOYMENT}---\n{POD}", ("--target", "x"), "--target: the input has several workloads"),
        (b"a: \xff", (), "byte 3: not UTF-8"),
        (LIST.replace("{name: app}", "app"), (), "document 1, item 2 (Pod task), containers: not a list of mappings"),
    ],
)
def test_a_manifest_that_cannot_have_the_sidecar_is_refused_with_its_document_and_nothing_is_printed(
    run, capsys, stream, words, problem
):
    with pytest.raises(ConfigError) as caught:
        run(stream, *LOGIN, *words)

    assert problem in str(caught.value)
    assert capsys.readouterr().out == ""


def test_an_input_without_workloads_is_copied_and_the_user_is_told(run):
    printed = run(CONFIG_MAP, *LOGIN)

    assert printed.out == CONFIG_MAP
    assert "nothing to do" in printed.err
