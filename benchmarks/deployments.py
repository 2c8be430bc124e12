"""What one sidecar costs, and what one exporter of a fleet costs that reads many JVMs through ``/probe``.

    python -m benchmarks.deployments [--targets 50 400 1200] [--rounds 3] [--memory-limit MIB]

Each JVM has 1 client, 3 nodes and 5 topics. The sidecar reads a JVM of its own. The targets of a fleet are as many JMX
agents of one JVM, each with its port, TLS and a password, because a fleet may not do without. Every exporter is a
process of its own. The rows of several sidecars are the row of one, multiplied. With a memory limit, the exporters of a
fleet run in a control group, and it is an error if they leave anything out.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.exporters import Command, Exporter, ours
from lab.certificates import Certificates, make_certificates
from lab.cgroup import Cgroup
from lab.process import LabError, exit_on_sigterm
from lab.synthetic_jvm import USER, USER_PASSWORD, SyntheticJvm

SHAPE = {"clients": 1, "nodes": 3, "topics": 5}
INTERVAL_SECONDS = 15
"""Between two scrapes of a target, for the share of a CPU."""
FIRST_AT_ONCE = 8
"""First scrapes at a time, each of which logs in."""
WARM_AFTER_SCRAPES = 200
"""By then the JVM has compiled its code."""
UP = re.compile(r"^kafka_producer_up\{.*\} 1(\.0)?$", re.MULTILINE)
SHED = re.compile(r"^kafka_producer_exporter_series_shed\{.*\} [1-9]", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A row of the table."""

    what: str
    how: str
    targets: int
    milliseconds: float
    """Median duration of a scrape."""
    cpu_milliseconds: float
    """CPU time of the exporter per scrape of a target."""
    target_cpu_milliseconds: float
    megabytes: float
    threads: int
    samples: int
    """Of all targets, and of the exporter itself."""

    @property
    def millicores(self) -> float:
        """CPU of the exporter if each target is scraped once in the interval."""
        return self.cpu_milliseconds * self.targets / INTERVAL_SECONDS

    def times(self, number: int) -> "Cost":
        """Return what this number of them costs together."""
        return replace(
            self,
            what=f"{number:,} sidecars",
            how="extrapolated",
            targets=self.targets * number,
            megabytes=self.megabytes * number,
            threads=self.threads * number,
            samples=self.samples * number,
        )


def fleet(ports: Sequence[int], certificates: Certificates, prefix: Sequence[str]) -> Command:
    """Return the command that starts an exporter which may probe these ports; the prefix comes before it."""

    def command(port: int, _: int, folder: Path) -> Sequence[str | Path]:
        password = folder / "password"
        password.write_text(USER_PASSWORD)
        password.chmod(0o600)
        tls = {"mode": "both", "ca_file": str(certificates.ca)}
        login = {"username": USER, "password_file": str(password), "tls": tls}
        config = folder / "fleet.yaml"  # JSON is YAML, too
        config.write_text(
            json.dumps({"probe": {"allow": [{"network": "127.0.0.1/32", "ports": list(ports), "jmx": login}]}})
        )
        return [
            *(*prefix, sys.executable, "-m", "kafka_producer_exporter", "serve", "--config", config),
            *("--listen", f"127.0.0.1:{port}", "--listen-pages", "127.0.0.1:0"),
        ]

    return command


def one_sidecar(folder: Path) -> Cost:
    """Measure a sidecar."""
    with SyntheticJvm(**SHAPE, java_options=()) as target, Exporter(ours(), target, folder) as exporter:
        exporter.first_page(lines=1)
        return cost(exporter, "1 sidecar", ["/metrics"], rounds=WARM_AFTER_SCRAPES)


