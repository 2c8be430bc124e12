"""An OAuth 2 token endpoint on loopback, for the client ``exporter`` and its secret."""

import base64
import http.server
import json
import threading
import urllib.parse

SECRET = "s3cr:t +%"
AUTHORIZATION = "Basic " + base64.b64encode(b"exporter:s3cr%3At+%2B%25").decode()
"""See RFC 6749, 2.3.1: both parts are form-encoded and then joined."""


class TokenEndpointServer:
    """Replies to a request with the right secret with a token of *make*, or to every request with *answer*.

    *answer* is a status and a body. *more* replaces or adds fields of the JSON object.
    """

    def __init__(self, make=lambda: "token", *, answer=None, headers=(), tls=None, **more):
        self.requests = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.requests.append(urllib.parse.parse_qs(body))
                if answer is not None:
                    status, content = answer
                elif self.headers["Authorization"] != AUTHORIZATION:
                    status, content = 401, json.dumps({"error": "invalid_client", "error_description": "said too much"})
                else:
                    fields = {"access_token": make(), "token_type": "Bearer", "expires_in": 3600} | more
                    status, content = 200, json.dumps(fields)
                self.send_response(status)
                for name, text in headers:
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(content.encode())

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}/token"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()
