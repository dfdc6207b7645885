"""A receiver of notifications on 127.0.0.1, in this process: keeps every post, answers as it is told."""

import hashlib
import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class Post:
    """One post; `answered` is the status it got."""

    id: str
    body: bytes
    signed: bool
    answered: int


class Webhook:
    """Listens while its context is open; `answer` says with which status the nth post of an id is answered."""

    def __init__(self, secret: bytes, answer: Callable[[str, int], int] = lambda _id, _n: 200) -> None:
        self.posts: list[Post] = []
        self._secret = secret
        self._answer = answer
        self._lock = threading.Lock()
        here = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                body = self.rfile.read(length)
                if not length or len(body) < length:  # its sender was killed midway: no post at all
                    self.close_connection = True
                    return
                status = here._take(self.headers["X-Hazwatch-Id"], body, self._is_signed(body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _is_signed(self, body: bytes) -> bool:
                stamp = self.headers["X-Hazwatch-Timestamp"].encode()
                digest = hmac.new(here._secret, stamp + b"." + body, hashlib.sha256).hexdigest()
                return hmac.compare_digest(self.headers["X-Hazwatch-Signature"], f"sha256={digest}")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="webhook", daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def taken(self) -> dict[str, set[bytes]]:
        """Return the bodies of every id that was answered well."""
        with self._lock:
            found: dict[str, set[bytes]] = {}
            for post in self.posts:
                if post.answered < 300:
                    found.setdefault(post.id, set()).add(post.body)
            return found

    def _take(self, of: str, body: bytes, signed: bool) -> int:
        with self._lock:
            status = self._answer(of, sum(post.id == of for post in self.posts))
            self.posts.append(Post(of, body, signed, status))
        return status

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
