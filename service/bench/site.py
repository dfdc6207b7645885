"""A site to run a real `hazwatch run` on: its settings, points, profile and routes as files; and what it is doing."""

import csv
import http.client
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.bench.servers import fetch, free_port, python, running, wait_until
from service.bench.workload import ENTERPRISE, plant

_SAMPLE = re.compile(r"^(hazwatch_\w+?)(?:_total)? ([0-9.e+-]+)$", re.MULTILINE)
_PROFILE = "types:\n" + "".join(
    f"  {kind}:\n    methods: {{rate_pct_per_min: 500, z_threshold: 12, z_warm_samples: 60}}\n"
    for kind in ("level", "pressure", "gas_combustible", "temperature")
)
"""Every method on for every sensor; set so that the quiet readings stay quiet."""


@dataclass(frozen=True, slots=True)
class Site:
    """Files of a site in `folder`, and the port of its console."""

    folder: Path
    port: int

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "hazwatch.yaml"

    @property
    def log(self) -> Path:
        """What the service wrote."""
        return self.folder / "hazwatch.log"


def write_site(
    folder: Path, sensors: int, mqtt_port: int, *, webhook_port: int | None = None, store: str = "duckdb"
) -> Site:
    """Write the files of a site of so many sensors."""
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(folder, free_port())
    columns = ("sensor", "type", "unit", "range_lo", "range_hi", "ll", "l", "h", "hh", "deadband", "scan_s")
    with (folder / "points.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow((*columns, "enterprise", "on_delay_s", "off_delay_s"))
        for spec in plant(sensors).specs:
            cells = [getattr(spec, name) for name in columns]
            cells[2] = (
                "%LEL"
                if spec.type == "gas_combustible"
                else {"pressure": "kPa", "temperature": "°C"}.get(spec.type, "%")
            )
            rows.writerow((*cells, ENTERPRISE, 0, 0))
    (folder / "detectors.yaml").write_text(_PROFILE)
    lines = [
        "points: points.csv",
        "detectors: detectors.yaml",
        f"mqtt: {{url: 'mqtt://127.0.0.1:{mqtt_port}'}}",
        f"store: {{kind: {store}}}",
        f"console: {{listen: '127.0.0.1:{site.port}'}}",
        "log: {level: warning}",
    ]
    if webhook_port is not None:
        receivers = f"{{hook: {{kind: webhook, url: 'http://127.0.0.1:{webhook_port}/'}}}}"
        (folder / "routes.yaml").write_text(f"receivers: {receivers}\nroute: {{receiver: hook}}\n")
        lines.append("routes: routes.yaml")
    site.config.write_text("\n".join([*lines, ""]))
    return site


def share_compiled(site: Site) -> None:
    """Let a site use the detectors that are compiled where NUMBA_CACHE_DIR points: what runs there is no first start."""
    compiled = os.environ.get("NUMBA_CACHE_DIR")
    if compiled:
        cache = site.folder / "state" / "cache"
        cache.mkdir(parents=True)
        (cache / "numba").symlink_to(Path(compiled).absolute())


@contextmanager
def service(site: Site, path: str = "/readyz") -> Iterator[subprocess.Popen[str]]:
    """Run `hazwatch run` on a site; it is there when `path` answers with 200."""
    with running(python("service.main", "run", "--config", str(site.config)), site.log) as process:
        wait_until(lambda: fetch(site.port, path)[0] == http.client.OK, process, site.log, "hazwatch run")
        yield process


def counters(site: Site) -> dict[str, float]:
    """Return the service's metrics that have no labels; empty where it does not answer."""
    return {name: float(value) for name, value in _SAMPLE.findall(fetch(site.port, "/metrics")[1])}


def peak_memory_mb(process: subprocess.Popen[str]) -> float | None:
    """Return the most memory that a process has had, None where the system does not tell."""
    found = re.search(r"VmHWM:\s+(\d+) kB", _status(process))
    return int(found[1]) / 1024 if found else None


def _status(process: subprocess.Popen[str]) -> str:
    try:
        return Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return ""
