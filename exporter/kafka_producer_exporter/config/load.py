"""Defaults, file, environment and flags to settings, with every problem told at once."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from kafka_producer_exporter.config.environment import FILE_VARIABLE, Overrides, found_in_environment, found_in_flags
from kafka_producer_exporter.config.found import Findings, Found, Unusable, overlay
from kafka_producer_exporter.config.schema import SETTINGS
from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Jmx, Settings


def load(*, file: Path | None, environment: Mapping[str, str], overrides: Overrides) -> Settings:
    """Return the settings; flags outdo the environment, that the file, and that the defaults.

    Without *file* it is the one that the environment names, if any. Reads files and changes nothing, so that it may be
    called again for a reload. Raises ConfigError with every problem.
    """
    findings = Findings(environment)
    if file is None and (named := environment.get(FILE_VARIABLE)):
        file = Path(named)
    found = Found({}, "configuration")
    if file is not None:
        from kafka_producer_exporter.config.yamlfile import found_in  # noqa: PLC0415 - 1 MB and 25 ms, for a file only

        found = found_in(file, findings)
    for layer in (found_in_environment(findings), found_in_flags(overrides, findings)):
        found = overlay(found, layer)

    settings: object = None
    with contextlib.suppress(Unusable):
        settings = SETTINGS.read(_with_defaults(found), findings)
    if findings.problems:
        raise ConfigError(str(file) if file else "configuration", findings.problems)
    return cast(Settings, settings)


def _with_defaults(found: Found) -> Found:
    """Return the same with ``defaults`` under each target, and every target named."""
    if not isinstance(found.keys.get("targets", found).value, list):
        return found
    targets = found.keys["targets"]
    shared = found.keys.get("defaults", Found({}, ""))
    items = [_named(overlay(shared, target) if shared.keys else target) for target in targets.items]
    return found._replace(value=found.keys | {"targets": targets._replace(value=items)})


def _named(target: Found) -> Found:
    if not isinstance(target.value, dict) or "name" in target.value:
        return target
    jmx = target.keys["jmx"].keys if "jmx" in target.keys else {}
    host = jmx["host"].value if "host" in jmx else Jmx(port=0).host
    port = jmx["port"].value if "port" in jmx else None
    if not isinstance(host, str) or not isinstance(port, int):
        return target  # told when it is read
    return target._replace(value={"name": Found(str(Address(host, port)), target.where)} | target.value)
