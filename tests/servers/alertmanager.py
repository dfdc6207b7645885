"""A real Alertmanager (Debian's package prometheus-alertmanager), alone: no cluster, its data in a folder."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers.process import Server, free_ports


class Alertmanager(Server):
    """One node on `url` with the given configuration."""

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "alertmanager.yml").write_text(json.dumps(config))
        super().__init__(
            [
                "prometheus-alertmanager",
                f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            folder / "alertmanager.log",
            self._answers,
        )

    def post(self, labels: Mapping[str, str], starts: float, ends: float) -> None:
        """Say how an alert stands; times are seconds since 1970."""
        alert = {"labels": dict(labels), "startsAt": _rfc3339(starts), "endsAt": _rfc3339(ends)}
        httpx.post(self.url + "/api/v2/alerts", json=[alert], timeout=5).raise_for_status()

    def silence(self, matchers: list[dict[str, Any]], starts: float, ends: float) -> None:
        """Begin a silence."""
        silence = {
            "matchers": matchers,
            "startsAt": _rfc3339(starts),
            "endsAt": _rfc3339(ends),
            "createdBy": "li",
            "comment": "work",
        }
        httpx.post(self.url + "/api/v2/silences", json=silence, timeout=5).raise_for_status()

    def _answers(self) -> bool:
        try:
            return httpx.get(self.url + "/-/ready", timeout=1).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


def _rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


@contextmanager
def alertmanager(folder: Path, config: Mapping[str, Any]) -> Iterator[Alertmanager]:
    """Run one for as long as the context is open."""
    if shutil.which("prometheus-alertmanager") is None:
        pytest.skip("needs Debian's package prometheus-alertmanager")
    server = Alertmanager(folder, config)
    server.start()
    try:
        yield server
    finally:
        server.stop()
