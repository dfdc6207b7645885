"""`hazwatch replay` at a real terminal: keys, the line that shows where it is, and the terminal left as it was."""

import json
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sim.writing import time_texts
from tests.servers.hazwatch import PROGRAM, environment

pytestmark = pytest.mark.timeout(180)
T0 = 1_767_225_600 * 10**9
S = 10**9
LIMITS = "sensor,type,h,hh\nLT,level,85,90\n"


class Screen:
    """A terminal with a replay in front of it."""

    def __init__(self, fd: int, process: subprocess.Popen[bytes]) -> None:
        self.fd = fd
        self.process = process
        self.seen = ""

    def press(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def until(self, text: str, within_s: float = 90.0) -> str:
        """Read until a text is shown; return what was shown up to there and forget it."""
        deadline = time.monotonic() + within_s
        while text not in self.seen:
            assert time.monotonic() < deadline, f"{text!r} is not shown: {self.seen[-2000:]!r}"
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    self.seen += os.read(self.fd, 65536).decode(errors="replace")
                except OSError as error:  # the other end is closed
                    raise AssertionError(f"ended before {text!r}: {self.seen[-2000:]!r}") from error
        shown, found, self.seen = self.seen.partition(text)
        return shown + found

    def end(self) -> int:
        """Read on until the program has ended; return its exit code."""
        while self.process.poll() is None:
            if select.select([self.fd], [], [], 0.1)[0]:
                os.read(self.fd, 65536)
        return self.process.returncode


@contextmanager
def at_terminal(folder: Path, cache: Path, *arguments: object) -> Iterator[tuple[Screen, list[object]]]:
    """Run a replay at a terminal of its own, 200 columns wide; give it with what the terminal was set to before."""
    here, there = pty.openpty()
    termios.tcsetwinsize(there, (40, 200))
    before = termios.tcgetattr(there)
    process = subprocess.Popen(
        [*PROGRAM, "replay", *map(str, arguments)],
        cwd=folder, env=environment(cache), stdin=there, stdout=there, stderr=there, start_new_session=True,
    )  # fmt: skip
    try:
        yield Screen(here, process), before
        assert termios.tcgetattr(there) == before, "the terminal is as it was"
    finally:
        process.kill()
        process.wait()
        os.close(there)
        os.close(here)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """An hour of a level, every ten seconds, that passes its limits half-way."""
    times = time_texts([T0 + 10 * k * S for k in range(360)])
    rows = "".join(f"{t},{50 + k / 6:.2f}\n" for k, t in enumerate(times))
    (tmp_path / "r.csv").write_text(f"time,LT\n{rows}", encoding="utf-8")
    (tmp_path / "points.csv").write_text(LIMITS, encoding="utf-8")
    return tmp_path


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def test_pause_step_seek_and_end(site: Path, cache: Path) -> None:
    arguments = ("r.csv", "--points", "points.csv", "--speed", "1x", "--scores", "s")
    with at_terminal(site, cache, *arguments) as (screen, _):
        screen.until("00:00:00.000Z 1x | space pause")
        screen.press(" ")
        screen.until("paused/暂停")
        screen.press(".")
        screen.until("00:00:10.000Z paused/暂停")
        screen.press("\x1b[C")
        screen.until("00:01:00.000Z paused/暂停")
        screen.press("s")
        screen.until("00:01:10.000Z paused/暂停")
        screen.press("]")
        screen.until("00:11:00.000Z paused/暂停")
        screen.press("\x1b[D")
        screen.until("back to 2026-01-01T00:00:00.000Z, running on from there / 回到")
        screen.until("00:09:50.000Z paused/暂停")
        screen.press("q")
        assert "readings/s" in screen.until("readings/s")
        assert screen.end() == 0
    scores = lines(site / "s")
    assert len(scores) == 1 + 60, "what was gone back over is there once"
    assert scores[-1].startswith(b"2026-01-01T00:09:50.000Z,LT,")


def test_what_is_told_is_what_a_replay_without_a_terminal_tells(site: Path, cache: Path) -> None:
    arguments = ("r.csv", "--points", "points.csv")
    subprocess.run(
        [*PROGRAM, "replay", *arguments, "--alerts", "straight"],
        cwd=site, env=environment(cache), check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip
    with at_terminal(site, cache, *arguments, "--speed", "20x", "--alerts", "seen") as (screen, _):
        screen.until("20x | space pause")
        for keys in ("]", "]", "]", "]"):
            screen.press(keys)
        screen.until("00:40:")
        screen.press("[[")
        screen.until("back to")
        screen.until("20x")
        screen.press("]]]]]]]]")
        screen.until("readings/s")
        assert screen.end() == 0
    assert next(json.loads(line)["event"] for line in lines(site / "straight")) == "opened"
    assert lines(site / "seen") == lines(site / "straight")
