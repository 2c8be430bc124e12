"""The verb ``serve``: serves metrics until a signal ends it."""

import argparse
import logging
import os
import signal
import sys

from kafka_producer_exporter import __version__, logs
from kafka_producer_exporter.commands.arguments import add_settings_arguments, settings_from
from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.process import memory_limit, raise_descriptor_limit, return_freed_memory
from kafka_producer_exporter.program import Program, program_from
from kafka_producer_exporter.server.bounds import bounds_within
from kafka_producer_exporter.server.listeners import Server
from kafka_producer_exporter.settings import Settings

LISTENERS = ("--listen", "--listen-pages")
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

SWITCH_SECONDS = 0.0005
"""How long a thread that decodes a long reply may keep the interpreter while others wait for it; Python's default is
ten times as long. A scrape needs the interpreter many times, for a moment each, and waits this long for each."""

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own arguments."""
    add_settings_arguments(parser, serving=True)
    parser.add_argument(
        "--tolerant",
        action="store_true",
        help="if the configuration or an argument is invalid, serve a metrics page that says so instead of exiting",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; SIGHUP loads the configuration again. Raise ConfigError unless tolerant."""
    # Block the signals before the first thread starts: threads inherit it, and only this one waits for signals.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    sys.setswitchinterval(SWITCH_SECONDS)
    return_freed_memory()
    raise_descriptor_limit()
    logs.set_up(Settings().logging)
    budget = MemoryBudget(memory_limit())
    program = program_from(lambda: _settings_from(arguments), budget)
    settings = Settings()
    try:
        program.reload()
        settings = program.settings
    except ConfigError as error:
        if not arguments.tolerant:
            raise
        log.error(
            "the configuration is invalid; serving metrics about the exporter only", extra={"problems": str(error)}
        )
        settings = _listeners_of(arguments)
    logs.set_up(settings.logging)
    server = Server(
        program,
        listen=settings.listen,
        listen_pages=settings.listen_pages,
        http_reload=settings.http_reload,
        bounds=bounds_within(pages_bytes=budget.pages_bytes),
    )
    server.start()
    log.info(
        "serving",
        extra={"version": __version__, "pid": os.getpid(), "port": server.port, "pages_port": server.pages_port}
        | {"targets": len(settings.targets)},
    )
    if not (settings.targets or settings.broker or settings.probe):
        log.warning(
            "no targets and no brokers are configured; use --target HOST:PORT, --bootstrap-server or --config FILE"
        )
    try:
        while (received := signal.sigwait(SIGNALS)) == signal.SIGHUP:
            _reload(program, settings)
        log.info("stopping", extra={"signal": signal.Signals(received).name})
    finally:
        server.close()
        program.close()
    return 0


def _settings_from(arguments: argparse.Namespace) -> Settings:
    if getattr(arguments, "rejected", False):
        problem = Problem("serve", "an argument does not exist or has no value; the beginning of the log names it")
        raise ConfigError("the arguments", [problem])
    return settings_from(arguments)


def _listeners_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings that say where to listen, so that a scrape shows that the configuration is wrong."""
    given = {name: value for name, value in vars(arguments).items() if name in LISTENERS}
    try:
        return settings_from(argparse.Namespace(config=None, **given), {})
    except ConfigError:
        return Settings()


def _reload(program: Program, started_with: Settings) -> None:
    try:
        program.reload()
    except ConfigError:
        return  # the program has logged it
    except Exception:  # out of memory or threads, or a bug of ours: nothing has been replaced
        log.exception("the configuration could not be loaded; the current one stays in force")
        return
    now = program.settings
    if _serving(now) != _serving(started_with):
        log.warning("changes of listen, listen_pages and http_reload take effect after a restart")


def _serving(settings: Settings) -> object:
    """Return the settings that the server has only at its start."""
    return settings.listen, settings.listen_pages, settings.http_reload
