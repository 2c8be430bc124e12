"""Compares HTTP layers side by side: memory, latency, and how well a quick client fares among slow ones.

    python -m benchmarks.http_layer                                               ours and http.server
    python -m benchmarks.http_layer --python VENV/bin/python waitress cheroot     two more, from another environment

Each layer serves the same two pages from a process of its own. The layers take turns for some rounds, and the table
shows the median of each figure.
"""

import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

SMALL = b'kafka_producer_up{target="checkout"} 1\n' * 500
LARGE = SMALL * 200
SLOW_CLIENTS = 200
QUICK_REQUESTS = 20
QUICK_SECONDS = 5.0

# ruff: noqa: PLC0415 - each layer imports only what it needs, since its memory is measured


def body_of(path: str) -> bytes:
    """Return a new page for each request, as a scrape does."""
    return bytes(memoryview(LARGE if path == "/large" else SMALL))


def listening_socket() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    announce_port(listener.getsockname()[1])
    return listener


def announce_port(port: int) -> None:
    print(port, flush=True)


def serve_nothing() -> None:
    with listening_socket() as listener:
        while True:
            client = listener.accept()[0]
            client.recv(4096)
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def serve_ours() -> None:
    from kafka_producer_exporter.server.connections import HttpServer, Listener
    from kafka_producer_exporter.server.messages import Response

    listener = listening_socket()
    listener.setblocking(False)
    # A thread per request, as for a scrape, which is the more expensive of the two ways to answer.
    HttpServer([Listener(listener, lambda request: lambda: Response(body=body_of(request.path)))]).start()
    sys.stdin.read()


def serve_http_server() -> None:
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Pages(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            body = body_of(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    announce_port(server.server_port)
    server.serve_forever()


def application(environ: dict, start_response: Callable) -> list[bytes]:
    body = body_of(environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def serve_waitress() -> None:
    import waitress

    waitress.serve(application, sockets=[listening_socket()], threads=16, connection_limit=64, _quiet=True)


def serve_cheroot() -> None:
    from cheroot.wsgi import Server

    server = Server(("127.0.0.1", 0), application, numthreads=16, timeout=5)
    server.prepare()
    announce_port(server.bind_addr[1])
    server.serve()


LAYERS = {
    "nothing": serve_nothing,
    "ours": serve_ours,
    "http.server": serve_http_server,
    "waitress": serve_waitress,
    "cheroot": serve_cheroot,
}


def status_of(pid: int, key: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


def fetch(client: socket.socket, path: str) -> int:
    """Send a request, read the whole response, and return its status."""
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    received = bytearray()
    while b"\r\n\r\n" not in received:
        received += client.recv(65536) or raise_closed()
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    left = length - len(body)
    while left:
        left -= len(client.recv(min(left, 1 << 20)) or raise_closed())
    return int(head.split()[1])


def raise_closed() -> bytes:
    raise ConnectionError("the server closed the connection in the middle of a response")


def connect(port: int, seconds: float) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=seconds)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def median_ms(port: int, path: str, count: int) -> float:
    with connect(port, 30) as client:
        fetch(client, path)
        seconds = []
        for _ in range(count):
            start = time.perf_counter()
            fetch(client, path)
            seconds.append(time.perf_counter() - start)
    return median(seconds) * 1000


def quick_client(port: int, slow: list[socket.socket]) -> tuple[int, float]:
    """Return how many of the quick requests were answered, and the milliseconds that the slowest of them took."""
    answered, worst_seconds = 0, 0.0
    for _ in range(QUICK_REQUESTS):
        for client in slow:
            with suppress(OSError):
                client.send(b"E")
        start = time.perf_counter()
        with suppress(OSError), connect(port, QUICK_SECONDS) as client:
            if fetch(client, "/small") == 200:
                answered += 1
                worst_seconds = max(worst_seconds, time.perf_counter() - start)
        if answered == 0 and time.perf_counter() - start > QUICK_SECONDS / 2:
            break  # no later request will be answered either, and each one costs seconds
    return answered, worst_seconds * 1000


def measure(layer: str, python: str) -> dict[str, float]:
    import subprocess

    process = subprocess.Popen(
        [python, "-m", "benchmarks.http_layer", "--child", layer],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process, ExitStack() as stack:
        stack.callback(process.kill)
        port = int(process.stdout.readline())
        with connect(port, 5) as client:
            fetch(client, "/small")
        found = {"RSS at the start, MB": status_of(process.pid, "VmRSS") / 1024}
        if layer == "nothing":
            return found
        found["small page, ms"] = median_ms(port, "/small", 500)
        found["large page, ms"] = median_ms(port, "/large", 30)
        found["RSS after, MB"] = status_of(process.pid, "VmRSS") / 1024
        slow = []
        for number in range(SLOW_CLIENTS):
            with suppress(OSError):
                client = stack.enter_context(connect(port, 1))
                # Half of the clients send their request byte by byte, the others never read their page.
                client.sendall(b"G" if number % 2 else b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
                slow += [client] * (number % 2)
        answered, found["slowest quick request, ms"] = quick_client(port, slow)
        found["quick requests answered, %"] = 100 * answered / QUICK_REQUESTS
        found["threads"] = status_of(process.pid, "Threads")
        found["RSS at its peak, MB"] = status_of(process.pid, "VmHWM") / 1024
        return found


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        LAYERS[sys.argv[2]]()
        return

    import argparse

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("others", nargs="*", help="more layers, installed for --python: waitress cheroot")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that runs every layer")
    parser.add_argument("--rounds", type=int, default=3, help="how often each layer is measured (default: 3)")
    options = parser.parse_args()
    layers = list(dict.fromkeys(["nothing", "ours", "http.server", *options.others]))
    rounds = [{layer: measure(layer, options.python) for layer in layers} for _ in range(options.rounds)]
    found = {
        layer: {name: median([one[layer][name] for one in rounds]) for name in rounds[0][layer]} for layer in layers
    }
    print(f"{'':32}" + "".join(f"{layer:>13}" for layer in layers))
    for name in found["ours"]:
        cells = [f"{found[layer][name]:13.2f}" if name in found[layer] else f"{'':13}" for layer in layers]
        print(f"{name:32}" + "".join(cells))
    print(f"medians of {options.rounds} rounds; {os.cpu_count()} processors, Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
