"""Client ids that well-known frameworks make anew for ever, and the name that those of one origin share."""

from collections.abc import Mapping

from kafka_producer_exporter.settings import IdGroup

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

PRESETS: Mapping[str, tuple[IdGroup, ...]] = {
    "kafka_streams": (IdGroup(pattern=rf"(.+?)(?:-{_UUID})?-StreamThread-\d+(?:-\d+_\d+)?-producer", group=r"\1"),),
}
