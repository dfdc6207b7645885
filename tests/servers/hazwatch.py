"""hazwatch as a user runs it: its own process in a folder of its own, asked over HTTP and by its own commands."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml
from prometheus_client.parser import text_string_to_metric_families

import service
from ledger.reader import LedgerReader, open_readonly
from tests.servers.process import Server, free_ports

GUARDED = Path(__file__).parents[1] / "guarded"
"""Keeps what is started on this machine, see `tests.guard`."""
ROOT = Path(service.__file__).resolve().parent.parent
PROGRAM = (sys.executable, "-m", "service.main")
"""Works from a checkout and from an installed wheel alike."""


def environment(cache: Path) -> dict[str, str]:
    """Return the environment of a user: nothing of pytest's, compiled detectors in `cache`."""
    foreign = ("PYTEST_", "HAZWATCH_", "NUMBA_", "COVERAGE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    path = os.pathsep.join([str(ROOT), str(GUARDED)])
    return kept | {"PYTHONPATH": path, "XDG_CACHE_HOME": str(cache)}


def hazwatch(
    folder: Path, cache: Path, *arguments: str | Path, within_s: float = 100.0, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run one command to its end in a folder."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        cwd=folder,
        env=environment(cache),
        input=stdin,
        capture_output=True,
        timeout=within_s,
        check=False,
    )


def done(ran: subprocess.CompletedProcess[bytes]) -> subprocess.CompletedProcess[bytes]:
    """Return what ran, which must have ended well."""
    assert ran.returncode == 0, ran.stderr.decode()[-3000:]
    return ran


def wait_until(
    true: Callable[[], object], within_s: float, what: Callable[[], object] | str, every_s: float = 0.05
) -> float:
    """Wait until something is true; return how many seconds that took."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > within_s:
            raise AssertionError(f"not within {within_s} s: {what if isinstance(what, str) else what()}")
        time.sleep(every_s)
    return time.monotonic() - began


class Hazwatch(Server):
    """`hazwatch run` on a free port; its folder outlives `stop`, `kill` and `start`.

    `settings` are those of hazwatch.yaml; state folder, console and log are filled in. `files` are written beside it.
    """

    def __init__(
        self,
        folder: Path,
        cache: Path,
        settings: Mapping[str, Any],
        files: Mapping[str, str],
    ) -> None:
        (port,) = free_ports(1)
        self.folder = folder
        self.cache = cache
        self.url = f"http://127.0.0.1:{port}"
        self.config = folder / "hazwatch.yaml"
        self.state_dir = folder / "state"
        self.log = folder / "run.log"
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        filled = {
            "console": {"listen": f"127.0.0.1:{port}"},
            "state_dir": "state",
            "log": {"format": "json"},
            **settings,
        }
        self.config.write_text(yaml.safe_dump(filled, allow_unicode=True), encoding="utf-8")
        use_compiled(cache, self.state_dir)
        super().__init__(
            [*PROGRAM, "run", "--config", str(self.config)],
            self.log,
            self.answers,
            cwd=folder,
            env=environment(cache),
        )

    def probe(self, name: str) -> tuple[int, dict[str, Any]]:
        """Return status and body of /healthz or /readyz."""
        answer = httpx.get(f"{self.url}/{name}", timeout=5)
        return answer.status_code, answer.json()

    def part(self, name: str) -> dict[str, Any]:
        """Return how a part is, by /healthz."""
        part: dict[str, Any] = self.probe("healthz")[1]["parts"][name]
        return part

    def metric(self, name: str, **labels: str) -> float:
        """Return one figure of /metrics, 0 where there is none."""
        text = httpx.get(self.url + "/metrics", timeout=5).text
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return float(sample.value)
        return 0.0

    def taken(self) -> int:
        """Return how many readings came since the start, refused ones too."""
        text = httpx.get(self.url + "/metrics", timeout=5).text
        counted = {"hazwatch_readings_total", "hazwatch_rejects_total"}
        return sum(
            round(sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name in counted
        )

    def alerts(self, after: int = 0) -> list[bytes]:
        """Return the alert lines as `hazwatch alerts` prints them."""
        ran = hazwatch(self.folder, self.cache, "alerts", "--config", self.config, "--after", str(after))
        return done(ran).stdout.splitlines()

    def replay(self, recording: Path, *options: str | Path) -> list[bytes]:
        """Return the alert lines of `hazwatch replay` with the same settings."""
        out = self.folder / "replay.ndjson"
        command = ("replay", recording, "--config", self.config, "--alerts", out, *options)
        done(hazwatch(self.folder, self.cache, *command))
        return out.read_bytes().splitlines()

    @contextmanager
    def ledger(self) -> Iterator[LedgerReader]:
        """Open the ledger for reading, whether the service runs or not."""
        with open_readonly(self.state_dir) as ledger:
            yield ledger

    def wait_connected(self, within_s: float = 60.0) -> None:
        """Wait until the broker is there and what comes is kept."""
        wait_until(lambda: self.probe("readyz")[0] == httpx.codes.OK, within_s, lambda: self.probe("readyz"))

    def answers(self) -> bool:
        """Whether its probes answer."""
        try:
            httpx.get(self.url + "/healthz", timeout=1)
        except httpx.TransportError:
            return False
        return True


def use_compiled(cache: Path, state_dir: Path) -> None:
    """Give a state folder the detectors that are compiled already: tests should not wait for it again and again."""
    compiled, mine = cache / "hazwatch" / "numba", state_dir / "cache" / "numba"
    if compiled.is_dir() and not mine.exists():
        shutil.copytree(compiled, mine)


class Publication:
    """`hazwatch sim` publishing a recording in a process of its own; ended with its context where it still runs."""

    def __init__(self, folder: Path, cache: Path, recording: Path, url: str, *options: str | Path) -> None:
        command = (*PROGRAM, "sim", recording, "--mqtt", url, *options)
        self._process = subprocess.Popen(
            [str(each) for each in command],
            cwd=folder,
            env=environment(cache),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def runs(self) -> bool:
        """Whether it is under way."""
        return self._process.poll() is None

    def said(self, within_s: float) -> str:
        """Wait until it has ended well; return what it said."""
        try:
            _, said = self._process.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not published within {within_s} s") from None
        assert self._process.returncode == 0, said.decode()[-2000:]
        return said.decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self.runs():
            self._process.kill()
        self._process.communicate()
