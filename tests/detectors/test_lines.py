"""Finding lines: the contract's keys in its order, null where there is none."""

import json
import math

import numpy as np

from detectors.findings import ALONE, FINDING, NO_LIMIT, Edge, FindingBlock, Method
from detectors.lines import finding_lines
from registry.sensors import LIMIT_NAMES, SensorRegistry, SensorSpec, SensorType

KEYS = [
    "time",
    "sensor",
    "method",
    "event",
    "value",
    "statistic",
    "threshold",
    "limit_name",
    "forecast_s",
    "onset",
    "window_s",
    "contributions",
]
ALONE_AT = len(FINDING.names or ()) - len(ALONE) - 2
T0 = 1_764_000_000_000_000_000
REGISTRY = SensorRegistry(
    (
        SensorSpec(id="e/LT-1", sensor="LT-1", enterprise="e", type=SensorType.LEVEL),
        SensorSpec(id="罐", sensor="罐", enterprise="", type=SensorType.OTHER),
    )
)


def block(*rows: tuple[object, ...]) -> FindingBlock:
    return FindingBlock(
        np.array([row if len(row) > ALONE_AT else (*row, math.nan, 0, *ALONE) for row in rows], FINDING)
    )


def test_a_line_has_the_contracts_keys_in_order() -> None:
    nan = math.nan
    found = block(
        (T0 + 1_999_999, T0, T0 - 5_000_000_000, 0, Method.LIMIT, Edge.RAISED, 2, 91.5, 91.5, 90.0, 61.25, nan, 0.5),
        (T0, T0, T0, 1, Method.DEAD, Edge.RECOVERED, NO_LIMIT, nan, 30.0, 30.0, nan, 60.0, 0.0),
    )  # fmt: skip
    first, second = finding_lines(found, REGISTRY)
    assert list(json.loads(first)) == KEYS
    assert first == (
        b'{"time":"2025-11-24T16:00:00.001Z","sensor":"e/LT-1","method":"limit","event":"raised","value":91.5,'
        b'"statistic":91.5,"threshold":90.0,"limit_name":"h","forecast_s":61.25,"onset":"2025-11-24T15:59:55.000Z","window_s":null,"contributions":null}'
    )
    assert json.loads(second) == {
        "time": "2025-11-24T16:00:00.000Z",
        "sensor": "罐",
        "method": "dead",
        "event": "recovered",
        "value": None,
        "statistic": 30.0,
        "threshold": 30.0,
        "limit_name": None,
        "forecast_s": None,
        "onset": "2025-11-24T16:00:00.000Z",
        "window_s": 60.0,
        "contributions": None,
    }
    assert b"\n" not in first + second


def test_every_method_edge_and_limit_has_its_name() -> None:
    rows = [
        (T0, T0, T0, 0, m, e, k, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5)
        for m in Method
        for e in Edge
        for k in range(-1, 5)
    ]
    told = [json.loads(line) for line in finding_lines(block(*rows), REGISTRY)]
    assert {t["method"] for t in told} == {m.name.lower() for m in Method}
    assert {t["event"] for t in told} == {"raised", "recovered"}
    assert {t["limit_name"] for t in told} == {None, *LIMIT_NAMES}


def test_a_group_finding_names_the_sensors_that_account_for_it() -> None:
    row = (
        T0,
        T0,
        T0,
        0,
        Method.Q,
        Edge.RAISED,
        NO_LIMIT,
        1.0,
        9.0,
        6.0,
        math.nan,
        12.0,
        0.6,
        math.nan,
        0,
        1,
        -1,
        0.5,
        0.25,
        math.nan,
    )
    (line,) = finding_lines(block(row), REGISTRY)
    assert json.loads(line)["contributions"] == [
        {"sensor": "e/LT-1", "share": 0.5},
        {"sensor": "罐", "share": 0.25},
    ]


def test_a_vote_names_who_agrees_without_shares() -> None:
    row = (
        T0,
        T0,
        T0,
        0,
        Method.VOTE,
        Edge.RAISED,
        NO_LIMIT,
        1.0,
        2.0,
        2.0,
        math.nan,
        math.nan,
        0.5,
        math.nan,
        0,
        1,
        -1,
        *[math.nan] * 3,
    )
    (line,) = finding_lines(block(row), REGISTRY)
    assert json.loads(line)["contributions"] == [
        {"sensor": "e/LT-1", "share": None},
        {"sensor": "罐", "share": None},
    ]


def test_no_findings_are_no_lines() -> None:
    assert finding_lines(FindingBlock.empty(), REGISTRY) == []
