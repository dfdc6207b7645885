"""One end-to-end run: a broker, a receiver and the load generator, each a process of its own."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from service.bench.arrivals import Arrivals
from service.bench.load import LoadDone, LoadSpec, alarms
from service.bench.servers import mosquitto, python, running
from service.bench.site import Site, counters, peak_memory_mb, service, share_compiled, write_site
from service.bench.viewer import add_viewer, viewer
from service.bench.webhook import webhook
from service.bench.workload import ENTERPRISE, GROUP, sensor_name

_POLL_S = 0.05
_STALL_S = 30.0
_LAST_ALERT_S = 5.0


class MeasureError(Exception):
    """A run did not do what was to be measured; a figure of it would be a lie."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a run of hazwatch gave: readings per second until all were processed, and its peak memory."""

    rate: float
    memory_mb: float | None


def hazwatch_rate(folder: Path, spec: LoadSpec, observe: Callable[[int], None] = lambda _: None) -> Taken:
    """Feed a real `hazwatch run` until it has processed everything; `observe` gets its process id before."""
    folder.mkdir()
    with mosquitto(folder) as port:
        site = write_site(folder, spec.sensors, port)
        share_compiled(site)
        spec = msgspec.structs.replace(spec, port=port)
        with service(site) as process, _load(folder, spec) as load:
            observe(process.pid)
            _go(load)
            seen_s = _processed(site, spec)
            rate = readings_of(spec) / (seen_s - _done(load).began_s)
            _check(counters(site), spec)
            return Taken(rate, peak_memory_mb(process))


def receiver_rate(folder: Path, receiver: str, spec: LoadSpec) -> float:
    """Feed one of `service.bench.receivers`; return readings per second until it has seen everything."""
    folder.mkdir()
    with mosquitto(folder) as port:
        spec = msgspec.structs.replace(spec, port=port)
        command = python("service.bench.receivers", receiver, str(port), str(spec.messages))
        with running(command, folder / "receiver.log", talks=True) as process, _load(folder, spec) as load:
            _line(process, "ready")
            _go(load)
            seen_s = float(_line(process))
            return readings_of(spec) / (seen_s - _done(load).began_s)


@dataclass(frozen=True, slots=True)
class Latencies:
    """For each alarming reading, the ms from when it was to be sent until its alert was there."""

    webhook_ms: list[float]
    stream_ms: list[float]


def alert_latencies(folder: Path, spec: LoadSpec) -> Latencies:
    """Measure the way of alerts to a webhook and to an open stream of the console, both in one run."""
    folder.mkdir()
    with mosquitto(folder) as port, webhook() as hook:
        site = write_site(folder, spec.sensors, port, webhook_port=hook.port)
        share_compiled(site)
        add_viewer(site.folder / "state")
        spec = msgspec.structs.replace(spec, port=port, start_ms=time.time_ns() // 1_000_000)
        with service(site), viewer(site.port) as seen, _load(folder, spec) as load:
            _go(load)
            done = _done(load)
            assert spec.rate_hz is not None, "a latency is measured at a rate"
            intended_s = {
                f"{ENTERPRISE}/{sensor_name(sensor)}": done.began_s + j / spec.rate_hz
                for j, sensor in alarms(spec).items()
            }
            until = time.monotonic() + _LAST_ALERT_S
            ends = (hook.arrivals, seen)
            while any(len(end.at_s) < len(intended_s) for end in ends) and time.monotonic() < until:
                time.sleep(_POLL_S)
    webhook_ms, stream_ms = (_since(intended_s, end) for end in ends)
    return Latencies(webhook_ms, stream_ms)


def _since(intended_s: dict[str, float], end: Arrivals) -> list[float]:
    missing = intended_s.keys() - end.at_s.keys()
    if missing:
        raise MeasureError(f"{len(missing)} of {len(intended_s)} alerts never came")
    return [(end.at_s[sensor] - at_s) * 1e3 for sensor, at_s in intended_s.items()]


def percentile(values: list[float], share: float) -> float:
    """Return the value below which `share` percent of all lie."""
    return float(np.percentile(values, share, method="higher"))


def readings_of(spec: LoadSpec) -> int:
    """Return how many readings a load carries."""
    return spec.messages * (GROUP if spec.shape == "columns" else 1)


@contextmanager
def _load(folder: Path, spec: LoadSpec) -> Iterator[subprocess.Popen[str]]:
    command = python("service.bench.load", msgspec.json.encode(spec).decode())
    with running(command, folder / "load.log", talks=True) as process:
        _line(process, "ready")
        yield process


def _go(load: subprocess.Popen[str]) -> None:
    assert load.stdin is not None
    load.stdin.write("\n")
    load.stdin.flush()


def _done(load: subprocess.Popen[str]) -> LoadDone:
    return msgspec.json.decode(_line(load), type=LoadDone)


def _line(process: subprocess.Popen[str], expected: str | None = None) -> str:
    """Return the next line that a process says.

    Raises:
        MeasureError: it ended, or said something else.
    """
    assert process.stdout is not None
    text = process.stdout.readline().strip()
    if not text or (expected is not None and text != expected):
        command = " ".join(map(str, process.args)) if isinstance(process.args, list) else str(process.args)
        raise MeasureError(f"{command[-300:]} said {text!r} and not {expected or 'a result'}")
    return text


def _processed(site: Site, spec: LoadSpec) -> float:
    """Return the monotonic time at which the service has taken all readings."""
    count, last, moved_s = readings_of(spec), -1.0, time.monotonic()
    while True:
        readings, now_s = counters(site).get("hazwatch_readings", 0.0), time.monotonic()
        if readings >= count:
            return now_s
        if readings != last:
            last, moved_s = readings, now_s
        if now_s - moved_s > _STALL_S:
            raise MeasureError(f"the service took {readings:.0f} of {count} readings and then nothing")
        time.sleep(_POLL_S)


def _check(seen: dict[str, float], spec: LoadSpec) -> None:
    """A run counts only where every reading was judged once."""
    lost = {
        name: seen[name] for name in ("hazwatch_readings_late", "hazwatch_readings_duplicate") if seen[name]
    }
    if lost or seen["hazwatch_readings"] != readings_of(spec):
        raise MeasureError(f"of {readings_of(spec)} readings came {seen['hazwatch_readings']:.0f}, {lost}")
