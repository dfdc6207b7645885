"""What routing remembers between two events, and its snapshot: bit-exact, checked when read."""

import msgspec

from alerting.book_state import SnapshotError
from alerting.events import AlertEvent
from alerting.silences import EndedSilence, SilenceRow

_FORMAT = 2


class Owed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a receiver has not been told by one route, because of `hold`; it is told when that ends.

    `event` and `seq` are of the newest event that called for somebody. `again`: it was told before the hold began.
    """

    receiver: str
    hold: str
    event: str
    seq: int
    again: bool = False


class Tracked(msgspec.Struct, array_like=True, gc=False):
    """An open alert: the newest event, when it began (`ordinal`), to whom it was told by which route and seq.

    `owed` and `groups` are by the path of the route.
    """

    event: AlertEvent
    ordinal: int
    told: dict[str, tuple[str, int]] = {}
    owed: dict[str, Owed] = {}
    groups: dict[str, str] = {}


class Group(msgspec.Struct, array_like=True):
    """Alerts that one receiver is told of together, by one route.

    `members` says of each alert whether it was told; `changed` are those to be told of at the next time. `flushed_ns` is
    when it was last due, from which `group_interval_s` counts, None before the first; `told_ns` when somebody was told.
    """

    key: str
    path: str
    receiver: str
    labels: dict[str, str]
    begun_ns: int
    members: dict[str, bool] = {}
    changed: dict[str, None] = {}
    flushed_ns: int | None = None
    told_ns: int | None = None
    count: int = 0


class Digest(msgspec.Struct, array_like=True):
    """What a receiver's limit holds back: the times of what was sent, the route and newest event of each held alert."""

    sent_ns: list[int] = []
    held: dict[str, tuple[str, AlertEvent]] = {}
    omitted: int = 0


class DispatchState(msgspec.Struct, array_like=True):
    """Everything that a `Dispatcher` knows; orders are those in which things happened.

    `settings` tells whether the routes are still the same, `now_ns` is the newest time that was seen.
    """

    open: dict[str, Tracked]
    held: dict[str, dict[str, None]]
    groups: list[Group]
    digests: dict[str, Digest]
    silences: list[SilenceRow]
    silences_ended: list[EndedSilence]
    silences_made: int
    sources: list[str]
    timers: list[tuple[int, str, int]]
    settings: str
    now_ns: int
    format: int = _FORMAT


def encode_state(state: DispatchState) -> bytes:
    """Return the snapshot of a state."""
    return msgspec.msgpack.encode(state)


def decode_state(body: bytes) -> DispatchState:
    """Return the state of a snapshot; raise `SnapshotError` where it is not one of this version."""
    try:
        found = msgspec.msgpack.decode(body, type=list[msgspec.Raw])
        version = msgspec.msgpack.decode(found[-1]) if found else None
        if version != _FORMAT:
            raise SnapshotError(f"routing's snapshot has format {version}; this version reads {_FORMAT}")
        return msgspec.msgpack.decode(body, type=DispatchState)
    except msgspec.MsgspecError as exc:
        raise SnapshotError(f"not a snapshot of routing: {exc}") from exc
