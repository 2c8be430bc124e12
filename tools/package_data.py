"""Writes the data of the package ``pack``: ``python -m tools.package_data``. Building the wheel does the same."""

import shutil
from pathlib import Path

from alerts import data as of_alerts
from dashboards import data as of_dashboards

FOLDER = Path(__file__).parents[1] / "exporter" / "kafka_producer_exporter" / "pack" / "data"


def write(folder: Path = FOLDER) -> None:
    """Write the data again, and remove what was there; raise ``alerts.data.MistakeError`` if a file is wrong."""
    files = {**of_alerts.package_data(), **dict(of_dashboards.templates())}
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
