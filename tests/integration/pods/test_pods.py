"""What happens to an application when its sidecar is in trouble.

The pods are what ``inject`` makes, and run under podman.
"""

import socket
from pathlib import Path

import pytest

from kafka_producer_exporter.sidecar import workload
from kafka_producer_exporter.sidecar.options import Mode, SidecarOptions
from kafka_producer_exporter.sidecar.parts import INIT_NAME, NAME
from lab.orders import build_orders
from tests.integration.pods.orders import (
    APPLICATION,
    JMX_PORT,
    PAGES_PORT,
    USER,
    Orders,
    is_down,
    is_up,
    user_of,
)

SECRETS = {"jmx": {"password": "correct-horse"}}
MODES = pytest.mark.parametrize("mode", list(Mode), ids=str)


@pytest.fixture(scope="module")
def image(podman, image):
    """The name of the product's image; a manifest has a name, not an id."""
    podman.run("tag", image, "localhost/kafka-producer-exporter:pods")
    return "localhost/kafka-producer-exporter:pods"


@pytest.fixture(scope="module")
def application(podman):
    """The name of the application's image."""
    build_orders(podman, "localhost/orders:pods")
    return "localhost/orders:pods"


@pytest.fixture
def run(podman, image, application, broker):
    """Run the pod of ``orders`` with a classic sidecar, or as the test asks for, until the test ends."""
    running = []

    def start(*, mode=Mode.CLASSIC, secrets=SECRETS, user=USER, flags=True, edit=None, **options):
        pod = {"containers": [{"name": APPLICATION, "image": application}]}
        if user is not None:
            pod["securityContext"] = {"runAsUser": user}
        manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": APPLICATION}, "spec": pod}
        chosen = SidecarOptions(**{"image": image, "target": APPLICATION, "secret": "jmx", "mode": mode, **options})
        injected = workload.inject(manifest, chosen, set_jvm_flags=flags).manifest
        if edit is not None:
            edit(injected["spec"])
        orders = Orders(podman, broker, injected, secrets=secrets)
        orders.__enter__()
        running.append(orders)
        return orders

    yield start
    for orders in running:
        orders.__exit__()


def file_of(container, path):
    """Return owner, mode and content of a file in a container."""
    place = Path(f"/proc/{container.pid}/root{path}")
    return place.stat().st_uid, place.stat().st_mode & 0o777, place.read_text()


def has_reason(page, reason):
    """Return whether the page names this reason for not reading the JVM."""
    return page.value("kafka_producer_exporter_target_error", reason=reason) == 1


def sidecar_of(spec):
    """Return the sidecar in the spec of a pod."""
    return next(each for each in [*spec["initContainers"], *spec["containers"]] if each["name"] == NAME)


@MODES
def test_the_producer_is_scraped_from_outside_and_its_jmx_cannot_be_reached_there(run, mode):
    orders = run(mode=mode)

    orders.page_once("the producer is read", is_up)

    with orders.wire.inside():
        socket.create_connection(("127.0.0.1", JMX_PORT), timeout=5).close()
    for port in (JMX_PORT, PAGES_PORT):
        with pytest.raises(ConnectionRefusedError):
            orders.wire.connect(port)
    assert user_of(orders.application) == USER
    assert user_of(orders.pod.containers[NAME]) == 65532


def test_the_password_file_is_the_applications_own_and_its_user_may_only_read(run):
    orders = run()

    folder = "/var/run/kafka-producer-exporter"
    assert file_of(orders.application, f"{folder}/jmxremote.password") == (USER, 0o400, "monitor correct-horse\n")
    assert file_of(orders.application, f"{folder}/jmxremote.access") == (USER, 0o400, "monitor readonly\n")
    assert orders.pod.containers[INIT_NAME].exit_code() == 0


@MODES
def test_the_application_sends_on_when_the_sidecar_is_killed_and_is_read_again_when_it_is_back(run, mode):
    orders = run(mode=mode)
    orders.page_once("the producer is read", is_up)

    orders.pod.containers[NAME].signal("KILL")

    assert orders.pod.containers[NAME].exit_code(timeout_seconds=30) == 137
    orders.require_sending()
    orders.pod.restart(NAME)
    orders.page_once("the producer is read again", is_up)


def test_the_application_sends_on_when_the_sidecar_is_killed_for_its_memory(run):
    def little_memory(spec):
        sidecar_of(spec)["resources"]["limits"]["memory"] = "6Mi"

    orders = run(edit=little_memory)

    assert orders.pod.containers[NAME].exit_code(timeout_seconds=30) == 137
    orders.require_sending()


@pytest.mark.parametrize("argument", ["--limit-clients=many", "--nonsense", "--label"])
def test_the_application_sends_on_when_an_argument_is_wrong_and_the_page_says_so(run, argument):
    orders = run(extra_args=(argument,))

    page = orders.page_once("the page is there", lambda page: True)

    assert page.value("kafka_producer_exporter_config_valid") == 0
    orders.require_sending()


def test_the_application_sends_on_without_jmx_and_the_page_says_so(run):
    orders = run(flags=False)

    page = orders.page_once("the producer is not read", is_down)

    assert has_reason(page, "refused")
    orders.require_sending()


def test_the_application_sends_on_when_the_password_is_wrong_and_the_page_says_so(run):
    def wrong_password(spec):
        sidecar_of(spec)["env"] = [{"name": "JMX_PASSWORD", "value": "wrong"}]

    orders = run(edit=wrong_password)

    page = orders.page_once("the JVM rejects the password", lambda page: has_reason(page, "authentication"))

    assert is_down(page)
    orders.require_sending()


def test_the_application_starts_without_the_secret_its_jmx_is_closed_and_the_page_says_so(run):
    orders = run(secrets={})

    page = orders.page_once("the page is there", lambda page: True)

    assert page.value("kafka_producer_exporter_config_valid") == 0
    assert "--jmx-password-env: the exporter's environment has no such variable" in orders.pod.containers[NAME].log()
    assert "JMX is closed" in orders.pod.containers[INIT_NAME].log()
    orders.require_sending()


def test_nothing_is_changed_about_a_jvm_whose_user_is_not_known(run):
    orders = run(user=None)

    orders.page_once("the producer is not read", is_down)

    assert INIT_NAME not in orders.pod.containers
    assert "-Dcom.sun" not in Path(f"/proc/{orders.application.pid}/environ").read_text()
    orders.require_sending()


def test_a_jvm_does_not_start_with_a_password_file_of_another_user(run):
    def another_user(spec):
        spec["containers"][0]["securityContext"] = {"runAsUser": USER + 1}

    orders = run(edit=another_user)

    assert orders.application.exit_code(timeout_seconds=30) == 1
    assert "jmxremote.password" in orders.application.log()


def test_the_application_starts_beside_a_classic_sidecar_whose_image_cannot_be_pulled(run):
    def no_image(spec):
        spec["containers"][1]["image"] = "127.0.0.1:1/nothing:1"

    orders = run(edit=no_image)

    assert list(orders.pod.waiting) == [NAME]
    orders.require_sending()


def test_the_sidecar_ends_at_once_when_the_pod_is_deleted(run):
    orders = run()
    orders.page_once("the producer is read", is_up)

    orders.pod.containers[NAME].signal("TERM")

    assert orders.pod.containers[NAME].exit_code(timeout_seconds=5) == 0
