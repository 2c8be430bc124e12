"""The two listeners: metrics and health for programs, and the pages for people."""

import errno
import logging
import socket

from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.net.address import Address, is_loopback
from kafka_producer_exporter.server.address import listening_socket, why_not
from kafka_producer_exporter.server.application import Application
from kafka_producer_exporter.server.connections import HttpServer, Listener
from kafka_producer_exporter.server.routes import metrics_handler, pages_handler
from kafka_producer_exporter.settings import DEFAULT_LISTEN_PAGES

log = logging.getLogger(__name__)


class Server:
    """Serves *application* on *listen*, and its pages on *listen_pages* (None: nowhere), from ``start`` to ``close``.

    The addresses are taken at once: raises ConfigError where one cannot be had, and then holds none.
    """

    def __init__(self, listen: Address, listen_pages: Address | None, application: Application) -> None:
        problems: list[Problem] = []
        metrics = _open("listen", listen, problems)
        pages = _open("listen_pages", listen_pages, problems) if listen_pages is not None else None
        if metrics is None or problems:
            for sock in filter(None, (metrics, pages)):
                sock.close()
            raise ConfigError("listen addresses", problems)
        listeners = [Listener(metrics, metrics_handler(application))]
        if pages is not None and listen_pages is not None:
            own_host = listen_pages.host if is_loopback(listen_pages.host) else None
            listeners.append(Listener(pages, pages_handler(application, own_host=own_host)))
        self.port, *others = (listener.port for listener in listeners)
        """Of the metrics; also where the kernel chose it."""
        self.pages_port = others[0] if others else None
        """Of the pages; None where there are none."""
        self._http = HttpServer(listeners)

    def start(self) -> None:
        """Begin to serve; returns at once."""
        self._http.start()

    def close(self) -> None:
        """End all connections and free the ports."""
        self._http.close()


def _open(key: str, address: Address, problems: list[Problem]) -> socket.socket | None:
    """Listen there, or say in *problems* why not."""
    try:
        return listening_socket(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and address == DEFAULT_LISTEN_PAGES:
            # Nobody chose it: two exporters on one machine must both come up.
            log.warning("the pages for people are left out: %s is in use; choose one with --listen-pages", address)
        else:
            problems.append(Problem(key, f"{address}: {why_not(error)}"))
    return None
