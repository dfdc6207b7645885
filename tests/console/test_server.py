"""The server inside a running loop: streams over a real socket, stop, busy port."""

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from console.feed import Feed
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
