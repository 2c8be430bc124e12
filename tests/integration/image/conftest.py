"""The image, run by podman as Kubernetes' strictest profile demands."""

import re

import pytest

from lab.podman import RESTRICTED, Contained
from lab.process import wait_until
from tests.integration.image.options import NO_SHELL


@pytest.fixture
def run(podman, image):
    """Run a verb of the image to its end, restricted as Kubernetes' strictest profile demands."""
    return lambda *words, options=(): podman.output(image, *words, options=[*RESTRICTED, "--network=none", *options])


@pytest.fixture
def serving(podman, image):
    """Start the image with a target, on this machine's network; return it with the address of its metrics."""
    running = []

    def start(*arguments):
        container = Contained(
            *(podman, image, "serve", "--listen=127.0.0.1:0", "--listen-pages=127.0.0.1:0", *arguments),
            options=[*RESTRICTED, *NO_SHELL, "--network=host"],
        )
        running.append(container)
        container.start()
        wait_until("serve logs its port", lambda: port_in(container.log()))
        return container, f"http://127.0.0.1:{port_in(container.log())}"

    yield start
    for container in running:
        container.close()


def port_in(log):
    found = re.search(r" port=(\d+).* message=serving", log)
    return found and int(found[1])
