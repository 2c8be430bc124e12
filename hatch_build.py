"""Puts the alert rules, runbooks and dashboards into the wheel, as data of ``kafka_producer_exporter.pack``."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Writes the data before the wheel is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the data; raise ``alerts.data.MistakeError`` if a file is wrong."""
        del version, build_data
        sys.path.insert(0, self.root)
        sys.path.insert(0, str(Path(self.root, "exporter")))
        from tools.package_data import write  # noqa: PLC0415 - found through the path

        write()
