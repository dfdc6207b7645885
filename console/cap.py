"""CAP messages over the web API: a feed of the current ones, and each by its identifier; see docs/cap.md."""

import asyncio
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from fastapi import APIRouter
from starlette.responses import Response

from alerting.cap.making import CapMaker, event_of
from alerting.cap.message import CapMessage
from alerting.cap.writing import MEDIA_TYPE, clean, to_xml
from alerting.events import GRADE_OF, State
from console.asking import Console, SignedIn, TheConsole
from console.backend import place_of
from console.problems import ProblemError
from console.scope import Scope

MAX_ENTRIES = 200
ENDED_EVENTS = 500
"""Among how many of the newest events alerts are looked for that have ended."""
ATOM = "http://www.w3.org/2005/Atom"
NEVER = "1970-01-01T00:00:00-00:00"

cap_api = APIRouter(prefix="/api/v1")


@cap_api.get("/cap")
async def cap_feed(console: TheConsole, account: SignedIn) -> Response:
    """Return an Atom feed of the newest message of each open alert, gravest first, then of those that ended lately."""
    maker = _maker(console)
    messages: list[CapMessage] = []
    for alert_id, seq in await _alerts(console, account.scope):
        message = maker.newest(console.backend.alert_history(alert_id, seq))
        if message is not None:
            messages.append(message)
        await asyncio.sleep(0)  # so that a long feed holds up no alert
    return _xml(_atom(messages, maker.settings.sender), "application/atom+xml")


@cap_api.get("/cap/{identifier}")
async def cap_message(console: TheConsole, account: SignedIn, identifier: str) -> Response:
    """Return one message, also an earlier one and of an alert that is closed."""
    maker = _maker(console)
    found = event_of(identifier)
    if found is None:
        raise ProblemError("not_found")
    alert_id, seq = found
    events = console.backend.alert_history(alert_id, seq)
    message = maker.of_event(events, seq)
    # an identifier of another mode is that of a message which this pipeline never made
    if message is None or message.identifier != identifier or not account.scope.sees(place_of(events[-1])):
        raise ProblemError("not_found")
    return _xml(to_xml(message), MEDIA_TYPE)


def _maker(console: Console) -> CapMaker:
    maker = console.backend.cap()
    if maker is None:
        raise ProblemError("no_cap")
    return maker


async def _alerts(console: Console, scope: Scope) -> list[tuple[str, int]]:
    """Return ids of alerts with the number of their newest event, at most `MAX_ENTRIES`, open ones first."""
    held = console.backend.open_alerts()
    rows = [row.event for row in held.rows if scope.sees(row.place)]
    rows.sort(key=lambda event: (-GRADE_OF[event.grade], -event.seq))
    found = {event.id: event.seq for event in rows}
    for event in await console.backend.recent_events(ENDED_EVENTS):
        if event.state == State.CLOSED and scope.sees(place_of(event)):
            found.setdefault(event.id, event.seq)
    return list(found.items())[:MAX_ENTRIES]


def _atom(messages: Sequence[CapMessage], sender: str) -> bytes:
    root = ET.Element("feed", {"xmlns": ATOM})
    _put(root, "id", f"urn:hazwatch:cap:{sender}")
    _put(root, "title", "CAP 1.2")
    _put(root, "updated", max((message.sent for message in messages), default=NEVER))
    author = ET.SubElement(root, "author")
    _put(author, "name", sender)
    ET.SubElement(root, "link", {"rel": "self", "href": "/api/v1/cap"})
    for message in messages:
        entry = ET.SubElement(root, "entry")
        _put(entry, "id", f"urn:hazwatch:cap:{sender}:{message.identifier}")
        _put(entry, "title", " / ".join(info.headline for info in message.infos))
        _put(entry, "updated", message.sent)
        for term in (message.status, message.message_type, message.infos[0].severity):
            ET.SubElement(entry, "category", {"term": str(term)})
        href = f"/api/v1/cap/{message.identifier}"
        ET.SubElement(entry, "link", {"rel": "alternate", "type": MEDIA_TYPE, "href": href})
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _put(parent: ET.Element, element: str, text: str) -> None:
    ET.SubElement(parent, element).text = clean(text)


def _xml(body: bytes, media_type: str) -> Response:
    return Response(body, media_type=media_type, headers={"Cache-Control": "no-store"})
