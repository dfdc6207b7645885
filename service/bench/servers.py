"""Servers and processes that a measurement needs: started on free ports of 127.0.0.1, ended by their process id."""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

READY_S = 60.0
_END_S = 10.0
_POLL_S = 0.01
_SYSTEM_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))


class ServerMissing(Exception):  # noqa: N818 - that a server is missing is news, not an error of ours
    """A server that the measurement needs is not on this machine or did not start."""


def binary(name: str) -> str | None:
    """Return the path of a program, also of one that only root has in its PATH."""
    return shutil.which(name, path=_SYSTEM_PATH)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def running(command: Sequence[str], log: Path, *, talks: bool = False) -> Iterator[subprocess.Popen[str]]:
    """Run a process; whatever happens it has ended afterwards.

    One that `talks` has pipes as standard input and output; all else that is said goes to `log`.
    """
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            list(command),
            stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
            stdout=subprocess.PIPE if talks else out,
            stderr=out,
            text=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs one of our modules."""
    return [sys.executable, "-m", module, *arguments]


def wait_until(answers: Callable[[], bool], process: subprocess.Popen[str], log: Path, what: str) -> None:
    """Wait until a server answers.

    Raises:
        ServerMissing: it ended, or did not answer in time.
    """
    until = time.monotonic() + READY_S
    while not answers():
        if process.poll() is not None or time.monotonic() > until:
            tail = log.read_text(errors="replace")[-1500:]
            raise ServerMissing(f"{what} did not start: {tail}")
        time.sleep(_POLL_S)


def listens(port: int) -> bool:
    """Return whether somebody takes connections on a port."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def fetch(port: int, path: str, timeout_s: float = 5.0) -> tuple[int, str]:
    """Return status and body of a GET; status 0 where nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()


@contextmanager
def mosquitto(folder: Path) -> Iterator[int]:
    """Run a Mosquitto that drops nothing; yields its port.

    Raises:
        ServerMissing: it is not on this machine.
    """
    program = binary("mosquitto")
    if program is None:
        raise ServerMissing("mosquitto is not on this machine (Debian: apt-get install mosquitto)")
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n"
        "set_tcp_nodelay true\n"
    )
    log = folder / "mosquitto.log"
    with running([program, "-c", str(config)], log) as process:
        wait_until(lambda: listens(port), process, log, "mosquitto")
        yield port


@contextmanager
def victoria_metrics(folder: Path) -> Iterator[int]:
    """Run a VictoriaMetrics; yields its port.

    Raises:
        ServerMissing: it is not on this machine.
    """
    program = binary("victoria-metrics")
    if program is None:
        raise ServerMissing(
            "victoria-metrics is not on this machine (Debian: apt-get install victoria-metrics)"
        )
    port = free_port()
    log = folder / "victoria.log"
    command = [
        program,
        f"-storageDataPath={folder / 'victoria'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y",
        "-memory.allowedBytes=256MB",
    ]
    with running(command, log) as process:
        wait_until(lambda: fetch(port, "/health")[0] == http.client.OK, process, log, "victoria-metrics")
        yield port
