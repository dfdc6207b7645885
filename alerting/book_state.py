"""The state of the book between two calls, and its snapshot: bit-exact, bounded, checked when read."""

from collections.abc import Iterable

import msgspec

from alerting.alert import Alert, Key
from alerting.arrangements import Arrangement
from alerting.chatter import History
from alerting.events import Kind
from alerting.rollup import Silence
from registry.sensors import SensorRegistry

KEPT_CLOSED = 256
"""So many closed alerts are remembered: what was done about one is often told after it is over."""

_FORMAT = 5
_FORMAT_AT = 3
"""Where a snapshot of any version has its format."""


class SnapshotError(ValueError):
    """The snapshot cannot be continued from: it is damaged or of another version."""


class BookState(msgspec.Struct, array_like=True):
    """Everything that a book knows: the last `seq`, open alerts oldest first, the newest closed ones, and what holds.

    `now_ns` is the newest time that the book has seen. `ended_plans` are works of the alarms file that a person ended early or
    withdrew, `announced` those that people announced and that have not begun.
    `next_return_ns` is before when no further alert returns from a hold that timed out. `silences` are those that sensors share, and those of one.
    """

    seq: int
    alerts: list[Alert]
    closed: list[Alert]
    format: int = _FORMAT
    now_ns: int = 0
    arrangements: list[Arrangement] = []
    ended_plans: list[str] = []
    next_return_ns: int = 0
    histories: list[tuple[Key, History]] = []
    silences: list[Silence] = []
    announced: list[Arrangement] = []


class RecentlyClosed:
    """The newest closed alerts; never more than `KEPT_CLOSED`."""

    def __init__(self, alerts: Iterable[Alert] = ()) -> None:
        self._by_id = {alert.id: alert for alert in alerts}

    def __contains__(self, alert: str) -> bool:
        return alert in self._by_id

    def add(self, alert: Alert) -> None:
        """Remember a closed alert and forget the oldest beyond the bound."""
        self._by_id[alert.id] = alert
        if len(self._by_id) > KEPT_CLOSED:
            del self._by_id[next(iter(self._by_id))]

    def get(self, alert: str) -> Alert | None:
        """Return a closed alert, None where it is not remembered."""
        return self._by_id.get(alert)

    def entries(self) -> list[Alert]:
        """Return all that is remembered, oldest first."""
        return list(self._by_id.values())


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
    state.alerts = [alert for alert in state.alerts if _is_known(alert, registry)]
    state.closed = [alert for alert in state.closed if _is_known(alert, registry)]
    return state


def _is_known(alert: Alert, registry: SensorRegistry) -> bool:
    return alert.kind is Kind.SYSTEM or alert.subject in registry.index
