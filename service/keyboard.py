"""The keys of a person who watches a replay, and the line that shows where it is; nobody, where there is no terminal."""

import os
import select
import shutil
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from service.pacing import KEYS_TEXT, Key, Pacing, keys_in
from sim.writing import time_texts

_SHOWN_EVERY_S = 0.1
_ERASE = "\r\x1b[K"


class Keyboard(Protocol):
    """Somebody, or nobody, who can press keys; `attended` says which."""

    @property
    def attended(self) -> bool:
        """Whether keys can come at all."""

    def wait(self, seconds: float | None, pacing: Pacing) -> list[Key]:
        """Show where it is and wait so long, or as long as it takes, for keys; return as soon as there are some."""

    def say_back(self, to_ns: int | None) -> None:
        """Say that the replay has gone back to a kept time, or to the beginning."""


class Unattended:
    """Nobody: waiting is sleeping."""

    attended = False

    def wait(self, seconds: float | None, pacing: Pacing) -> list[Key]:  # noqa: ARG002 - the protocol's shape
        """Sleep; without a person nothing is ever paused, so there is always an end."""
        assert seconds is not None
        if seconds > 0:
            time.sleep(seconds)
        return []

    def say_back(self, to_ns: int | None) -> None:
        """Say nothing."""


class Terminal:
    """A terminal whose keys come one by one and unseen."""

    attended = True

    def __init__(self, keys_fd: int, screen: TextIO) -> None:
        self._keys_fd = keys_fd
        self._screen = screen
        self._rest = b""
        self._shown_s = -_SHOWN_EVERY_S

    def wait(self, seconds: float | None, pacing: Pacing) -> list[Key]:
        """Wait for keys; where the terminal is gone, that ends the replay."""
        self._show(pacing, at_once=seconds is None or seconds > _SHOWN_EVERY_S)
        if not select.select([self._keys_fd], [], [], seconds)[0]:
            return []
        typed = os.read(self._keys_fd, 256)
        if not typed:
            return [Key.END]
        keys, self._rest = keys_in(self._rest + typed)
        return keys

    def say_back(self, to_ns: int | None) -> None:
        """Say it on a line of its own."""
        if to_ns is None:
            self._line("back to the beginning, running on from there / 回到开头，从头重放")
        else:
            at = time_texts([to_ns])[0]
            self._line(f"back to {at}, running on from there / 回到 {at}，从该处重放")

    def erase(self) -> None:
        """Take the line away."""
        self._screen.write(_ERASE)
        self._screen.flush()

    def _line(self, text: str) -> None:
        self._screen.write(f"{_ERASE}{text}\n")
        self._screen.flush()

    def _show(self, pacing: Pacing, *, at_once: bool) -> None:
        now_s = time.monotonic()
        if not at_once and now_s < self._shown_s + _SHOWN_EVERY_S:
            return
        self._shown_s = now_s
        width = shutil.get_terminal_size().columns - 1
        self._screen.write(_ERASE + cut(status(pacing), width))
        self._screen.flush()


def status(pacing: Pacing) -> str:
    """Return where a replay is, how it goes on and what can be pressed."""
    at = "" if pacing.at_ns is None else time_texts([pacing.at_ns])[0]
    if pacing.seeking_ns is not None:
        pace = f">> {time_texts([pacing.seeking_ns])[0]}"
    elif pacing.paused:
        pace = "paused/暂停"
    else:
        pace = "max" if pacing.speed is None else f"{pacing.speed:g}x"
    return f"{at} {pace} | {KEYS_TEXT.en} / {KEYS_TEXT.zh}"


def cut(text: str, width: int) -> str:
    """Return as much of a text as fits into `width` columns; a Chinese character takes two."""
    for end, mark in enumerate(text):
        width -= 2 if mark >= "\u1100" else 1
        if width < 0:
            return text[:end]
    return text


@contextmanager
def keyboard() -> Iterator[Keyboard]:
    """Return the keys of the terminal, or nobody's where standard input or standard error is none."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        yield Unattended()
        return
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    terminal = Terminal(fd, sys.stderr)
    try:
        tty.setcbreak(fd)
        yield terminal
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
        terminal.erase()
