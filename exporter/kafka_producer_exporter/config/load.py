"""Load defaults, file, environment and flags into settings, and report every problem at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from kafka_producer_exporter.config.context import LoadContext, Rejected
from kafka_producer_exporter.config.environment import FILE_VARIABLE, Overrides, read_environment, read_flags
from kafka_producer_exporter.config.located import Located, overlay
from kafka_producer_exporter.config.schema import SETTINGS
from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Jmx, Settings


def load(*, file: Path | None, environment: Mapping[str, str], overrides: Overrides) -> Settings:
    """Return the settings. Precedence: flags (*overrides*), environment, file, defaults.

    If *file* is None, the environment may name the file. Only reads, so a reload is a second call.
    Raises ConfigError with every problem, and nothing else: whatever goes wrong in loading is a problem of the input,
    and must not end a process that serves the settings in force.
    """
    context = LoadContext(environment)
    try:
        settings = _load(context, file=file, overrides=overrides)
    except Exception as bug:  # noqa: BLE001 - see above; the exception's text may quote a secret
        context.report("configuration", f"it cannot be loaded ({type(bug).__name__}); simplify it, and report this")
        settings = None
    if context.problems or settings is None:
        raise ConfigError(str(file or environment.get(FILE_VARIABLE) or "configuration"), context.problems)
    return settings


def _load(context: LoadContext, *, file: Path | None, overrides: Overrides) -> Settings | None:
    """Return the settings; None after a problem was reported."""
    if file is None and (name := context.environment.get(FILE_VARIABLE)):
        file = Path(name)
    located = Located({}, "configuration")
    if file is not None:
        from kafka_producer_exporter.config.yamlfile import read_file  # noqa: PLC0415 - PyYAML takes 1 MB and 25 ms

        located = read_file(file, context)
    for layer in (read_environment(context), read_flags(overrides, context)):
        located = overlay(located, layer)

    try:
        return cast(Settings, SETTINGS.read(_with_defaults(located), context))
    except Rejected:
        return None


def _with_defaults(located: Located) -> Located:
    """Return the root with ``defaults`` merged into each target, and a name for each target."""
    if not isinstance(located.entries.get("targets", located).value, list):
        return located
    targets = located.entries["targets"]
    defaults = located.entries.get("defaults", Located({}, ""))
    items = [_named(overlay(defaults, target) if defaults.entries else target) for target in targets.items]
    return located._replace(value=located.entries | {"targets": targets._replace(value=items)})


def _named(target: Located) -> Located:
    """Return *target* with its address as name if it has none."""
    if not isinstance(target.value, dict) or "name" in target.value:
        return target
    jmx = target.entries["jmx"].entries if "jmx" in target.entries else {}
    host = jmx["host"].value if "host" in jmx else Jmx(port=0).host
    port = jmx["port"].value if "port" in jmx else None
    if not isinstance(host, str) or not isinstance(port, int):
        return target  # its shape reports the problem
    return target._replace(value={"name": Located(str(Address(host, port)), target.where)} | target.value)
