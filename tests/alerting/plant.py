"""A small plant and findings on it, for the tests of this room."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from alerting.book import AlertBook
from alerting.conditions import changes
from alerting.events import AlertEvent
from alerting.grades_file import default_grades
from detectors.findings import ALONE, FINDING, NO_LIMIT, Edge, FindingBlock, Method
from registry.plant import Area, Enterprise, Equipment, HazardSource, Plant, SourceGrade, Text
from registry.sensors import LIMIT_NAMES, SensorRegistry, SensorSpec, SensorType

T0 = 1_764_000_000_000_000_000
S = 1_000_000_000
LT1, LT2, GT1, GT2, TT1, LONE = range(6)


def _source(name: str, grade: SourceGrade | None, r: float, **more: Any) -> HazardSource:
    return HazardSource(
        id=name,
        enterprise="lpg",
        name=Text("球罐区", "sphere farm"),
        alpha=1.5,
        chemicals=(),
        r=r,
        s=0.4 if grade is None else 25.0,
        grade=grade,
        **more,
    )


PLANT = Plant(
    areas={
        "370000": Area(code="370000", name=Text("山东省", "Shandong")),
        "370200": Area(code="370200", name=Text("青岛市", "Qingdao"), parent="370000"),
        "370211": Area(code="370211", name=Text("黄岛区", "Huangdao"), parent="370200"),
    },
    enterprises={"lpg": Enterprise(id="lpg", name=Text("液化气公司", "LPG works"), area="370211")},
    sources={
        "farm": _source(
            "farm", SourceGrade.III, 37.5, measures={"high": Text("按卡处置", "follow the card")}
        ),
        "shed": _source("shed", None, 0.5),
    },
    equipment={
        "T-101": Equipment(id="T-101", source="farm", name=Text("T-101 球罐", "T-101"), kind="tank"),
        "T-102": Equipment(id="T-102", source="farm", name=Text("T-102 球罐", "T-102"), kind="tank"),
    },
)


def _spec(name: str, kind: SensorType, unit: str, **more: Any) -> SensorSpec:
    base: dict[str, Any] = {
        "ll": 5.0,
        "l": 10.0,
        "h": 85.0,
        "hh": 90.0,
        "design": 95.0,
        "source": "farm",
        "scan_s": 5.0,
    }
    return SensorSpec(id=f"lpg/{name}", sensor=name, enterprise="lpg", type=kind, unit=unit, **(base | more))


REGISTRY = SensorRegistry(
    (
        _spec("LT-101", SensorType.LEVEL, "%", equipment="T-101", group="g1"),
        _spec("LT-102", SensorType.LEVEL, "%", equipment="T-102", group="g1"),
        _spec("GT-1", SensorType.GAS_COMBUSTIBLE, "%LEL", equipment="T-101"),
        _spec("GT-2", SensorType.GAS_COMBUSTIBLE, "%LEL", equipment="T-101"),
        _spec("TT-1", SensorType.TEMPERATURE, "°C", equipment="T-102", description="T-102 罐底温度"),
        SensorSpec(id="x", sensor="x", enterprise="", type=SensorType.OTHER, h=1.0, hh=2.0),
    ),
    PLANT,
)


def book() -> AlertBook:
    return AlertBook(REGISTRY, default_grades())


def finding(
    sensor: int,
    at_s: float,
    *,
    limit: str | None = None,
    method: Method = Method.LIMIT,
    edge: Edge = Edge.RAISED,
    value: float = 92.1,
    statistic: float = math.nan,
    forecast_s: float = math.nan,
    threshold: float | None = None,
    bound: float | None = None,
    quality: int = 0,
    peers: tuple[float, ...] = ALONE,
    window_s: float = math.nan,
) -> tuple[Any, ...]:
    """One row of dtype FINDING; `bound` is the limit of the points table unless the equipment's mode has another."""
    now = T0 + int(at_s * S)
    index = LIMIT_NAMES.index(limit) if limit else NO_LIMIT
    if bound is None:
        bound = REGISTRY.specs[sensor].limits[index] if limit else math.nan
    return (
        now,
        now,
        now - S,
        sensor,
        method,
        edge,
        index,
        value,
        statistic,
        bound if threshold is None else threshold,
        forecast_s,
        window_s,
        0.7,
        bound,
        quality,
        *peers,
    )


def block(rows: Iterable[tuple[Any, ...]]) -> FindingBlock:
    return FindingBlock(np.array(list(rows), FINDING))


def apply(made: AlertBook, findings: FindingBlock) -> list[AlertEvent]:
    """Let a book take findings in their order."""
    ids = [spec.id for spec in REGISTRY.specs]
    return [event for change in changes(findings, ids) for event in made.take(change)]
