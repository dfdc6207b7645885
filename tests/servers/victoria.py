"""A real VictoriaMetrics (Debian's package victoria-metrics)."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.servers.process import Server, free_ports


class Victoria(Server):
    """One node on `url`; its data outlives `stop`, `kill` and `start`."""

    def __init__(self, folder: Path) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(
            [
                "victoria-metrics",
                f"-storageDataPath={folder / 'data'}",
                f"-httpListenAddr=127.0.0.1:{port}",
                "-retentionPeriod=100y",
                "-dedup.minScrapeInterval=1ms",
                "-memory.allowedBytes=128MB",
            ],
            folder / "victoria.log",
            self._answers,
        )

    def flush(self) -> None:
        """Make what was written visible to queries at once."""
        httpx.get(self.url + "/internal/force_flush", timeout=10).raise_for_status()

    def _answers(self) -> bool:
        try:
            return httpx.get(self.url + "/health", timeout=1).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


@contextmanager
def victoria(folder: Path) -> Iterator[Victoria]:
    """Run one for as long as the context is open."""
    if shutil.which("victoria-metrics") is None:
        pytest.skip("needs Debian's package victoria-metrics")
    server = Victoria(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
