"""Local servers that answer as they are told, for the tests of the receivers; on 127.0.0.1 only."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from alerting.notification import Notification
from registry.plant import Text


@dataclass
class Answer:
    """What the server answers; a hanging one waits until the server is closed."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False


@dataclass
class Post:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Hook:
    """A webhook server under test's control: what it got, and where it is."""

    url: str
    posts: list[Post] = field(default_factory=list)


@contextmanager
def hook(*answers: Answer) -> Iterator[Hook]:
    """Serve the answers in turn, the last one for ever."""
    released = threading.Event()
    made = Hook("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = answers[min(len(made.posts), len(answers) - 1)]
            made.posts.append(Post(self.path, dict(self.headers.items()), body))
            if answer.hang:
                released.wait(30)
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="hook")
    thread.start()
    try:
        yield made
    finally:
        released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def notification(body: bytes = b'{"id":"a","title":{"zh":"\xe9\xab\x98"}}', name: str = "n1") -> Notification:
    return Notification(
        id=name,
        receiver="duty",
        alert="a",
        seq=1,
        time="2026-01-01T00:00:00.000Z",
        body=body,
        reason=Text("测试", "test"),
    )
