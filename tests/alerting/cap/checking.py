"""What the tests hold messages against: the schema, and the rules of the standard that no schema can tell."""

from functools import cache
from importlib import resources
from xml.etree.ElementTree import Element

import xmlschema
from defusedxml import ElementTree

NS = {"cap": "urn:oasis:names:tc:emergency:cap:1.2"}


@cache
def _schema() -> xmlschema.XMLSchema10:
    return xmlschema.XMLSchema10(resources.files("alerting").joinpath("data/cap-1.2.xsd").read_text("utf-8"))


def faults_of(xml: bytes) -> list[str]:
    """Return what is wrong with a message by the standard's tables, nothing where it is valid."""
    root = parsed(xml)
    found = [str(error.reason) for error in _schema().iter_errors(root)]
    scope, kind = text_of(root, "scope"), text_of(root, "msgType")
    for needed, when in (
        ("restriction", scope == "Restricted"),
        ("addresses", scope == "Private"),
        ("references", kind in {"Update", "Cancel"}),
    ):
        if when and not text_of(root, needed):
            found.append(f"{needed} is needed")
    if text_of(root, "status") in {"Exercise", "Test"} and not text_of(root, "note"):
        found.append("a drill has a note")
    return found


def parsed(xml: bytes) -> Element:
    return ElementTree.fromstring(xml, forbid_dtd=True)


def text_of(root: Element, path: str) -> str | None:
    return root.findtext("/".join(f"cap:{name}" for name in path.split("/")), None, NS)


def texts_of(root: Element, path: str) -> list[str | None]:
    return [found.text for found in root.findall("/".join(f"cap:{name}" for name in path.split("/")), NS)]
