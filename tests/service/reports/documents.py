"""Hand-made documents of every kind, with what a hostile plant could call its things."""

from collections.abc import Sequence
from typing import Any

import msgspec

from alerting.arrangements import Arrangement
from alerting.events import State
from ledger.handover import HandoverNote
from registry.plant import Text
from service.reports.cells import Table
from service.reports.document import WHOLE_PLANT, About, Document, Kind
from service.reports.handover import Duty, Known
from service.reports.making import Order, document_of
from service.reports.shifts import Shift
from tests.service.reports.cases import HOUR_S, NS, T0_S, by, lines, raw

SHIFT = Shift(name="白班", start_ns=T0_S * NS, end_ns=(T0_S + 8 * HOUR_S) * NS)
NEXT = Shift(name="中班", start_ns=SHIFT.end_ns, end_ns=SHIFT.end_ns + 8 * HOUR_S * NS)
ABOUT = About(
    site=Text("滨海园区", "Binhai"), scope=WHOLE_PLANT, made_by="li", made_ns=(T0_S + 9 * HOUR_S) * NS
)
HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>\x00\u202e✗'
NOTE = HandoverNote(1, SHIFT.start_ns, None, None, SHIFT.end_ns - 60 * NS, "wang", "V-101 待校验 =1+1")
WORKS = Arrangement(
    kind=State.OUT_OF_SERVICE,
    place_kind="source",
    place="S1",
    name="PTW-7",
    by="wang",
    second="li",
    reason=HOSTILE,
    since_ns=NEXT.start_ns + HOUR_S * NS,
    until_ns=NEXT.end_ns,
    of_settings=True,
)
KNOWN = Known(
    shift=SHIFT,
    next=NEXT,
    duty=[Duty("operators", (Text("王工", "Wang"),), (Text("赵工", "Zhao"),))],
    notes=[NOTE],
    ahead=[WORKS],
)


def titled(row: dict[str, Any], zh: str, en: str) -> dict[str, Any]:
    return row | {"title": {"zh": zh, "en": en}}


def rows() -> list[dict[str, Any]]:
    """A red alert that was answered and confirmed as false, a dead sensor, one shelved, a trouble of hazwatch's own."""
    zh, en = "储罐 V-101 液位高高报", "Tank V-101 level high-high"
    incident = {"id": "i1", "size": 2, "grade": "red", "first_out": {"title": {"zh": zh, "en": en}}}
    said = {"by": "wang", "words": "停止进料"}
    confirmed = {
        "by": "wang",
        "cause": "false_alarm",
        "cause_name": {"zh": "误报", "en": "false alarm"},
        "false_alarm": True,
        "action": "停止进料",
    }
    held = {"by": "li", "reason": HOSTILE, "since": "2025-11-25T00:10:00Z", "until": "2025-11-25T04:10:00Z"}
    return [
        titled(raw(-HOUR_S, "opened", id_="old", grade="orange"), "旧报警", "an old alert"),
        titled(raw(60, "opened", grade="red", incident=incident), zh, en),
        titled(raw(90, "acknowledged", "acked", grade="red", acknowledged=by("wang")), zh, en),
        titled(raw(120, "confirmed", "acked", grade="red", person=said, confirmed=confirmed), zh, en),
        titled(raw(300, "opened", id_="d", kind="dead", sensor="e/PT-9"), "PT-9 无信号", "PT-9 no signal"),
        titled(
            raw(600, "shelved", "shelved", id_="s", grade="yellow", person=by("li"), arrangements=[held]),
            HOSTILE,
            HOSTILE,
        ),
        titled(
            raw(
                700,
                "opened",
                id_="y",
                kind="system",
                sensor=None,
                source=None,
                area=None,
                system="store_down",
            ),
            "存储不可用",
            "store down",
        ),
    ]


def document(kind: Kind, of: Sequence[dict[str, Any]] | None = None, **changes: Any) -> Document:
    order = Order(
        kind=kind,
        start_ns=SHIFT.start_ns,
        end_ns=SHIFT.end_ns,
        zone="UTC",
        about=ABOUT,
        sensors=10,
        known=KNOWN,
    )
    return document_of(
        msgspec.structs.replace(order, **changes), lines(rows() if of is None else of), "made"
    )[0]


def table(of: Document, name: str) -> Table:
    return next(one for one in of.tables if one.name == name)


def words(of: Table, language: str = "en") -> list[list[str]]:
    """The rows of a table as text."""
    return [[getattr(cell.text, language) for cell in row] for row in of.rows]