def one_fleet(
    target: SyntheticJvm,
    targets: int,
    certificates: Certificates,
    folder: Path,
    *,
    rounds: int,
    prefix: Sequence[str] = (),
) -> Cost:
    """Measure an exporter that probes *targets* JVMs; raise LabError if one is down, or if series are left out."""
    ports = target.secured_ports[:targets]
    paths = [f"/probe?target=127.0.0.1:{port}" for port in ports]
    with Exporter(fleet(ports, certificates, prefix), target, folder) as exporter:
        exporter.first_page(lines=0)
        with ThreadPoolExecutor(FIRST_AT_ONCE) as pool:
            require_complete(list(pool.map(exporter.scrape, paths)))
        found = cost(exporter, f"1 exporter of a fleet, {targets:,} JVMs", paths, rounds=rounds, others=["/metrics"])
        require_complete([exporter.scrape(path) for path in paths])
    if found.threads < targets:
        raise LabError(f"{found.threads} threads read {targets} targets: sessions were ended")
    return found


def require_complete(pages: Sequence[bytes]) -> None:
    """Raise LabError if a target is down, or if the exporter leaves out series of it."""
    for page in map(bytes.decode, pages):
        if not UP.search(page) or SHED.search(page):
            raise LabError(f"not a complete page\n{page}")


def cost(exporter: Exporter, what: str, paths: Sequence[str], *, rounds: int, others: Sequence[str] = ()) -> Cost:
    """Warm up, and scrape every path in turn; *others* are pages that count only for the samples."""
    exporter.scrape_often(1 + WARM_AFTER_SCRAPES // len(paths), paths)
    scraped = exporter.scrape_often(rounds, paths)
    own = sum(not line.startswith(b"#") for path in others for line in exporter.scrape(path).splitlines())
    status = Path(f"/proc/{exporter.process.pid}/status").read_text()
    return Cost(
        what=what,
        how="measured",
        targets=len(paths),
        milliseconds=scraped.median_seconds * 1e3,
        cpu_milliseconds=scraped.cpu_seconds * 1e3,
        target_cpu_milliseconds=scraped.target_cpu_seconds * 1e3,
        megabytes=exporter.resident_megabytes(),
        threads=int(status.partition("Threads:")[2].split()[0]),
        samples=scraped.samples * len(paths) + own,
    )


@contextmanager
def limited(mebibytes: int | None) -> Iterator[Sequence[str]]:
    """Provide the prefix of a command that runs with this memory limit."""
    if mebibytes is None:
        yield ()
        return
    with Cgroup(memory_bytes=mebibytes << 20) as group:
        yield group.prefix()
        print(f"peak of the control group: {group.peak_bytes() >> 20} MiB; killed: {group.kills()}", flush=True)


def row(one: Cost) -> str:
    """Return a row of the Markdown table."""
    per_scrape = f"{one.milliseconds:.1f} | {one.cpu_milliseconds:.1f} | {one.target_cpu_milliseconds:.1f}"
    cpu = f"{one.millicores:,.0f}m" if one.millicores >= 10 else f"{one.millicores:.2g}m"
    return (
        f"| {one.what} | {one.how} | {per_scrape} | {cpu} | {one.megabytes:,.0f} | {one.threads:,} | {one.samples:,} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, nargs="+", default=[50, 400, 1200])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory-limit", type=int, metavar="MIB", help="default: none")
    arguments = parser.parse_args()
    exit_on_sigterm()
    titles = ("", "", "a scrape, ms", "CPU per scrape, ms", "the target's, ms", f"CPU, every {INTERVAL_SECONDS} s")
    print(f"| {' | '.join([*titles, 'memory, MB', 'threads', 'samples'])} |\n|{' --- |' * 9}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sidecar = one_sidecar(folder)
        for number in (None, *(number for number in arguments.targets if number > 100)):
            print(row(sidecar.times(number) if number else sidecar), flush=True)
        certificates = make_certificates(folder / "certificates")
        most = max(arguments.targets)
        options = {"secured_ports": most, "identity": certificates.server, "heap_megabytes": 1024}
        with SyntheticJvm(**SHAPE, **options, java_options=()) as target:
            for targets in arguments.targets:
                with limited(arguments.memory_limit) as prefix:
                    found = one_fleet(target, targets, certificates, folder, rounds=arguments.rounds, prefix=prefix)
                print(row(found), flush=True)


if __name__ == "__main__":
    main()
