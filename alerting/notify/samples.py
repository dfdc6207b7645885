"""Notifications such as there will be, to try a template on when it is loaded: every event, and groups."""

from collections.abc import Iterator
from typing import Any

import msgspec

from alerting.events import PLACELESS, AlertEvent, Event, Grade, State
from alerting.notification import Notification
from alerting.notify.settings import TemplateText
from alerting.notify.template import Template, TemplateFault
from registry.plant import Text

_TIME = "2026-03-01T04:05:06.789Z"
_REASON = {"zh": "样例", "en": "a sample"}
_SEEN = {
    "zh": "lpg/LT-101（球罐区）液位：92.1 %，高于高高限 90 %",
    "en": "lpg/LT-101 (sphere farm) level: 92.1 %, above the high-high limit 90 %",
}
_WHY: dict[str, Any] = {
    "seen": _SEEN,
    "onset": _TIME,
    "reasons": [
        {
            "method": "limit",
            "kind": "high",
            "limit_name": "hh",
            "statistic": 92.1,
            "threshold": 90.0,
            "window_s": None,
            "value": 92.1,
            "since": _TIME,
            "onset": _TIME,
            "text": _SEEN,
        }
    ],
    "blind": None,
    "grade": {
        "urgency": 3,
        "urgency_reason": {"zh": "超过第二级限值", "en": "beyond the second limit"},
        "source_grade": "III",
        "source_r": 37.5,
        "column": "III",
        "column_reason": {"zh": "危险源三级", "en": "hazard source of grade III"},
        "cell": "orange",
    },
    "told": [{"receiver": "duty", "route": "route", "reason": _REASON}],
    "held": [],
    "advice": {"zh": "停止进料并确认液位", "en": "stop filling and check the level"},
    "acknowledged": None,
}
_ACKNOWLEDGED = {"by": "zhang", "time": _TIME, "comment": "现场查看 / looking"}


def sample_notifications() -> Iterator[Notification]:
    """Yield a notification of each event in its fullest and its barest form, and groups of both kinds."""
    events = [event for name in Event for event in (_full(name), _bare(name))]
    lines = [msgspec.to_builtins(event) for event in events]
    for event in events:
        yield _notification(event.line())
    for status, members, omitted in (
        ("silence_ending", lines[:1], 0),
        ("firing", lines * 20, 1234),
        ("firing", lines, 0),
        ("resolved", lines[:1], 0),
    ):
        body: dict[str, Any] = {
            "group": {"enterprise": "lpg"},
            "receiver": "duty",
            "reason": _REASON,
            "status": status,
            "alerts": members,
        }
        if omitted:
            body["omitted"] = omitted
        yield _notification(msgspec.json.encode(body), group="enterprise=lpg")


def faults_of(text: TemplateText) -> list[TemplateFault]:
    """Return what is wrong with a template: that it cannot be compiled, else what any sample shows, each place once."""
    try:
        template = Template(text)
    except TemplateFault as fault:
        return [fault]
    found: dict[tuple[int | None, str], TemplateFault] = {}
    for sample in sample_notifications():
        try:
            template.render(sample)
        except TemplateFault as fault:
            found.setdefault((fault.line, fault.message), fault)
    return list(found.values())


def _full(event: Event) -> AlertEvent:
    return AlertEvent(
        id="0123456789abcdef",
        seq=7,
        time=_TIME,
        event=event,
        state=State.UNACK,
        grade=Grade.ORANGE.label,
        kind="high",
        sensor="lpg/LT-101",
        enterprise="lpg",
        source="farm",
        equipment="T-101",
        area="370211",
        value=92.1,
        unit="%",
        limit=90.0,
        limit_name="hh",
        forecast_s=240.0,
        onset=_TIME,
        score=0.9,
        title={"zh": "T-101 球罐液位高高报 92.1 %", "en": "T-101 level high-high 92.1 %"},
        why={**_WHY, "acknowledged": _ACKNOWLEDGED},
    )


def _bare(event: Event) -> AlertEvent:
    """Return an alert of hazwatch's own: without sensor, place and figures."""
    return msgspec.structs.replace(
        PLACELESS,
        id="fedcba9876543210",
        seq=8,
        time=_TIME,
        event=event,
        title={"zh": "系统：磁盘", "en": "system: disk"},
        why={
            **_WHY,
            "reasons": [],
            "grade": {"urgency": None, "source_grade": None, "source_r": None},
            "system": "disk",
        },
    )


def _notification(body: bytes, group: str | None = None) -> Notification:
    return Notification(
        id="00112233445566778899aabb",
        receiver="duty",
        alert="0123456789abcdef",
        seq=7,
        time=_TIME,
        body=body,
        reason=Text(_REASON["zh"], _REASON["en"]),
        person=None if group else "zhang",
        group=group,
    )
