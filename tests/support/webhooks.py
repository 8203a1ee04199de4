"""A webhook on this machine."""

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def webhook_endpoint(*statuses: int) -> Iterator["Endpoint"]:
    """A webhook that answers with these statuses in turn, and then always with the last one."""
    endpoint = Endpoint(*statuses)
    try:
        yield endpoint
    finally:
        endpoint.shutdown()
        endpoint.server_close()


class Endpoint(http.server.ThreadingHTTPServer):
    """A local webhook that answers with a status, and keeps what is posted."""

    def __init__(self, *statuses):
        self.statuses, self.posted = list(statuses), []
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/services/secret-token"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append(json.loads(body))
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass
