"""What docs/security.md lists is all that the exporter can send, uses and opens."""

import hashlib
import re

from kafka_producer_exporter.jmx import requests
from kafka_producer_exporter.settings import Settings
from tests.paths import DOCS, ROOT

PAGE = (DOCS / "security.md").read_text(encoding="utf-8")
CODE = ROOT / "exporter" / "kafka_producer_exporter"

NAME, STRINGS = "Ljavax/management/ObjectName;", "[Ljava/lang/String;"
SUBJECT = "Ljavax/security/auth/Subject;"
SIGNATURES = {
    "RMIServer.newClient": "newClient(Ljava/lang/Object;)Ljavax/management/remote/rmi/RMIConnection;",
    "RMIConnection.queryNames": f"queryNames({NAME}Ljava/rmi/MarshalledObject;{SUBJECT})Ljava/util/Set;",
    "RMIConnection.getMBeanInfo": f"getMBeanInfo({NAME}{SUBJECT})Ljavax/management/MBeanInfo;",
    "RMIConnection.getAttributes": f"getAttributes({NAME}{STRINGS}{SUBJECT})Ljavax/management/AttributeList;",
    "RMIConnection.close": "close()V",
}
OF_THE_REGISTRY = {1: "Registry.list", 2: "Registry.lookup"}
"""The registry's methods have numbers and share a hash; see sun.rmi.registry.RegistryImpl_Skel."""


def section(heading):
    return PAGE.split(f"## {heading}\n")[1].partition("\n## ")[0]


def method_hash(signature):
    """Return the hash by which RMI calls a method: the first 8 bytes of a SHA-1, the last one first."""
    text = signature.encode()
    return hashlib.sha1(len(text).to_bytes(2, "big") + text, usedforsecurity=False).digest()[7::-1].hex()


def test_the_listed_jmx_calls_are_all_that_the_client_can_make():
    source = (CODE / "jmx" / "requests.py").read_text()
    calls = re.findall(r'bytes\.fromhex\("([0-9a-f]{8}) ([0-9a-f]{16})"\)', source)
    names = {method_hash(signature): name for name, signature in SIGNATURES.items()}

    known = [names[found] if number == "ffffffff" else OF_THE_REGISTRY[int(number, 16)] for number, found in calls]
    assert len(known) == source.count("bytes.fromhex(") - 1  # the other one describes a class
    assert sorted(known) == sorted(re.findall(r"`((?:Registry|RMI\w+)\.\w+)`", section("To a JVM")))
    assert requests.close(b"").hex().endswith(method_hash("close()V"))


def test_no_other_module_of_the_client_makes_a_call():
    files = [file for file in (CODE / "jmx").glob("*.py") if file.name not in ("requests.py", "jar.py")]

    assert files
    assert [file.name for file in files if "ac ed" in file.read_text() or "ffffffff" in file.read_text()] == []


def test_the_listed_requests_are_all_that_brokers_get():
    sources = [file.read_text() for file in (CODE / "broker").rglob("*.py")]
    imported = {
        name
        for source in sources
        for names in re.findall(r"^from kafka\.protocol\S* import (\([^)]*\)|.*)$", source, re.MULTILINE)
        for name in re.findall(r"(\w+)Request\b", names)
    }

    listed = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| ([^|]+) \|", section("To a cluster"), re.MULTILINE))))
    assert listed - {"ApiVersions", "__transaction_state"} == imported  # kafka-python itself sends ApiVersions


def test_the_default_addresses_are_the_listed_ones():
    rows = re.findall(r"^\| (?:metrics|pages) \| `([^`]+)`", section("Network exposure"), re.MULTILINE)

    assert rows == [f":{Settings().listen.port}", str(Settings().listen_pages)]


def test_as_many_libraries_as_listed_are_locked():
    locked = re.findall(r"^[\w-]+==", (ROOT / "requirements" / "run.txt").read_text(), re.MULTILINE)

    assert len(locked) == 6
    assert "Six libraries" in section("Supply chain")
