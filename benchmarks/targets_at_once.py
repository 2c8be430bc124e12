"""Measure the cost of a thread per target, and whether a silent target delays only itself.

    python -m benchmarks.targets_at_once [--targets 1 10 100] [--rounds 5]

Every target reads the same JVM (1 client, 3 nodes, 5 topics), in a process of its own. With "silent" targets, the same
number of targets is added that accept the connection and never answer. A page of all targets would wait for them until
its deadline, so the responsive targets are read by name, as /probe does.
"""

import argparse
import multiprocessing
import os
import socket
import threading
import time
from multiprocessing.connection import Connection

from benchmarks.exporters import median, resident_megabytes
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.model import Scrape
from kafka_producer_exporter.settings import Jmx, Settings, Target
from kafka_producer_exporter.targets.collector import Collector
from kafka_producer_exporter.targets.transports import transport_for
from lab.process import exit_on_sigterm
from lab.synthetic_jvm import SyntheticJvm

DEADLINE_SECONDS = 30.0


def collector_of(ports: dict[str, int]) -> Collector:
    """Return a collector for targets on these ports, by name."""
    targets = tuple(Target(name=name, jmx=Jmx(port=port)) for name, port in ports.items())
    return Collector(Settings(targets=targets), transport_for=transport_for, budget=MemoryBudget(None))


def read(collector: Collector, names: list[str]) -> tuple[float, list[Scrape]]:
    """Read these targets; return the seconds that took, and the scrapes."""
    start = time.perf_counter()
    scrapes = collector.scrape(deadline=time.monotonic() + DEADLINE_SECONDS, names=names)
    return time.perf_counter() - start, scrapes


def measure(jmx_port: int, targets: int, rounds: int, silent_port: int | None, answer: Connection) -> None:
    """Send back: threads, megabytes of memory added by the reads, median seconds to read all responsive targets."""
    responsive = {f"target-{number}": jmx_port for number in range(targets)}
    silent = {f"silent-{number}": silent_port for number in range(targets)} if silent_port else {}
    before = resident_megabytes(os.getpid())
    collector = collector_of({**responsive, **silent})
    waiting = threading.Thread(target=read, args=(collector, list(silent)), daemon=True)
    waiting.start()
    seconds = []
    for _ in range(rounds + 2):
        took, scrapes = read(collector, list(responsive))
        if any(scrape.reason for scrape in scrapes):
            raise SystemExit(next(scrape.detail for scrape in scrapes if scrape.reason))
        seconds.append(took)
    threads = sum(thread.name.startswith("read-") for thread in threading.enumerate())
    answer.send((threads, resident_megabytes(os.getpid()) - before, median(seconds[2:])))


def in_a_process(jmx_port: int, targets: int, rounds: int, silent_port: int | None) -> tuple[int, float, float]:
    """Measure in a separate process, because only the end of a process returns its memory."""
    here, there = multiprocessing.Pipe(duplex=False)
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=measure, args=(jmx_port, targets, rounds, silent_port, there), daemon=True)
    process.start()
    there.close()
    result: tuple[int, float, float] = here.recv()
    process.kill()
    process.join()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    exit_on_sigterm()
    titles = (
        "targets",
        "silent targets",
        "threads",
        "memory, MB",
        "kB per thread",
        "all targets read, ms",
        "one of them, ms",
    )
    print(f"| {' | '.join(titles)} |\n|{' --- |' * len(titles)}")
    silent = socket.create_server(("127.0.0.1", 0), backlog=1024)
    with silent, SyntheticJvm(clients=1, nodes=3, topics=5) as jvm:
        in_a_process(jvm.jmx_port, 10, 50, None)  # lets the JVM compile its code
        for targets in arguments.targets:
            for port in (None, silent.getsockname()[1]):
                threads, megabytes, seconds = in_a_process(jvm.jmx_port, targets, arguments.rounds, port)
                each = [megabytes * 1024 / threads, seconds * 1e3, seconds * 1e3 / targets]
                row = [targets, threads - targets, threads, f"{megabytes:.1f}", *(f"{number:.3g}" for number in each)]
                print(f"| {' | '.join(map(str, row))} |", flush=True)


if __name__ == "__main__":
    main()
