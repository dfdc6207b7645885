"""A small works with people on duty, and alert events about it, for the tests of this folder."""

import textwrap
from typing import Any

from alerting.escalation import EscalationSettings, read_escalation
from alerting.events import AlertEvent
from alerting.texts import rfc3339
from registry.faults import Fault
from registry.marks import parse_marked
from registry.plant import Plant
from tests.alerting.plant import PLANT, T0, S

RECEIVERS = ("log", "phone")
MIN = 60 * S

ROUTES = """
people:
  wang: {name: {zh: 王工, en: Wang}, receivers: [phone]}
  li: {name: {zh: 李工, en: Li}, receivers: [phone]}
  zhao: {name: {zh: 赵工, en: Zhao}, receivers: [phone]}
  qian: {name: {zh: 钱工, en: Qian}, receivers: [phone]}
  sun: {name: {zh: 孙班长, en: Sun}, receivers: [phone]}
  ops: {name: {zh: 周操作负责人, en: Zhou}, receivers: [phone, log]}
  tech: {name: {zh: 吴总工, en: Wu}, receivers: [phone]}
  chief: {name: {zh: 郑总, en: Zheng}, receivers: [phone]}
  district: {name: {zh: 区应急中心, en: district centre}, receivers: [log]}
  director: {name: {zh: 陈局长, en: Chen}, receivers: [phone]}
schedules:
  operators:
    zone: Asia/Shanghai
    first_day: 2025-11-24
    shifts: {day: "08:00-16:00", evening: "16:00-24:00", night: "00:00-08:00"}
    cycle: [day, day, evening, evening, night, night, rest, rest]
    crews:
      A: {people: [wang], first: 1}
      B: {people: [li], first: 3}
      C: {people: [zhao], first: 5}
      D: {people: [qian], first: 7}
escalations:
  works:
    roles:
      operator: operators
      shift_leader: sun
      operations_lead: ops
      technical_lead: tech
      chief: chief
      district_centre: district
    last_resort: director
"""


def read(text: str, plant: Plant | None = PLANT) -> tuple[EscalationSettings, list[Fault]]:
    """Read these keys of a routes file."""
    faults: list[Fault] = []
    marked = parse_marked(textwrap.dedent(text), "routes.yaml")
    assert not marked.faults
    return read_escalation(marked, RECEIVERS, plant, faults), faults


def settings(text: str = ROUTES) -> EscalationSettings:
    """Return settings without a fault."""
    made, faults = read(text)
    assert not faults, [str(fault) for fault in faults]
    return made


def event(
    name: str, seq: int, what: str = "opened", state: str = "unack", *, grade: str = "red", **more: Any
) -> AlertEvent:
    """Return an event of alert `name` at the works; `incident` is the id of its incident."""
    incident = more.pop("incident", None)
    base: dict[str, Any] = {
        "id": name,
        "seq": seq,
        "time": rfc3339(T0),
        "event": what,
        "state": state,
        "grade": grade,
        "kind": "high",
        "sensor": "lpg/LT-101",
        "enterprise": "lpg",
        "source": "farm",
        "equipment": "T-101",
        "area": "370211",
        "value": 91.0,
        "unit": "%",
        "limit": 90.0,
        "limit_name": "hh",
        "forecast_s": None,
        "onset": None,
        "score": None,
        "title": {"zh": "液位高", "en": "level high"},
        "why": {"told": [], "held": []} | ({"incident": {"id": incident}} if incident else {}),
    }
    return AlertEvent(**(base | more))


__all__ = ["MIN", "PLANT", "RECEIVERS", "ROUTES", "T0", "S", "event", "read", "settings"]
