"""The other end of the way: an operator's open stream, which notes when each alert was shown."""

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import msgspec

from console.accounts import Role, add_user, database_path
from console.guard import COMMAND_HEADER
from service.bench.arrivals import Arrivals

_NAME, _PASSWORD = "bench", "a viewer of the bench"
_TIMEOUT_S = 30.0


class _Row(msgspec.Struct, frozen=True):
    """What counts of an alert as the page gets it."""

    sensor: str | None = None


def add_viewer(state_dir: Path) -> None:
    """Make the account that looks on."""
    state_dir.mkdir(parents=True, exist_ok=True)
    add_user(database_path(state_dir), _NAME, Role.VIEWER, _PASSWORD)


@contextmanager
def viewer(port: int) -> Iterator[Arrivals]:
    """Sign in, open the stream and note on a thread of its own when the first frame of each sensor's alert came."""
    cookie = _signed_in(port)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    connection.request("GET", "/api/v1/stream", headers={"Cookie": cookie})
    answer = connection.getresponse()
    assert answer.status == http.client.OK, answer.status
    arrivals = Arrivals()
    thread = Thread(target=_read, args=(answer, arrivals), name="viewer", daemon=True)
    thread.start()
    try:
        yield arrivals
    finally:
        connection.close()
        thread.join(1.0)


def _signed_in(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        body = msgspec.json.encode({"name": _NAME, "password": _PASSWORD})
        headers = {"Content-Type": "application/json", COMMAND_HEADER: "1"}
        connection.request("POST", "/api/v1/login", body, headers)
        answer = connection.getresponse()
        assert answer.status == http.client.OK, answer.read()
        return (answer.getheader("Set-Cookie") or "").partition(";")[0]
    finally:
        connection.close()


def _read(answer: http.client.HTTPResponse, arrivals: Arrivals) -> None:
    """Take frames until the stream ends."""
    kind = b""
    try:
        while line := answer.readline():
            if line.startswith(b"event: "):
                kind = line[7:].strip()
            elif line.startswith(b"data: ") and kind == b"alert":
                at_s = time.monotonic()
                arrivals.note(msgspec.json.decode(line[6:], type=_Row).sensor, at_s)
    except (OSError, ValueError, AttributeError, http.client.HTTPException):
        return  # the connection was closed under the reading: the measurement is over
