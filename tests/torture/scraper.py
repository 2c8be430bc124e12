"""The honest scraper: four Prometheus servers that take turns, each with a connection that it keeps."""

import gzip
import http.client
import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ACCEPT = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,*/*;q=0.1"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One scrape."""

    at: float
    """When it began, in seconds since the start of the scraper."""
    seconds: float
    page: str
    """The page, or "" if there was none within the deadline."""
    failure: str = ""


class Scraper:
    """Scrapes once a second, until ``stop``, and passes each attempt to *judge*.

    Each server has an address of its own, and the same scrape interval and scrape timeout.
    """

    SERVERS = 4
    TIMEOUT_SECONDS = 4.0

    def __init__(self, address: str, judge: Callable[[Attempt], None]) -> None:
        self._address = address
        self._judge = judge
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._scrape_repeatedly, args=(number,), daemon=True)
            for number in range(self.SERVERS)
        ]

    def start(self) -> None:
        """Start to scrape."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop after the scrapes in progress."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _scrape_repeatedly(self, number: int) -> None:
        kept: list[http.client.HTTPConnection] = []
        for due in itertools.count(number, self.SERVERS):
            now = time.monotonic() - self._began
            if self._stop.wait(max(0.0, due - now)):
                break
            self._judge(self._attempt(kept, (f"127.0.1.{number + 1}", 0)))
        for connection in kept:
            connection.close()

    def _attempt(self, kept: list[http.client.HTTPConnection], source: tuple[str, int]) -> Attempt:
        began = time.monotonic()
        page, failure = "", ""
        try:
            page = self._page(kept, source, began + self.TIMEOUT_SECONDS)
        except (OSError, EOFError, http.client.HTTPException) as error:
            failure = f"{type(error).__name__}: {error}"
            for connection in kept:
                connection.close()
            kept.clear()
        seconds = time.monotonic() - began
        if not failure and seconds > self.TIMEOUT_SECONDS:
            page, failure = "", f"the page took {seconds:.2f} s"
        return Attempt(began - self._began, seconds, page, failure)

    def _page(self, kept: list[http.client.HTTPConnection], source: tuple[str, int], deadline: float) -> str:
        if kept:
            try:
                return self._get(kept[0], deadline)
            except (ConnectionError, http.client.BadStatusLine):
                kept.pop().close()  # it was closed while idle; like Prometheus, try once more with a new one
        kept.append(http.client.HTTPConnection(self._address, source_address=source))
        return self._get(kept[0], deadline)

    def _get(self, connection: http.client.HTTPConnection, deadline: float) -> str:
        connection.timeout = _left(deadline)
        if connection.sock is None:
            connection.connect()
        connection.sock.settimeout(_left(deadline))
        headers = {"Accept": ACCEPT, "Accept-Encoding": "gzip", "Connection": "keep-alive"}
        headers["X-Prometheus-Scrape-Timeout-Seconds"] = f"{self.TIMEOUT_SECONDS:g}"
        connection.request("GET", "/metrics", headers=headers)
        with connection.getresponse() as response:
            body = response.read()
            if response.status != 200:
                raise http.client.HTTPException(f"{response.status} {body[:200].decode(errors='replace')}")
            if response.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
        return body.decode()


def _left(deadline: float) -> float:
    return max(0.001, deadline - time.monotonic())


def is_up(page: str, targets: Sequence[str]) -> bool:
    """Return whether a page says that all these targets are up."""
    return all(f'kafka_producer_up{{target="{target}"}} 1' in page for target in targets)
