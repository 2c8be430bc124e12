"""The golden pages: the page of each recorded client, byte for byte.

``python -m tests.golden_pages`` writes them again; each difference is a decision to review.
"""

from kafka_producer_exporter.catalogue.table import as_page
from kafka_producer_exporter.exposition.formats import Format
from kafka_producer_exporter.exposition.text import render
from kafka_producer_exporter.model import Profile
from kafka_producer_exporter.settings import Limits
from kafka_producer_exporter.targets.families import FamilyBuilder
from tests.paths import GOLDEN
from tests.recordings import VERSIONS, recorded_readings


def golden_pages() -> dict[str, bytes]:
    """Every golden page by the name of its file."""
    pages = {f"{version}-default.prom": _page(version, Profile.DEFAULT) for version in VERSIONS}
    newest = max(VERSIONS, key=lambda version: [int(part) for part in version.split(".")])
    pages |= {f"{newest}-{profile}.prom": _page(newest, profile) for profile in (Profile.MINIMAL, Profile.FULL)}
    pages[f"{newest}-default.openmetrics"] = _page(newest, Profile.DEFAULT, Format.OPENMETRICS)
    return pages


def _page(version: str, profile: Profile, text_format: Format = Format.PROMETHEUS_TEXT) -> bytes:
    builder = FamilyBuilder({"target": "checkout", "kafka_cluster": "eu"}, profile=profile, limits=Limits())
    return render(as_page(builder.build(recorded_readings(version, profile)).families), text_format)


def main() -> None:
    """Write the pages, and remove those of versions that are no longer recorded."""
    pages = golden_pages()
    for stale in {file.name for file in GOLDEN.iterdir()} - pages.keys():
        (GOLDEN / stale).unlink()
    for name, content in pages.items():
        (GOLDEN / name).write_bytes(content)


if __name__ == "__main__":
    main()
