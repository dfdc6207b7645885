"""`hazwatch bench start`: a real `hazwatch run` from its call until it answers, first ever and warm."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from service.bench.figures import Figure, Peer, Target
from service.bench.servers import free_port
from service.bench.site import service, write_site

SENSORS = 10_000
_HEAVY = "import numba, duckdb, fastapi, uvicorn, pydantic, httpx, influxdb_client"
_WARM_TARGET = Target(limit=2.0, at_least=False)
_FIRST_TARGET = Target(limit=20.0, at_least=False)
_ANSWERS = "/healthz"
"""It answers there with or without a broker."""


def measure(seconds: float, say: Callable[[str], None]) -> list[Figure]:
    """Measure: the first start with an empty compile cache, then warm ones for about `seconds`."""
    with tempfile.TemporaryDirectory(prefix="hazwatch-bench-") as name:
        site = write_site(Path(name), SENSORS, free_port(), store="none")
        say("start: first, compiling")
        first_s = started_s(lambda: service(site, _ANSWERS))
        until, warm_s = time.perf_counter() + seconds / 2, float("inf")
        while warm_s == float("inf") or time.perf_counter() < until:
            say("start: warm")
            warm_s = min(warm_s, started_s(lambda: service(site, _ANSWERS)))
    say("start: bare imports")
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", _HEAVY], check=True, stdin=subprocess.DEVNULL)  # noqa: S603 - our own words
    peer = Peer(
        name="importing numba, DuckDB, FastAPI and the other libraries alone",
        value=time.perf_counter() - began,
    )
    what = f"{SENSORS:,} sensors, until it answers"
    return [
        Figure(name=f"start, warm, {what}", value=warm_s, unit="s", beside=peer, target=_WARM_TARGET),
        Figure(name=f"start, first ever, {what}", value=first_s, unit="s", beside=peer, target=_FIRST_TARGET),
    ]


def started_s(start: Callable[[], AbstractContextManager[object]]) -> float:
    """Return how long a service takes from its call until it answers; it is ended again."""
    began = time.perf_counter()
    with start():
        return time.perf_counter() - began
