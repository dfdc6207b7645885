"""A real Mosquitto on 127.0.0.1, on a free port that it keeps over stop and start."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

BINARY = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
READY_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files of one throw-away authority, a server on 127.0.0.1 and a client."""

    ca: Path
    server_cert: Path
    server_key: Path
    client_cert: Path
    client_key: Path


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def make_certificates(folder: Path) -> Certificates:
    folder.mkdir(parents=True, exist_ok=True)
    new_key = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(
        folder, *new_key, "-x509", "-days", "2", "-subj", "/CN=test CA", "-keyout", "ca.key", "-out", "ca.pem"
    )
    (folder / "server.ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    (folder / "client.ext").write_text("extendedKeyUsage=clientAuth\n")
    for name in ("server", "client"):
        _openssl(folder, *new_key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", f"{name}.ext")
        _openssl(folder, "x509", "-req", "-days", "2", "-in", f"{name}.csr", *signing, "-out", f"{name}.pem")
    names = ("ca.pem", "server.pem", "server.key", "client.pem", "client.key")
    return Certificates(*(folder / name for name in names))


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


class Mosquitto:
    """A broker with its files in `folder`; as a context manager it is started and stopped.

    `password` is a (user, password) that clients must have; with `certificates` it speaks TLS and wants a client
    certificate. `max_queued_messages` is raised: by default it drops what exceeds 1 000. Sessions and what is
    queued for them survive `stop` and `start`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        password: tuple[str, str] | None = None,
        certificates: Certificates | None = None,
        max_queued_messages: int = 1_000_000,
        extra: str = "",
    ) -> None:
        assert BINARY, "these tests need mosquitto"
        self.port = free_port()
        self.folder = folder
        self._tls = certificates is not None
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        lines = [
            f"listener {self.port} 127.0.0.1",
            "user root",
            "persistence true",
            f"persistence_location {folder}/",
            f"max_queued_messages {max_queued_messages}",
            f"allow_anonymous {'false' if password else 'true'}",
        ]
        if password:
            passwords = folder / "passwords"
            passwords.write_text("")
            passwords.chmod(0o600)
            subprocess.run(
                ["mosquitto_passwd", "-b", str(passwords), *password], check=True, capture_output=True
            )
            lines.append(f"password_file {passwords}")
        if certificates:
            lines += [
                f"cafile {certificates.ca}",
                f"certfile {certificates.server_cert}",
                f"keyfile {certificates.server_key}",
                "require_certificate true",
            ]
        (folder / "mosquitto.conf").write_text("\n".join([*lines, extra, ""]))

    @property
    def url(self) -> str:
        return f"{'mqtts' if self._tls else 'mqtt'}://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        """Start and wait until it takes connections."""
        assert BINARY is not None
        with (self.folder / "mosquitto.log").open("ab") as log:
            command = [BINARY, "-c", str(self.folder / "mosquitto.conf")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return self
            time.sleep(0.02)
        self.stop()
        raise RuntimeError((self.folder / "mosquitto.log").read_text())

    def stop(self) -> None:
        """Stop in good order: what is queued is written to disk."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Stop like a power cut."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            os.kill(process.pid, number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()
