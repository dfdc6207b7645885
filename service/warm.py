"""Compiling the detectors: once for a machine, with progress shown, and from the cache afterwards.

A process of its own compiles, for what a compiler takes of memory it does not give back, and the service runs for months.
"""

import contextlib
import gc
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

QUIET_S = 1.0
NOTE_EVERY_S = 3.0


def use_compile_cache(folder: Path) -> None:
    """Keep compiled kernels in a folder; must come before anything imports numba."""
    assert "numba" not in sys.modules, "the cache's place is read when numba is imported"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)


def user_cache() -> Path:
    """Return the folder for commands that have no state folder."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "hazwatch" / "numba"


def warm_up() -> float:
    """Compile or load the kernels, showing that something happens when it takes long; return the seconds it took."""
    began = time.perf_counter()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            _compile_apart()
            _load()
        except BaseException as error:  # noqa: BLE001 - told on the caller's thread
            failed.append(error)

    thread = threading.Thread(target=work, name="compile", daemon=True)
    thread.start()
    thread.join(QUIET_S)
    if thread.is_alive():
        _show_until_done(thread)
    if failed:
        raise failed[0]
    return time.perf_counter() - began


def _load() -> None:
    """Load the kernels from the cache; what is not in it is compiled."""
    from detectors.bank import warm_up as use_kernels  # noqa: PLC0415 - numba reads the cache's place when imported

    use_kernels()


def _compile_apart() -> None:
    """Fill the cache, unless that has been done for this code; if it fails, whoever loads compiles by himself."""
    from detectors.jit import SOURCES  # noqa: PLC0415 - as in `_load`

    filled = Path(os.environ["NUMBA_CACHE_DIR"]) / f"compiled-{SOURCES[:16]}"
    if filled.exists():
        return
    command = [sys.executable, "-m", "service.warm"]
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)  # noqa: S603 - our own words
        filled.touch()


def _show_until_done(thread: threading.Thread) -> None:
    console = Console(stderr=True)
    text = "compiling detectors (only at the first start) / 正在编译检测内核（仅首次启动）"
    if not console.is_terminal:
        while thread.is_alive():
            console.print(text)
            thread.join(NOTE_EVERY_S)
        return
    with Progress(
        SpinnerColumn(), TextColumn(text), TimeElapsedColumn(), console=console, transient=True
    ) as progress:
        progress.add_task("")
        thread.join()


if __name__ == "__main__":
    gc.disable()  # a compiler makes millions of objects and throws none away; looking for those takes a seventh of its time
    _load()
