"""The receiver at the end of the way: a tiny HTTP server that notes when each alert arrived."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import msgspec

from service.bench.arrivals import Arrivals


class _Line(msgspec.Struct, frozen=True):
    """What counts of an alert line."""

    event: str
    sensor: str | None = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    """With the usual 5 a burst of connections loses one, which comes again a second later: TCP's doing, not ours."""


class Webhook:
    """Notes the monotonic time at which the opening of each sensor's first alert arrived."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.port = int(server.server_address[1])
        self.arrivals = Arrivals()

    def note(self, body: bytes, at_s: float) -> None:
        """Take one post."""
        line = msgspec.json.decode(body, type=_Line)
        if line.event == "opened":
            self.arrivals.note(line.sensor, at_s)


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Run the server on a thread of this process."""
    hooks: list[Webhook] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hooks[0].note(body, time.monotonic())
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the interface's own name
            """Say nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    hooks.append(Webhook(server))
    thread = Thread(target=server.serve_forever, args=(0.05,), name="webhook", daemon=True)
    thread.start()
    try:
        yield hooks[0]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
