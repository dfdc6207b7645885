"""A message as XML; whatever its texts hold, what comes out is well-formed and valid (`data/cap-1.2.xsd`)."""

import re
from xml.etree import ElementTree as ET

from alerting.cap.message import CapArea, CapInfo, CapMessage

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MEDIA_TYPE = "application/cap+xml"
REPLACEMENT = "\ufffd"

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TURNS_THE_TEXT = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Embeddings, overrides and isolates: with them a text can be made to read as another than it is."""
_SPACE = re.compile(r"\s")


def clean(text: str) -> str:
    """Return the text with what XML 1.0 cannot hold replaced, and without characters that turn its direction."""
    return _TURNS_THE_TEXT.sub("", _NOT_IN_XML.sub(REPLACEMENT, text))


def to_xml(message: CapMessage) -> bytes:
    """Return the message as a document in UTF-8; elements in the order of the standard."""
    root = ET.Element(_name("alert"))
    _put(root, "identifier", message.identifier)
    _put(root, "sender", message.sender)
    _put(root, "sent", message.sent)
    _put(root, "status", message.status)
    _put(root, "msgType", message.message_type)
    _put(root, "scope", message.scope)
    _put(root, "restriction", message.restriction)
    _put(root, "addresses", _listed(message.addresses))
    _put(root, "note", message.note)
    _put(root, "references", _listed(message.references))
    _put(root, "incidents", _listed(message.incidents))
    for info in message.infos:
        _put_info(root, info)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True, default_namespace=NAMESPACE))


def _put_info(root: ET.Element, info: CapInfo) -> None:
    made = ET.SubElement(root, _name("info"))
    _put(made, "language", info.language)
    for category in info.categories:
        _put(made, "category", category)
    _put(made, "event", info.event)
    for response in info.responses:
        _put(made, "responseType", response)
    _put(made, "urgency", info.urgency)
    _put(made, "severity", info.severity)
    _put(made, "certainty", info.certainty)
    _put(made, "onset", info.onset)
    _put(made, "senderName", info.sender_name)
    _put(made, "headline", info.headline)
    _put(made, "description", info.description)
    _put(made, "instruction", info.instruction)
    _put(made, "contact", info.contact)
    for name, value in info.parameters:
        _put_pair(made, "parameter", name, value)
    if info.area is not None:
        _put_area(made, info.area)


def _put_area(info: ET.Element, area: CapArea) -> None:
    made = ET.SubElement(info, _name("area"))
    _put(made, "areaDesc", area.description)
    if area.circle is not None:
        lat, lon, radius_km = area.circle
        _put(made, "circle", f"{lat:.6f},{lon:.6f} {radius_km:.3f}")
    for name, value in area.geocodes:
        _put_pair(made, "geocode", name, value)


def _put_pair(parent: ET.Element, element: str, name: str, value: str) -> None:
    made = ET.SubElement(parent, _name(element))
    _put(made, "valueName", name)
    _put(made, "value", value)


def _put(parent: ET.Element, element: str, text: str | None) -> None:
    """Add an element with its text; nothing where there is none."""
    if text is None:
        return
    ET.SubElement(parent, _name(element)).text = clean(str(text))


def _listed(names: tuple[str, ...]) -> str | None:
    """Return the names with spaces between, one that has a space itself in quotes; None where there are none."""
    return " ".join(f'"{name}"' if _SPACE.search(name) else name for name in names) or None


def _name(element: str) -> str:
    return f"{{{NAMESPACE}}}{element}"
