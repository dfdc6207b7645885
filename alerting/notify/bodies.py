"""What the body of a notification is: one alert line, or a group of them."""

from collections.abc import Sequence

import msgspec


class _Group(msgspec.Struct, frozen=True):
    alerts: list[msgspec.Raw]


class _Named(msgspec.Struct, frozen=True):
    id: str


class _Maybe(msgspec.Struct, frozen=True):
    alerts: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def lines_of(body: bytes) -> Sequence[bytes]:
    """Return the alert lines of a body, one or those of a group."""
    if msgspec.json.decode(body, type=_Maybe).alerts is msgspec.UNSET:
        return (body,)
    return [bytes(line) for line in msgspec.json.decode(body, type=_Group).alerts]


def alerts_in(body: bytes) -> Sequence[str]:
    """Return the ids of the alerts that a body speaks of, each once."""
    return list(dict.fromkeys(msgspec.json.decode(line, type=_Named).id for line in lines_of(body)))
