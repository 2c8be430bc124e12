"""The two listeners: metrics and health for programs, status pages for people."""

import errno
import logging
import socket

from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.net.address import Address, is_loopback
from kafka_producer_exporter.server.address import advice_for, listening_socket
from kafka_producer_exporter.server.application import Application
from kafka_producer_exporter.server.bounds import Bounds, bounds_within
from kafka_producer_exporter.server.connections import HttpServer, Listener
from kafka_producer_exporter.server.routes import metrics_handler, status_pages_handler
from kafka_producer_exporter.settings import DEFAULT_LISTEN_PAGES

log = logging.getLogger(__name__)


class Server:
    """Serves an application on its two listeners, from ``start`` to ``close``."""

    def __init__(
        self,
        application: Application,
        *,
        listen: Address,
        listen_pages: Address | None,
        http_reload: bool = False,
        default_pages: Address = DEFAULT_LISTEN_PAGES,
        bounds: Bounds | None = None,
    ) -> None:
        """Open the listeners; *listen_pages* of None means no status pages. *http_reload* allows ``/-/reload``.

        Raise ConfigError with all problems if an address cannot be used; then no port stays open. If *listen_pages* is
        *default_pages* and in use, log a warning and serve no status pages: two exporters on one machine must both
        start without an option.
        """
        problems: list[Problem] = []
        metrics = _open("listen", listen, problems)
        pages = None
        if listen_pages is not None:
            pages = _open("listen_pages", listen_pages, problems, may_be_in_use=listen_pages == default_pages)
        if metrics is None or problems:
            for sock in filter(None, (metrics, pages)):
                sock.close()
            raise ConfigError("listen addresses", problems)
        listeners = [Listener(metrics, metrics_handler(application, http_reload=http_reload))]
        if pages is not None and listen_pages is not None:
            own_host = listen_pages.host if is_loopback(listen_pages.host) else None
            listeners.append(Listener(pages, status_pages_handler(application, own_host=own_host)))
        self.port, *others = (listener.port for listener in listeners)
        """The port for metrics, even if the kernel chose it."""
        self.pages_port = others[0] if others else None
        """The port for status pages; None if there are none."""
        self._http = HttpServer(listeners, bounds=bounds or bounds_within())

    def start(self) -> None:
        """Begin to serve, and return at once."""
        self._http.start()

    def close(self) -> None:
        """End all connections and free the ports."""
        self._http.close()


def _open(key: str, address: Address, problems: list[Problem], *, may_be_in_use: bool = False) -> socket.socket | None:
    """Return a listening socket. If that fails, return None and add the reason to *problems*, or log it."""
    try:
        return listening_socket(address)
    except OSError as error:
        if may_be_in_use and error.errno == errno.EADDRINUSE:
            log.warning("no status pages: %s is in use; choose another address with --listen-pages", address)
        else:
            problems.append(Problem(key, f"{address}: {advice_for(error)}"))
        return None
