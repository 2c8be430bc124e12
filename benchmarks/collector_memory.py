"""Measures the memory of a collector: what it needs for many transactional ids, and what it does within a limit.

``python -m benchmarks.collector_memory`` writes transactional ids into the log of a real broker. For each number of ids
it runs ``serve --bootstrap-server`` in control groups with several memory limits, reads the whole log, and scrapes.
"""

import argparse
import re
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from lab.broker import Broker
from lab.cgroup import MemoryCgroup
from lab.log_writer import LogWriter
from lab.process import Process, wait_until

MIB = 1 << 20
SCRAPES = 5
RECORDS = "kafka_producer_exporter_transaction_log_records_total"
COUNTING = "kafka_producer_exporter_counting_since_timestamp_seconds"


def measure(broker: Broker, ids: int, limit_mib: int, folder: Path) -> list[str]:
    """Return a row: peaks of the control group and of the process, ids that are known and dropped, names, exact."""
    log_file = folder / f"serve-{ids}-{limit_mib}.log"
    command = Path(sys.executable).with_name("kafka-producer-exporter")
    arguments = ["--listen", "127.0.0.1:0", "--listen-pages", "off", "--bootstrap-server", broker.bootstrap]
    with MemoryCgroup(limit_mib * MIB) as group:
        process = Process("serve", [*group.prefix(), command, "serve", *arguments], log_file=log_file)
        try:
            wait_until("serve listens", lambda: port_in(log_file), processes=[process])
            port = port_in(log_file)
            wait_until(
                "the log is read",
                lambda: value(page := scrape(port), RECORDS) >= ids and COUNTING in page,
                processes=[process],
                timeout_seconds=300,
            )
            for _ in range(SCRAPES):
                page = scrape(port)
                time.sleep(0.5)
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak_kb = int(status.partition("VmHWM:")[2].split()[0])
            known = value(page, "kafka_producer_exporter_transactional_ids")
            dropped = value(page, "kafka_producer_exporter_transactional_ids_dropped_total")
            names = len(re.findall(r"^kafka_transaction_started_total\{", page, re.MULTILINE))
            exact = value(page, "kafka_producer_exporter_transaction_counts_exact")
            figures = [group.peak_bytes() / MIB, peak_kb / 1024, known, dropped, names, exact, group.kills()]
            return [f"{figure:,.0f}" for figure in figures]
        finally:
            process.stop()


def port_in(log_file: Path) -> int:
    """Return the port that serve logs, or 0 as long as it does not."""
    logged = re.search(r" port=(\d+)", log_file.read_text())
    return int(logged[1]) if logged else 0


def scrape(port: int) -> str:
    """Return the metrics page."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as response:
        page: str = response.read().decode()
    return page


def value(page: str, name: str) -> float:
    """Return the value of the series without labels of its own, or 0 if there is none."""
    found = re.search(rf"^{name}(?:{{[^}}]*}})? (\S+)", page, re.MULTILINE)
    return float(found[1]) if found else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ids", type=int, nargs="+", default=[0, 1000, 10_000, 100_000, 300_000])
    parser.add_argument("--limits", type=int, nargs="+", default=[48, 64, 128, 1024], help="in MiB")
    arguments = parser.parse_args()
    peaks = "peak of the group, MiB", "peak resident, MiB"
    columns = "ids", "limit, MiB", *peaks, "known", "dropped", "names", "exact", "kills"
    print(f"| {' | '.join(columns)} |")
    print("| --- " * len(columns) + "|")
    with Broker() as broker, tempfile.TemporaryDirectory() as folder:
        writer = LogWriter(broker)
        written = 0
        for ids in sorted(arguments.ids):
            writer.write_ids(written, ids - written)
            written = ids
            for limit_mib in arguments.limits:
                row = measure(broker, ids, limit_mib, Path(folder))
                print(f"| {ids:,} | {limit_mib} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
