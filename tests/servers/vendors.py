"""A double of chat services on 127.0.0.1: what is posted to any host arrives here, by real HTTP, and is answered as told."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests


@dataclass(frozen=True)
class Request:
    """One request as it arrived, with the host that it was meant for."""

    host: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """An answer; one that hangs comes when the double ends."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False


@dataclass
class Vendors:
    """What arrived; `replies` are given in turn, the last for ever."""

    replies: Sequence[Reply] = (Reply(),)
    requests: list[Request] = field(default_factory=list)


@contextmanager
def vendors(monkeypatch: pytest.MonkeyPatch, *replies: Reply) -> Iterator[Vendors]:
    """Serve, and have requests to all other hosts brought here: same path, query, headers and body."""
    made = Vendors(replies or (Reply(),))
    released = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            parts = urlsplit(self.path)
            reply = made.replies[min(len(made.requests), len(made.replies) - 1)]
            host = self.headers["X-Meant-For"]
            made.requests.append(
                Request(host, parts.path, parse_qs(parts.query), dict(self.headers.items()), body)
            )
            if reply.hang:
                released.wait(30)
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    here = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="vendors")
    thread.start()
    send = requests.adapters.HTTPAdapter.send

    def brought(
        self: requests.adapters.HTTPAdapter, request: requests.PreparedRequest, **options: Any
    ) -> Any:
        parts = urlsplit(str(request.url))
        moved = request.copy()
        moved.headers["X-Meant-For"] = f"{parts.scheme}://{parts.netloc}"
        moved.url = parts._replace(scheme="http", netloc=here).geturl()
        return send(self, moved, **options)

    try:
        with monkeypatch.context() as patched:
            patched.setattr(requests.adapters.HTTPAdapter, "send", brought)
            yield made
    finally:
        released.set()
        server.shutdown()
        thread.join()
        server.server_close()
