"""Findings as lines of NDJSON: the contract's keys in its order, then `window_s` and `contributions`."""

import math
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from detectors.findings import NO_LIMIT, NO_PEER, Edge, FindingBlock, Method
from registry.sensors import LIMIT_NAMES, SensorRegistry


class Contribution(msgspec.Struct, frozen=True, kw_only=True):
    """One of the sensors that a group finding is about; its share of the statistic, None for a vote."""

    sensor: str
    share: float | None


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
    contributions: list[Contribution] | None


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
        contributions=_contributions(row, registry),
    )


def _contributions(row: np.void, registry: SensorRegistry) -> list[Contribution] | None:
    """Return the sensor itself and its peers, the greatest share first; None where the finding names no peers."""
    if row["peer_1"] == NO_PEER:
        return None
    told = (
        (row["sensor"], row["share"]),
        *((row[peer], row[f"{peer}_share"]) for peer in ("peer_1", "peer_2")),
    )
    return [
        Contribution(sensor=registry.specs[i].id, share=None if math.isnan(share) else round(float(share), 3))
        for i, share in told
        if i != NO_PEER
    ]


def _known(value: Any) -> float | None:
    return None if math.isnan(value) else float(value)


def _rfc3339(t_ns: int) -> str:
    """Return RFC 3339 UTC with milliseconds."""
    seconds, ns = divmod(t_ns, 1_000_000_000)
    whole = datetime.fromtimestamp(seconds, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{ns // 1_000_000:03d}Z"
