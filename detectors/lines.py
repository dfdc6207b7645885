"""Findings as lines of NDJSON: the contract's keys in its order, and `window_s`."""

import math
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from detectors.findings import NO_LIMIT, Edge, FindingBlock, Method
from registry.sensors import LIMIT_NAMES, SensorRegistry


class FindingLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line; None where there is none."""

    time: str
    sensor: str
    method: str
    event: str
    value: float | None
    statistic: float | None
    threshold: float | None
    limit_name: str | None
    forecast_s: float | None
    onset: str
    window_s: float | None


def finding_lines(findings: FindingBlock, registry: SensorRegistry) -> list[bytes]:
    """Return the findings as lines without their ends."""
    return [msgspec.json.encode(_line(row, registry)) for row in findings]


def _line(row: np.void, registry: SensorRegistry) -> FindingLine:
    return FindingLine(
        time=_rfc3339(int(row["now_ns"])),
        sensor=registry.specs[row["sensor"]].id,
        method=Method(row["method"]).label,
        event=Edge(row["edge"]).label,
        value=_known(row["value"]),
        statistic=_known(row["statistic"]),
        threshold=_known(row["threshold"]),
        limit_name=None if row["limit"] == NO_LIMIT else LIMIT_NAMES[row["limit"]],
        forecast_s=_known(row["forecast_s"]),
        onset=_rfc3339(int(row["onset_ns"])),
        window_s=_known(row["window_s"]),
    )


def _known(value: Any) -> float | None:
    return None if math.isnan(value) else float(value)


def _rfc3339(t_ns: int) -> str:
    """Return RFC 3339 UTC with milliseconds."""
    seconds, ns = divmod(t_ns, 1_000_000_000)
    whole = datetime.fromtimestamp(seconds, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{ns // 1_000_000:03d}Z"
