"""What an image grows by: Python and this exporter, and a JRE and jmx_exporter, added to the same minimal Debian.

    python -m benchmarks.image_size

The sizes are those of the layers, not compressed, without the lists and the cache of apt. Needs podman and mmdebstrap.
"""

import tempfile
from pathlib import Path

from lab.fetch import fetch
from lab.image import SUITE, build, build_from, bytes_of, find_base, import_debian, version
from lab.podman import Podman
from lab.process import exit_on_sigterm

PLAIN = f"localhost/kafka-producer-exporter-plain:{SUITE}"
SIZED = "localhost/kafka-producer-exporter-size"
JRE = "openjdk-21-jre-headless"
"""The oldest that this release of Debian has."""

INSTALL = """\
FROM {base}
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends {packages} \\
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
"""


def added_megabytes(podman: Podman, dockerfile: str, *, base: str, folder: Path, tag: str) -> tuple[str, float]:
    """Build a Dockerfile; return the id of the image, and by how much it is larger than its base."""
    place = folder / "Dockerfile"
    place.write_text(dockerfile)
    image = build_from(podman, place, context=folder, tag=f"{SIZED}:{tag}")
    return image, (bytes_of(podman, image) - bytes_of(podman, base)) / 1e6


def measure(podman: Podman, folder: Path) -> dict[str, tuple[float, float]]:
    """Return for ours and for jmx_exporter the megabytes of the runtime, and those of the program."""
    if not podman.has_image(PLAIN):
        import_debian(podman, PLAIN)
    image = build(podman, base=find_base(podman), tag=f"localhost/kafka-producer-exporter:{version()}")
    (jar,) = fetch("jmx-exporter-1.0.1").glob("jmx_prometheus_httpserver-*.jar")
    (folder / jar.name).write_bytes(jar.read_bytes())
    programs = {
        "ours": ("python3", f"COPY --from={image} /opt/kafka-producer-exporter /opt/kafka-producer-exporter"),
        "jmx_exporter": (JRE, f"COPY {jar.name} /opt/"),
    }
    sizes = {}
    for name, (packages, copy) in programs.items():
        recipe = INSTALL.format(base=PLAIN, packages=packages)
        runtime, first = added_megabytes(podman, recipe, base=PLAIN, folder=folder, tag=f"{name}-runtime")
        _, second = added_megabytes(podman, f"FROM {runtime}\n{copy}\n", base=runtime, folder=folder, tag=name)
        sizes[name] = (first, second)
    return sizes


def table(sizes: dict[str, tuple[float, float]]) -> str:
    """Return the sizes as a Markdown table."""
    ours, theirs = sizes["ours"], sizes["jmx_exporter"]
    rows = {
        f"runtime: `python3`, `{JRE}`": (ours[0], theirs[0]),
        "program: wheel and dependencies, jar": (ours[1], theirs[1]),
        "together": (sum(ours), sum(theirs)),
    }
    lines = [f"| {name} | {a:.1f} MB | {b:.1f} MB | {b / a:.1f} |" for name, (a, b) in rows.items()]
    return "\n".join(["| | ours | jmx_exporter | jmx_exporter : ours |", "| --- | --- | --- | --- |", *lines])


def main() -> None:
    exit_on_sigterm()
    podman = Podman()
    with tempfile.TemporaryDirectory() as folder:
        sizes = measure(podman, Path(folder))
    print(f"added to Debian {SUITE} without Python and Java\n\n{table(sizes)}")


if __name__ == "__main__":
    main()
