"""The lab's containers and pods: what they share, and that nothing of them is left."""

import pytest

from lab.image import find_base
from lab.podman import RESTRICTED, Contained, Pod
from lab.process import LabError, wait_until

SLEEP = ("python3", "-c", "import time; time.sleep(600)")
READ = (
    "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:9797/metrics', timeout=5).read().decode())"
)


def test_the_containers_of_a_pod_share_loopback_and_all_end_with_it(podman, image):
    with Pod(podman) as pod:
        server = pod.add(image, "serve", "--listen=127.0.0.1:9797", options=RESTRICTED)
        wait_until("it serves", lambda: "message=serving" in server.log())
        application = pod.add(find_base(podman), *SLEEP, options=RESTRICTED)
        containers = [server.id, application.id]

        page = application.execute("python3", "-c", READ)

    assert "kafka_producer_exporter_build_info{" in page
    assert not set(containers) & set(podman.run("ps", "--all", "--quiet", "--no-trunc").split())


def test_a_container_outside_of_the_pod_does_not_reach_it(podman, image):
    with Pod(podman) as pod, Contained(podman, find_base(podman), *SLEEP, options=["--network=none"]) as stranger:
        server = pod.add(image, "serve", "--listen=:9797", options=RESTRICTED)
        wait_until("it serves", lambda: "message=serving" in server.log())

        with pytest.raises(LabError, match="Connection refused"):
            stranger.execute("python3", "-c", READ)


def test_a_container_that_ends_by_itself_leaves_its_exit_code(podman):
    with Contained(podman, find_base(podman), "python3", "-c", "raise SystemExit(7)") as container:
        assert container.exit_code() == 7


def test_the_storage_is_in_the_cache_and_not_the_systems(podman):
    assert podman.run("info", "--format={{.Store.GraphRoot}}") == str(podman.folder / "graph")
