"""A Prometheus with a history that was written for it: nothing is scraped, and no test waits for samples."""

import contextlib
import time

from lab.process import run
from lab.prometheus import Prometheus, promtool_binary

SCRAPE_SECONDS = 15
SAMPLES = 2


@contextlib.contextmanager
def prometheus_with(folder, series):
    """Start a Prometheus with two samples of each of *series*; yield it with the time of the last ones.

    A series is a pair: its text, as ``series_of`` returns it, and the value; or what the value rises by from one sample
    to the next, as a tuple of one.
    """
    end = int(time.time())
    page = folder / "history.om"
    with page.open("w", encoding="utf-8") as file:
        for text, value in series:
            first, more = (1000, value[0]) if isinstance(value, tuple) else (value, 0)
            for number in range(SAMPLES):
                at = end - SCRAPE_SECONDS * (SAMPLES - 1 - number)
                file.write(f"{text} {first + more * number:.7g} {at}\n")
        file.write("# EOF\n")
    if series:
        data = folder / "prometheus" / "data"
        data.mkdir(parents=True)
        run([promtool_binary(), "tsdb", "create-blocks-from", "openmetrics", page, data], what="write a history")
    with Prometheus([], folder=folder / "prometheus") as prometheus:
        yield prometheus, end


def series_of(name, labels):
    """Return a series as a page has it."""
    return f"{name}{{{','.join(f'{label}={quoted(value)}' for label, value in labels.items())}}}"


def quoted(value):
    """Return a label value as a page has it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
