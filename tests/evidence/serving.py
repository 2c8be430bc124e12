"""An HTTP server on loopback that answers as a test asks for, and remembers what it was asked."""

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer


class Asked(BaseHTTPRequestHandler):
    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.server.requests.append((self.path, dict(self.headers), self.rfile.read(length).decode()))
        answers = self.server.answers
        status, body, *headers = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **dict(*headers)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 (http.server wants this name)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def answering(*answers):
    server = HTTPServer(("127.0.0.1", 0), Asked)
    server.answers = [answer if isinstance(answer, tuple) else (200, answer) for answer in answers]
    server.requests = []
    server.url = f"http://127.0.0.1:{server.server_port}/metrics"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextlib.contextmanager
def refusing():
    """An address on which nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


@contextlib.contextmanager
def closing():
    """An address at which every connection is accepted and closed."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up():
            with contextlib.suppress(OSError):  # it is shut down
                while True:
                    listening.accept()[0].close()

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)
