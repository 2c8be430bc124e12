"""The synthetic JVM shows the same MBeans as a real producer's JVM."""

import re
import subprocess

from lab.certificates import make_certificates
from lab.jmxquery import read_mbeans
from lab.synthetic_jvm import USER, USER_PASSWORD, SyntheticJvm
from tests.integration.serving import COMMAND
from tests.recordings import recorded_mbeans


def attributes_by_kind(mbeans):
    """Return the names of the MBeans without the ids in them, each with its attributes."""
    return {re.sub(r"=[^,]*", "", name.replace("type=", "")): sorted(mbeans[name]) for name in mbeans}


def test_each_synthetic_mbean_has_the_attributes_of_the_recorded_producer(lab):
    with SyntheticJvm(clients=2, nodes=3, topics=5) as jvm:
        mbeans = read_mbeans(jvm.jmx_port)

    assert attributes_by_kind(mbeans) == attributes_by_kind(recorded_mbeans("4.4.0"))
    assert len(mbeans) == 2 * (4 + 1 + 3 + 5)


def test_every_synthetic_value_rises_from_one_read_to_the_next(lab):
    with SyntheticJvm(clients=1, nodes=1, topics=1) as jvm:
        before, after = read_mbeans(jvm.jmx_port), read_mbeans(jvm.jmx_port)

    producer_mbeans = [name for name in before if ":type=producer-" in name]
    values = [
        (before[name][attribute], after[name][attribute]) for name in producer_mbeans for attribute in before[name]
    ]
    assert len(producer_mbeans) == 1 + 2 + 1
    assert len(values) > 100
    assert [(old, new) for old, new in values if new <= old] == []


def test_a_secured_port_is_read_with_the_password_and_not_without(lab, tmp_path):
    certificates = make_certificates(tmp_path / "certificates")
    password = tmp_path / "password"
    password.write_text(USER_PASSWORD)
    password.chmod(0o600)
    login = [f"--jmx-username={USER}", f"--jmx-password-file={password}"]
    tls = ["--jmx-tls=both", f"--jmx-tls-ca-file={certificates.ca}"]

    with SyntheticJvm(clients=1, nodes=1, topics=1, secured_ports=2, identity=certificates.server) as jvm:
        address = f"127.0.0.1:{jvm.secured_ports[1]}"
        codes = [
            subprocess.run([COMMAND, "scrape", address, *options], capture_output=True, check=False).returncode
            for options in ([*login, *tls], tls)
        ]

    assert codes == [0, 3]
