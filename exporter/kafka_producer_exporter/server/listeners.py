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
from kafka_producer_exporter.settings import Settings

DEFAULT_PAGES = Settings().listen_pages

log = logging.getLogger(__name__)


class Server:
    """Serves *application* on *listen*, and its pages on *listen_pages* (None: nowhere), from ``start`` to ``close``.

    The addresses are taken at once: raises ConfigError where one cannot be had, and then holds none.
    """

    def __init__(self, listen: str, listen_pages: str | None, application: Application) -> None:
        problems: list[Problem] = []
        metrics = _open("listen", listen, problems)
        pages = _open("listen_pages", listen_pages, problems) if listen_pages is not None else None
        if metrics is None or problems:
            for sock in filter(None, (metrics, pages)):
                sock.close()
            raise ConfigError("listen addresses", problems)
        listeners = [Listener(metrics, metrics_handler(application))]
        if pages is not None and listen_pages is not None:
            address = Address.parse(listen_pages)
            own_host = address.host if is_loopback(address.host) else None
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


def _open(key: str, text: str, problems: list[Problem]) -> socket.socket | None:
    """Listen there, or say in *problems* why not."""
    try:
        return listening_socket(Address.parse(text))
    except ValueError as error:
        problems.append(Problem(key, str(error)))
    except OSError as error:
        if error.errno == errno.EADDRINUSE and text == DEFAULT_PAGES:
            # Nobody chose it: two exporters on one machine must both come up.
            log.warning("the pages for people are left out: %s is in use; choose one with --listen-pages", text)
        else:
            problems.append(Problem(key, f"{text}: {why_not(error)}"))
    return None
