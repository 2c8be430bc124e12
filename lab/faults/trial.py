"""What a trial of the alert pack takes: its rules with the lab's windows, and the versions of the parts."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kafka_producer_exporter.pack import rules as pack
from lab.alertmanager import alertmanager_binary
from lab.broker import VERSION
from lab.faults.world import SCALE
from lab.producer import NEWEST_CLIENT
from lab.prometheus import prometheus_binary


def rules(scale: float = SCALE) -> Mapping[str, Any]:
    """Return every rule of the pack, with windows for the lab."""
    return pack.render({}, enable=("all",), scale=scale)


def versions(generation: int) -> dict[str, str]:
    """Return the versions of what takes part."""
    return {
        "Kafka": VERSION,
        "its client": NEWEST_CLIENT,
        "Prometheus": _version_of(prometheus_binary(generation)),
        "Alertmanager": _version_of(alertmanager_binary()[0]),
    }


def _version_of(program: Path) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\d+(?:\.\d+)+)", said.stdout + said.stderr)
    return found[1] if found else "?"
