"""The server inside a running loop: streams over a real socket, stop, busy port."""

import asyncio
import resource
import socket
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from console.connections import MOST_CONNECTIONS, BoundedProtocol, connections_allowed
from console.feed import Feed
from console.guard import Guard
from console.server import ConsoleServer, ListenError
from tests.console.live import PASSWORD, live_console
from tests.console.site import open_several

HEADERS = {"X-Hazwatch": "1"}


def _read_until(lines: Iterator[str], wanted: str) -> list[str]:
    got = []
    for line in lines:
        got.append(line)
        if line == wanted:
            return got
    raise AssertionError(got)


def test_stream_over_a_socket_with_heartbeat_and_resume(tmp_path: Path) -> None:
    with live_console(tmp_path) as live, httpx.Client(base_url=live.server.url, headers=HEADERS) as client:
        assert client.post("/api/v1/login", json={"name": "li", "password": PASSWORD}).status_code == 200
        with client.stream("GET", "/api/v1/stream") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert "gzip" not in stream.headers.get("content-encoding", "")
            got = _read_until(stream.iter_lines(), "event: resync")
            position = got[-2].removeprefix("id: ")
        with client.stream("GET", "/api/v1/stream") as stream:
            _read_until(stream.iter_lines(), "event: beat")
        live.call(lambda: open_several(live.backend))
        with client.stream("GET", "/api/v1/stream", headers={"Last-Event-ID": position}) as stream:
            got = _read_until(stream.iter_lines(), f"id: {live.feed._ring.position}")
        assert "event: resync" not in got
        assert got.count("event: alert") == 5


def test_nothing_that_is_sent_waits_for_what_was_sent_before(tmp_path: Path) -> None:
    def without_delay() -> list[int]:
        sockets = [
            one.transport.get_extra_info("socket") for one in live.server._server.server_state.connections
        ]
        return [one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in sockets]

    with live_console(tmp_path) as live, httpx.Client(base_url=live.server.url) as client:
        client.get("/api/v1/me")
        assert live.call(without_delay) == [1]


def test_stop_takes_less_than_a_second_with_open_streams(tmp_path: Path) -> None:
    with live_console(tmp_path) as live, httpx.Client(base_url=live.server.url, headers=HEADERS) as client:
        client.post("/api/v1/login", json={"name": "li", "password": PASSWORD})
        with client.stream("GET", "/api/v1/stream") as stream:
            lines = stream.iter_lines()  # held: an iterator that is dropped closes its connection
            _read_until(lines, "event: resync")
            assert live.feed.viewers == 1
            start = time.monotonic()
            live.stop()
            assert time.monotonic() - start < 5, "far less when the machine is idle"
        assert live.feed.viewers == 0


def test_a_busy_port_is_told_before_anything_starts() -> None:
    async def no_app(*_: object) -> None:
        """Answer nothing."""

    async def scenario() -> None:
        first = ConsoleServer(no_app, Feed(), "127.0.0.1", 0)
        with pytest.raises(ListenError, match=f"cannot listen on 127.0.0.1:{first.port}: another program"):
            ConsoleServer(no_app, Feed(), "127.0.0.1", first.port)
        with pytest.raises(ListenError, match="cannot listen on 203"):
            ConsoleServer(no_app, Feed(), "203.0.113.1", 0)
        first._socket.close()

    asyncio.run(scenario())


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - uvicorn sets no event
            await asyncio.sleep(0.01)


def test_too_many_connections_and_silent_ones_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedProtocol, "asks_within_s", 0.2)

    async def scenario() -> None:
        server = ConsoleServer(Starlette(), Feed(), "127.0.0.1", 0, most_connections=2)
        running = asyncio.create_task(server.run())
        await _until(lambda: server.started)
        talking, silent, refused = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
        assert (await refused[0].read()).startswith(b"HTTP/1.1 503 ")
        talking[1].write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await talking[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 404 ")
        silent[1].write(b"GET / HT")
        assert await silent[0].read() == b"", "its request did not come"
        for _, writer in (talking, silent, refused):
            writer.close()
        await _until(lambda: not server._server.server_state.connections)
        _, again = await asyncio.open_connection("127.0.0.1", server.port)
        again.close()
        await server.stop()
        await running

    asyncio.run(scenario())


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["more_body"]:
            pass

    async def receive() -> Message:
        if parts:
            return {"type": "http.request", "body": parts.pop(), "more_body": True}
        await asyncio.Event().wait()
        raise AssertionError("nothing sets it")

    async def send(_message: Message) -> None:
        """Take no answer."""

    parts = [b"1", b"2"]
    scope = {"type": "http", "method": "GET", "headers": []}
    with pytest.raises(HTTPException) as raised:
        asyncio.run(Guard(app, body_within_s=0.05)(scope, receive, send))
    assert raised.value.status_code == HTTPStatus.REQUEST_TIMEOUT


@pytest.mark.parametrize(
    ("limits", "allowed", "raised_to"),
    [
        ((1024, 524_288), MOST_CONNECTIONS, MOST_CONNECTIONS + 512),
        ((1024, 4096), 3584, 4096),
        ((1024, 1024), 512, None),
        ((256, 256), 32, None),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), MOST_CONNECTIONS, None),
        ((1024, resource.RLIM_INFINITY), MOST_CONNECTIONS, MOST_CONNECTIONS + 512),
    ],
)
def test_connections_leave_open_files_to_the_pipeline(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], allowed: int, raised_to: int | None
) -> None:
    changed: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, given: changed.append(given))
    assert connections_allowed() == allowed
    assert changed == ([] if raised_to is None else [(raised_to, limits[1])])
