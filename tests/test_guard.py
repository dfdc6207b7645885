"""The guard that keeps tests on this machine: it refuses, it remembers, and it fails the test."""

import asyncio
import contextlib
import http.client
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.guard import REPORT, ReachedOut, guard, is_local
from tests.servers.hazwatch import environment

pytest_plugins = ("pytester",)

# of TEST-NET-1 and its like in IPv6, which belong to nobody
AWAY, AWAY_6 = "192.0.2.1", "2001:db8::1"


def forgive() -> None:
    """Forget what was refused: the test meant it."""
    guard.reached.clear()
    Path(os.environ[REPORT]).unlink(missing_ok=True)


def _by_connect() -> None:
    with socket.socket() as sock:
        sock.connect((AWAY, 80))


def _by_connect_ex() -> None:
    with socket.socket() as sock:
        sock.settimeout(0.1)
        sock.connect_ex((AWAY, 80))


def _by_datagram() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", (AWAY, 53))


def _by_ipv6() -> None:
    with socket.socket(socket.AF_INET6) as sock:
        sock.connect((AWAY_6, 80))


def _by_name() -> None:
    socket.getaddrinfo("hazwatch.example", 80)


def _by_a_library() -> None:
    http.client.HTTPConnection(AWAY, 80, timeout=0.1).request("GET", "/")


def _by_asyncio() -> None:
    asyncio.run(asyncio.wait_for(asyncio.open_connection(AWAY, 80), 5))


def _on_another_thread() -> None:
    def run() -> None:
        with contextlib.suppress(ReachedOut):
            _by_connect()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    raise ReachedOut


@pytest.mark.parametrize(
    "reach",
    [
        _by_connect, _by_connect_ex, _by_datagram, _by_ipv6, _by_name, _by_a_library, _by_asyncio, _on_another_thread,
    ],
)  # fmt: skip
def test_whoever_reaches_out_is_refused_and_it_is_remembered(reach: Callable[[], None]) -> None:
    with pytest.raises(ReachedOut):
        reach()
    assert guard.reached
    forgive()


def test_this_machine_may_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        for host in ("127.0.0.1", "localhost"):
            socket.create_connection((host, server.getsockname()[1]), timeout=5).close()
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as sock:
        sock.connect(("::1", 9))
    assert guard.reached == []


def test_unix_sockets_may_be_used(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)
    assert guard.reached == []


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("0.0.0.0", True), ("localhost", True), (None, True),
        (b"127.0.0.1", True), ("", True), ("10.0.0.1", False), ("192.168.1.1", False), ("fe80::1%eth0", False),
        ("::ffff:8.8.8.8", False), ("oapi.dingtalk.com", False), ("127.0.0.1.example", False),
    ],
)  # fmt: skip
def test_what_is_this_machine(host: str | bytes | None, local: bool) -> None:
    assert is_local(host) is local


def test_a_test_that_reaches_out_fails_even_where_the_refusal_is_swallowed(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(Path(__file__).with_name("conftest.py").read_text())
    pytester.makepyfile(
        test_it="""
        import contextlib, socket

        def test_that_reaches_out():
            with contextlib.suppress(OSError), socket.socket() as sock:
                sock.connect(("192.0.2.1", 80))

        def test_that_does_not():
            with contextlib.suppress(OSError), socket.socket() as sock:
                sock.connect(("127.0.0.1", 9))
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:playwright")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*reached out of this machine: socket.connect '192.0.2.1'*"])
    forgive()


def test_a_program_that_a_test_starts_is_guarded_too(tmp_path: Path) -> None:
    program = "import socket; socket.socket().connect(('192.0.2.1', 80))"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "ReachedOut: a test reached out of this machine" in ran.stderr
    assert Path(os.environ[REPORT]).read_text() == "socket.connect '192.0.2.1'\n"
    forgive()
