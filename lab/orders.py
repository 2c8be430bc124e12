"""An application in an image: a JDK, Kafka's client, and a program with one producer (``java/Orders.java``)."""

import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from lab import jvm
from lab.fetch import fetch
from lab.image import build_from
from lab.jdks import java_in
from lab.podman import Podman

SOURCE = Path(__file__).parent / "java" / "Orders.java"
CLIENT = "kafka-clients-4.4.0"
JDK = "jdk-21"
PARTS = (CLIENT, JDK)
TOPIC = "orders"

DOCKERFILE = """\
FROM scratch
COPY root/ /
COPY app/ /app/
ENV PATH={path}
CMD ["java", "-jar", "/app/orders.jar"]
"""


def build_orders(podman: Podman, tag: str) -> str:
    """Build the image, name it *tag*, and return its id. Its root file system has no shell."""
    root = fetch(JDK)
    with tempfile.TemporaryDirectory(dir=podman.folder) as name:
        context = Path(name)
        shutil.copytree(root, context / "root", symlinks=True, copy_function=_linked)
        (context / "app").mkdir()
        jars = sorted(fetch(CLIENT).glob("*.jar"))
        for jar in jars:
            shutil.copy(jar, context / "app")
        _write_jar(context / "app" / "orders.jar", [jar.name for jar in jars])
        dockerfile = context / "Dockerfile"
        dockerfile.write_text(DOCKERFILE.format(path=java_in(root).parent))
        return build_from(podman, dockerfile, context=context, tag=tag)


def _linked(source: str, place: str) -> None:
    os.link(source, place, follow_symlinks=False)


def _write_jar(place: Path, libraries: list[str]) -> None:
    manifest = ["Manifest-Version: 1.0", "Main-Class: Orders", f"Class-Path: {' '.join(libraries)}"]
    # JAR File Specification, "Line length": no line is longer than 72 bytes; a blank continues one.
    lines = [part for line in manifest for part in _folded(line)]
    with zipfile.ZipFile(place, "w") as jar:
        jar.writestr(_entry("META-INF/MANIFEST.MF"), "".join(f"{line}\r\n" for line in lines))
        for file in sorted(jvm.compiled(SOURCE, part=CLIENT).glob("*.class")):
            jar.writestr(_entry(file.name), file.read_bytes())


def _folded(line: str) -> list[str]:
    return [line[:70], *(f" {line[start : start + 69]}" for start in range(70, len(line), 69))]


def _entry(name: str) -> zipfile.ZipInfo:
    """Return an entry with a fixed time, so that the same program makes the same image."""
    return zipfile.ZipInfo(name)
