"""A small site for the console's tests: alerts of two enterprises, as the pipeline would tell them."""

import time
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import numpy as np

from alerting.events import AlertEvent
from console.backend import Component, Health, SensorFacts
from console.fake import FakeBackend
from console.feed import Feed
from console.scope import Place
from registry.plant import Text
from store.series import Series

LPG, COLD = "bh-lpg", "xg-cold"
SITE = Text("滨海化工园区（模拟）", "Binhai chemical park (simulated)")
HOSTILE = "bh-lpg/<script>alert(1)</script>"


def rfc3339(t_ns: int) -> str:
    """Return the time as an alert line has it."""
    return datetime.fromtimestamp(t_ns / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event(alert_id: str, now_ns: int, **changes: Any) -> AlertEvent:
    """Return an alert's event; a red level alert unless told otherwise."""
    what = changes.pop(
        "what", {"zh": "储罐 V-101 液位超过高高限", "en": "Tank V-101 level above high-high limit"}
    )
    fields: dict[str, Any] = {
        "id": alert_id,
        "seq": 0,
        "time": rfc3339(now_ns),
        "event": "opened",
        "state": "unack",
        "grade": "red",
        "kind": "high",
        "sensor": f"{LPG}/LT-101",
        "enterprise": LPG,
        "source": "tank-farm",
        "equipment": "V-101",
        "area": "370211",
        "value": 10.62,
        "unit": "m",
        "limit": 10.5,
        "limit_name": "hh",
        "forecast_s": None,
        "onset": rfc3339(now_ns - 95_000_000_000),
        "score": 0.91,
        "title": what,
        "why": {
            "seen": {
                "zh": "10.62 m，高于高高限 10.5 m，已持续 12 s；同组 LT-102 读数 10.58 m，相互印证。",
                "en": "10.62 m, above the high-high limit of 10.5 m for 12 s; LT-102 of the same group reads 10.58 m.",
            },
            "onset": rfc3339(now_ns - 95_000_000_000),
            "reasons": [
                reason(
                    now_ns,
                    "limit",
                    "high",
                    "液位高于高高限 10.5 m",
                    "level is above the high-high limit 10.5 m",
                ),
                reason(
                    now_ns - 300_000_000_000,
                    "cusum",
                    "anomaly",
                    "液位相对自身基线持续偏移，累积和（CUSUM）11.2σ，阈值 8σ，窗口 60 分钟",
                    "level is shifted from the sensor's own baseline for long, cumulative sum (CUSUM) 11.2σ, "
                    "threshold 8σ, looking back 60 min",
                ),
            ],
            "blind": None,
            "grade": {
                "urgency": 4,
                "urgency_reason": {
                    "zh": "高高限由第二个传感器印证",
                    "en": "second limit confirmed by a second sensor",
                },
                "source_grade": "Ⅲ",
                "source_r": 37.5,
                "cell": "red",
            },
            "told": [
                {
                    "receiver": "control-room",
                    "route": "root/lpg",
                    "reason": {"zh": "红色报警立即通知", "en": "red alerts are told at once"},
                },
                {
                    "receiver": "siren-north",
                    "route": "root/lpg/siren",
                    "reason": {"zh": "罐区声光报警", "en": "siren of the tank farm"},
                },
            ],
            "advice": {
                "zh": "停止进料，关闭入口切断阀 XV-101；确认倒罐流程；人员撤离围堰。",
                "en": "Stop filling, close inlet valve XV-101; prepare transfer to V-102; clear the bund of people.",
            },
        },
    }
    fields.update(changes)
    return AlertEvent(**fields)


def reason(now_ns: int, method: str, kind: str, zh: str, en: str) -> dict[str, Any]:
    """Return one of an alert's reasons."""
    return {
        "method": method,
        "kind": kind,
        "limit_name": "hh" if method == "limit" else None,
        "statistic": None,
        "threshold": None,
        "window_s": None,
        "value": 10.62,
        "since": rfc3339(now_ns),
        "onset": rfc3339(now_ns - 95_000_000_000),
        "text": {"zh": zh, "en": en},
    }


def wave(level: float, swing: float, rise: float = 0.0) -> Any:
    """Return a function that makes a series of a reading a second, rising to its level at the present."""

    def make(start_ns: int, end_ns: int) -> Series:
        now_ns = min(end_ns, time.time_ns())
        t_ns = np.arange(start_ns // 10**9 * 10**9, now_ns, 10**9, dtype=np.int64)
        age_s = (now_ns - t_ns) / 1e9
        value = level - rise * np.minimum(age_s, 3000) / 600 + swing * np.sin(t_ns / 4e10) * 0.5
        noise = np.modf(np.sin(t_ns / 1e9 % 100_003 * 12.9898) * 43_758.5453)[0]
        value += swing * 0.15 * noise
        return Series(t_ns, value, value - swing * 0.2, value + swing * 0.2)

    return make


def build(feed: Feed) -> FakeBackend:
    """Return a backend with a handful of alerts open."""
    backend = FakeBackend(feed, now_ns=time.time_ns, site=SITE)
    backend.newest_age_s = 0.4
    backend.components = {
        "broker": Component(state=Health.OK, detail=Text("已连接", "connected")),
        "store": Component(state=Health.OK, detail=Text("写入正常", "writing")),
    }
    add_sensor(backend, f"{LPG}/LT-101", "level", "m", (0, 12), {"ll": 0.6, "l": 1.2, "h": 9.6, "hh": 10.5})
    backend.series[f"{LPG}/LT-101"] = wave(10.62, 0.08, 0.9)
    add_sensor(backend, f"{LPG}/GT-07", "gas_combustible", "%LEL", (0, 100), {"h": 20, "hh": 40})
    backend.series[f"{LPG}/GT-07"] = wave(23, 4, 6)
    add_sensor(backend, f"{COLD}/GT-31", "gas_toxic", "ppm", (0, 100), {"h": 25, "hh": 50})
    backend.series[f"{COLD}/GT-31"] = wave(33, 5, 8)
    add_sensor(backend, HOSTILE, "other", "", (0, 1), {})
    return backend


def add_sensor(  # noqa: PLR0917 - the columns of a table
    backend: FakeBackend,
    sensor: str,
    kind: str,
    unit: str,
    bounds: tuple[float, float],
    limits: dict[str, float],
) -> None:
    """Give the backend a sensor of the enterprise that its id begins with."""
    backend.sensors[sensor] = SensorFacts(
        id=sensor,
        place=Place(sensor.split("/", maxsplit=1)[0], "370211"),
        type=kind,
        unit=unit,
        range_lo=bounds[0],
        range_hi=bounds[1],
        limits=MappingProxyType(dict(limits)),
    )


def open_several(backend: FakeBackend) -> None:
    """Open an alert of each grade and state."""
    now_ns = time.time_ns()
    minute = 60 * 10**9
    backend.put(event("a000000000000001", now_ns - 2 * minute))
    backend.put(
        event(
            "a000000000000002",
            now_ns - 4 * minute,
            grade="orange",
            sensor=f"{COLD}/GT-31",
            enterprise=COLD,
            source="ammonia",
            equipment=None,
            value=33.4,
            unit="ppm",
            limit=25.0,
            limit_name="h",
            forecast_s=1260.0,
            what={"zh": "氨气浓度 GT-31 超过高限", "en": "Ammonia at GT-31 above high limit"},
        )
    )
    backend.put(
        event(
            "a000000000000003",
            now_ns - 6 * minute,
            grade="yellow",
            sensor=f"{LPG}/GT-07",
            source="loading",
            equipment=None,
            value=23.1,
            unit="%LEL",
            limit=20.0,
            limit_name="h",
            forecast_s=540.0,
            what={"zh": "可燃气体 GT-07 超过高限", "en": "Combustible gas at GT-07 above high limit"},
        )
    )
    backend.put(
        event(
            "a000000000000004",
            now_ns - 20 * minute,
            grade="blue",
            kind="dead",
            sensor=f"{LPG}/PT-104",
            value=None,
            unit=None,
            limit=None,
            limit_name=None,
            equipment="V-104",
            what={"zh": "压力变送器 PT-104 无数据", "en": "Pressure transmitter PT-104 is silent"},
        )
    )
    backend.put(
        event(
            "a000000000000005",
            now_ns - 34 * minute,
            grade="yellow",
            kind="low",
            sensor=f"{COLD}/PT-12",
            enterprise=COLD,
            source="ammonia",
            equipment="C-2",
            value=0.212,
            unit="MPa",
            limit=0.2,
            limit_name="l",
            event="cleared",
            state="rtnun",
            what={"zh": "吸气压力 PT-12 曾低于低限", "en": "Suction pressure PT-12 was below low limit"},
        )
    )
    acked = event(
        "a000000000000006",
        now_ns - 50 * minute,
        grade="blue",
        kind="anomaly",
        sensor=f"{LPG}/TT-102",
        value=31.8,
        unit="°C",
        limit=None,
        limit_name=None,
        equipment="V-102",
        what={"zh": "温度 TT-102 偏离常态", "en": "Temperature TT-102 off its usual course"},
        state="acked",
    )
    row = backend.put(acked)
    backend.rows[row.event.id] = type(row)(
        event=row.event,
        opened=row.opened,
        acknowledged_by="wang",
        acknowledged_at=rfc3339(now_ns - 40 * minute),
    )
