"""Who answers for a hazard source, as plant.yaml names them: the three duties of 应急厅〔2021〕12号."""

from collections.abc import Mapping
from types import MappingProxyType

from registry.entries import Entry
from registry.plant import Duty, Person

MAX_PHONE_CHARS = 40
_KEYS = ("name", "post", "phone")
_ALLOWED = ", ".join(duty.value for duty in Duty)


def persons_of(source: Entry) -> Mapping[Duty, Person]:
    """Return who has which duty; a duty that nobody is named for is left out, and a warning where only some are."""
    entry = source.mapping("persons", f"a person by duty: {_ALLOWED}")
    entry.check_keys(tuple(Duty))
    found = {duty: _person(entry, duty) for duty in Duty if entry.data.get(duty) is not None}
    missing = [duty.value for duty in Duty if duty not in found]
    if entry.data and missing:
        message = f"nobody is named as {', '.join(missing)}"
        entry.fault(None, message, "all three duties (包保责任)", level="warning")
    return MappingProxyType(found)


def _person(persons: Entry, duty: Duty) -> Person:
    entry = persons.mapping(duty, "{name: …, post: …, phone: …}")
    entry.check_keys(_KEYS)
    if entry.data and entry.data.get("name") is None:
        entry.fault("name", "name is missing", "the person's name")
    phone = entry.raw("phone")
    if phone is not None and (len(phone) > MAX_PHONE_CHARS or not phone.isprintable()):
        entry.fault("phone", "the phone does not fit", f"at most {MAX_PHONE_CHARS} printable characters")
    return Person(
        name=entry.text("name"), post=entry.text("post") if "post" in entry.data else None, phone=phone
    )
