"""The verb ``serve``: serves the targets until it is told to end."""

import argparse
import logging
import os
import signal

from kafka_producer_exporter import __version__, logs
from kafka_producer_exporter.commands.arguments import add_settings_arguments, settings_from
from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.program import BrokerView, Program
from kafka_producer_exporter.server.listeners import Server
from kafka_producer_exporter.settings import Settings
from kafka_producer_exporter.targets.memory import MemoryGuard, memory_limit
from kafka_producer_exporter.targets.transports import transport_for

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own arguments."""
    add_settings_arguments(parser, serving=True)
    parser.add_argument(
        "--tolerant",
        action="store_true",
        help="with a configuration that cannot be used, serve a page that says so instead of ending",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; SIGHUP reads the configuration again. Raises ConfigError unless tolerant."""
    # Before any thread is started, so that every thread inherits it: the signals are for this one alone.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    logs.set_up(Settings().logging)
    program = Program(
        lambda: settings_from(arguments),
        transport_for=transport_for,
        broker_view_for=_broker_view,
        guard=MemoryGuard(memory_limit()),
    )
    try:
        program.reload()
    except ConfigError as error:
        if not arguments.tolerant:
            raise
        log.error("nothing is served but that the configuration cannot be used", extra={"problems": str(error)})
    settings = program.settings
    logs.set_up(settings.logging)
    server = Server(settings.listen, settings.listen_pages, program)
    server.start()
    log.info(
        "serving",
        extra={"version": __version__, "pid": os.getpid(), "port": server.port, "pages_port": server.pages_port}
        | {"targets": len(settings.targets)},
    )
    if not settings.targets and settings.broker is None:
        log.warning("there is nothing to read yet; give --target HOST:PORT, --bootstrap-server or --config FILE")
    try:
        while (received := signal.sigwait(SIGNALS)) == signal.SIGHUP:
            _reload(program, settings)
        log.info("ending", extra={"signal": signal.Signals(received).name})
    finally:
        server.close()
        program.close()
    return 0


def _broker_view(settings: Settings) -> BrokerView:
    # A sidecar that asks no broker does not load kafka-python, which costs 8 MB.
    from kafka_producer_exporter.broker.collector import BrokerCollector
    from kafka_producer_exporter.broker.log.follower import Shard

    broker = settings.broker
    if broker is None:
        raise AssertionError("asked for only where there is a cluster")
    view = BrokerCollector(
        broker,
        labels=broker.labels,
        limit=settings.limits.transactional_ids,
        id_groups=settings.id_groups,
        topics=broker.topics,
        dlq_topics=broker.dlq_topics,
        shard=Shard(broker.shard, broker.total_shards),
        lookback_records=broker.lookback_records,
        poll_seconds=broker.poll_seconds,
    )
    view.start()
    return view


def _reload(program: Program, started_with: Settings) -> None:
    try:
        program.reload()
    except ConfigError:
        return  # the program has told it
    now = program.settings
    if (now.listen, now.listen_pages) != (started_with.listen, started_with.listen_pages):
        log.warning("listen and listen_pages change with a restart only")
