"""The image is built, is small, and serves a real producer: what `make test` has of the tests of the image."""

import json
import re
import urllib.request

import pytest

from lab.image import bytes_of, find_base
from lab.podman import ANY_USER
from tests.integration.serving import Page
from tests.paths import ROOT

PROCESS = """\
import json, pathlib
status = dict(line.split(":\\t") for line in pathlib.Path("/proc/1/status").read_text().splitlines())
def refused(folder):
    try: pathlib.Path(folder, "x").write_text("")
    except OSError as error: return error.strerror
folders = ("/", "/tmp", "/opt/kafka-producer-exporter", "/root")
print(json.dumps([status["Uid"].split()[0], status["CapEff"], status["NoNewPrivs"], [refused(f) for f in folders]]))
"""


def test_a_real_producer_is_scraped_under_an_unknown_user_id_without_rights_and_without_a_writable_file(
    serving, broker, producer_jvm
):
    broker.create_topic("through-the-image")
    jvm = producer_jvm()
    jvm.new("orders", broker.bootstrap).send("through-the-image", 3)

    container, address = serving(f"--target=checkout=127.0.0.1:{jvm.jmx_port}")
    with urllib.request.urlopen(f"{address}/metrics", timeout=30) as response:
        page = Page(response.read().decode())
    facts = json.loads(container.execute("python3", "-c", PROCESS))

    assert page.value("kafka_producer_up", target="checkout") == 1
    sent = {"target": "checkout", "client_id": "orders", "topic": "through-the-image"}
    assert page.value("kafka_producer_topic_record_send_total", **sent) == 3
    assert facts == [str(ANY_USER), "0" * 16, "1", ["Read-only file system"] * 3 + ["Permission denied"]]


def test_it_adds_to_its_base_what_the_readme_states(podman, image, record_property):
    added = (bytes_of(podman, image) - bytes_of(podman, find_base(podman))) / 1e6
    record_property("megabytes_added_by_the_image", f"{added:.1f}")
    stated = re.search(r"The image adds (\d+) MB to its base", (ROOT / "README.md").read_text())[1]

    assert added == pytest.approx(int(stated), abs=1)
