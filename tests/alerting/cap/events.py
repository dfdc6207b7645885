"""Alert events on the small plant, for the tests of messages."""

from dataclasses import replace
from typing import Any

from alerting.cap.making import CapMaker
from alerting.cap.message import Mode
from alerting.cap.settings import CapSettings
from alerting.events import AlertEvent
from registry.plant import Plant
from registry.sensors import SensorRegistry
from tests.alerting.plant import PLANT, REGISTRY

SENDER = "alarms@lpg.example.cn"
ALERT = "4f1d2c3b5a697887"
PLACED = Plant(
    areas=PLANT.areas,
    enterprises=PLANT.enterprises,
    sources={**PLANT.sources, "farm": replace(PLANT.sources["farm"], lon=120.1951, lat=35.9602)},
    equipment=PLANT.equipment,
)
SITE = SensorRegistry(REGISTRY.specs, PLACED)


def event(seq: int, name: str, state: str, **changes: Any) -> AlertEvent:
    fields: dict[str, Any] = {
        "id": ALERT,
        "seq": seq,
        "time": f"2026-11-25T12:00:{seq:02d}.789Z",
        "event": name,
        "state": state,
        "grade": "red",
        "kind": "high",
        "sensor": "lpg/LT-101",
        "enterprise": "lpg",
        "source": "farm",
        "equipment": "T-101",
        "area": "370211",
        "value": 92.1,
        "unit": "%",
        "limit": 90.0,
        "limit_name": "hh",
        "forecast_s": None,
        "onset": "2026-11-25T11:58:30.000Z",
        "score": 0.9,
        "title": {"zh": "T-101 球罐液位高高报", "en": "T-101 sphere level high-high"},
        "why": {
            "seen": {"zh": "92.1 %，高于高高限 90 %", "en": "92.1 %, above the high-high limit 90 %"},
            "advice": {"zh": "停止进料", "en": "stop filling"},
        },
    }
    return AlertEvent(**(fields | changes))


LIFE = (
    event(1, "opened", "unack", grade="yellow", value=86.0, limit=85.0, limit_name="h"),
    event(2, "acknowledged", "acked", grade="yellow", value=86.0, limit=85.0, limit_name="h"),
    event(3, "escalated", "unack"),
    event(4, "acknowledged", "acked"),
    event(5, "commented", "acked"),
    event(6, "cleared", "closed", value=84.0),
    event(7, "closed", "closed", value=84.0),
)
"""A life with an acknowledgement, a rise and a comment; `cleared` has the state in which its transition ends."""


def maker(mode: Mode = Mode.ACTUAL, **more: Any) -> CapMaker:
    return CapMaker(CapSettings(sender=SENDER, mode=mode, **more), SITE)
