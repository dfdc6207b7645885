"""The state of the book between two calls, and its snapshot: bit-exact, bounded, checked when read."""

from collections.abc import Iterable

import msgspec

from alerting.alert import Acknowledged, Alert
from alerting.events import Kind
from alerting.rollup import Silence
from registry.sensors import SensorRegistry

KEPT_CLOSED = 256
"""So many closed alerts are remembered, to tell a late acknowledgement who was first."""

_FORMAT = 3
_FORMAT_AT = 3
"""Where a snapshot of any version has its format."""


class SnapshotError(ValueError):
    """The snapshot cannot be continued from: it is damaged or of another version."""


class BookState(msgspec.Struct, array_like=True):
    """Everything that a book knows: the last `seq`, open alerts oldest first, the newest closed ones with who, silences."""

    seq: int
    alerts: list[Alert]
    closed: list[tuple[str, Acknowledged]]
    format: int = _FORMAT
    silences: list[Silence] = []


class RecentlyClosed:
    """The ids of the newest closed alerts and who had acknowledged each; never more than `KEPT_CLOSED`."""

    def __init__(self, entries: Iterable[tuple[str, Acknowledged]] = ()) -> None:
        self._who = dict(entries)

    def __contains__(self, alert: str) -> bool:
        return alert in self._who

    def add(self, alert: str, who: Acknowledged) -> None:
        """Remember a closed alert and forget the oldest beyond the bound."""
        self._who[alert] = who
        if len(self._who) > KEPT_CLOSED:
            del self._who[next(iter(self._who))]

    def get(self, alert: str) -> Acknowledged | None:
        """Return who had acknowledged this closed alert, None where it is not remembered."""
        return self._who.get(alert)

    def entries(self) -> list[tuple[str, Acknowledged]]:
        """Return all that is remembered, oldest first."""
        return list(self._who.items())


def encode_state(state: BookState) -> bytes:
    """Return the snapshot of a state."""
    return msgspec.msgpack.encode(state)


def decode_state(body: bytes, registry: SensorRegistry) -> BookState:
    """Return the state of a snapshot; raise `SnapshotError` where it is not one.

    Alerts of sensors that the points table no longer has are left out: nobody could ever clear or see them.
    """
    try:
        found = msgspec.msgpack.decode(body, type=list[msgspec.Raw])
        version = msgspec.msgpack.decode(found[_FORMAT_AT], type=int) if len(found) > _FORMAT_AT else None
        if version != _FORMAT:
            raise SnapshotError(f"snapshot format {version}; this version reads {_FORMAT}")
        state = msgspec.msgpack.decode(body, type=BookState)
    except msgspec.MsgspecError as exc:
        raise SnapshotError(f"not a snapshot of the alert book: {exc}") from exc
    state.alerts = [a for a in state.alerts if a.kind is Kind.SYSTEM or a.subject in registry.index]
    return state
