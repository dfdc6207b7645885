"""Compiling the detectors: once for a machine, with progress shown, and from the cache afterwards."""

import os
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
    from detectors.bank import warm_up as compile_kernels  # noqa: PLC0415 - numba reads the cache's place when imported

    began = time.perf_counter()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            compile_kernels()
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
