"""``diagnose`` as ``kubectl exec`` runs it in the sidecar: beside ``serve``, without flags, within the same memory."""

import json
import subprocess
from pathlib import Path

import pytest

from lab.cgroup import MemoryCgroup
from tests.integration.serving import COMMAND, Serve
from tests.integration.topics import new_topic

LIMIT_BYTES = 64 << 20
"""The sidecar's default (resources.limits.memory)."""
CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
"""Processes of its own, of which ``serve`` is the first. So no other ``serve`` of this machine is seen."""


@pytest.fixture
def group(control_groups):
    with MemoryCgroup(LIMIT_BYTES) as group:
        yield group


def exec_in(serve, group, *words):
    """Run our program in the container of *serve*."""
    pid = serve.process.pid
    (first,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    enter = ("nsenter", f"--target={first}", "--pid", "--mount")
    return subprocess.run(
        [*group.prefix(), *enter, COMMAND, *words], check=False, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("asks_brokers", [False, True], ids=["a plain sidecar", "with a broker view"])
def test_it_finds_the_configuration_and_fits_into_the_memory_of_the_sidecar(
    asks_brokers, group, broker, producer_jvm, tmp_path
):
    jvm = producer_jvm("4.4.0")
    jvm.new("orders", broker.bootstrap).loop(new_topic(broker), per_second=20)
    view = ["--bootstrap-server", broker.bootstrap] if asks_brokers else []
    target = f"--target=checkout=127.0.0.1:{jvm.jmx_port}"

    with Serve(target, *view, folder=tmp_path, prefix=[*group.prefix(), *CONTAINER]) as serve:
        serve.page_once("the producer is read", lambda page: page.series(client_id="orders"))
        ended = exec_in(serve, group, "diagnose", "--format", "json", "--interval", "1")
        page = serve.page()
        kills, peak_bytes = group.kills(), group.peak_bytes()

    assert ended.returncode in (0, 1), ended.stderr
    assert "with the configuration of the serving process, pid 1" in ended.stderr
    (report,) = json.loads(ended.stdout)
    assert (report["subject"], report["clients"]) == (f"checkout (127.0.0.1:{jvm.jmx_port})", ["orders"])
    assert any("brokers" in entry["needs"] for entry in report["cannot_know"]) is not asks_brokers
    assert page.value("kafka_producer_up", target="checkout") == 1
    print(f"peak with the page cache: {peak_bytes / (1 << 20):.1f} MiB")
    assert kills == 0
