"""Under a real limit of threads, a moment without any costs the scrapes of that moment and nothing else."""

import json

import pytest

from lab.cgroup import Cgroup
from lab.process import wait_until
from lab.synthetic_jvm import SyntheticJvm
from tests.integration.serving import Serve


@pytest.fixture(scope="module")
def jvm(lab, control_groups):
    with SyntheticJvm(clients=1, nodes=1, topics=1, heap_megabytes=64) as jvm:
        yield jvm


@pytest.fixture
def group(control_groups):
    with Cgroup(tasks=100) as group:
        yield group


def write_config(path, jvm, names):
    targets = [{"name": name, "jmx": {"host": "127.0.0.1", "port": jvm.jmx_port}} for name in names]
    path.write_text(json.dumps({"targets": targets}))  # JSON is YAML


def ups(page):
    return {sample.labels["target"]: sample.value for sample in page.samples if sample.name == "kafka_producer_up"}


def test_a_process_out_of_threads_fails_the_scrapes_of_that_moment_and_recovers(jvm, group, tmp_path):
    config = tmp_path / "exporter.yml"
    write_config(config, jvm, ["checkout"])
    with Serve("--config", str(config), folder=tmp_path, prefix=group.prefix()) as serve:
        assert ups(serve.page()) == {"checkout": 1}
        wait_until("the thread of the request has ended", lambda: group.tasks() == 3)  # main, HTTP, reads

        group.limit_tasks(3)
        no_thread = serve.get("/metrics")
        healthy = serve.get("/-/healthy")
        write_config(config, jvm, ["checkout", "billing"])
        serve.reload()
        serve.logged("configuration reloaded")
        group.limit_tasks(4)  # for the request, and none for the first read of the new target
        without_reader = ups(serve.page())
        reason = serve.page().value("kafka_producer_exporter_target_error", target="billing", reason="limit")
        group.limit_tasks(None)
        recovered = ups(serve.page())

        assert no_thread == (503, "this process cannot start another thread; try again\n")
        assert healthy == (200, "healthy\n")
        assert without_reader == {"checkout": 1, "billing": 0}
        assert reason == 1
        assert recovered == {"checkout": 1, "billing": 1}
        assert "traceback" not in serve.log()
