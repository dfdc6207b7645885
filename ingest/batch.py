"""Codec of topics that carry many readings a message: columns with one time or many, or an array of objects.

The usual payload goes through msgspec once and becomes arrays. What is irregular is read once more, reading by
reading, by the functions of `fields`; both ways give the same readings (tests/ingest/oracle.py compares them).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.fields import (
    MALFORMED,
    NS_PER_MS,
    QUALITIES,
    Refusal,
    absurd,
    parse_rfc3339,
    shown,
    time_of_float,
)
from ingest.intake import Intake
from ingest.messages import Message, RejectReason
from ingest.names import NAMES_SHOWN, Names
from ingest.single import NONE, Fields, malformed, reading_of
from registry.readings import ReadingBlock

QualityText = Literal["good", "uncertain", "bad"]
Value = float | None | Literal["NaN"]
"""numpy makes NaN of both null and the text."""


class Columns(msgspec.Struct, gc=False):
    """A batch in columns as nearly every gateway sends it."""

    t: int | float | str | list[int | float]
    s: msgspec.Raw
    v: list[Value]
    q: list[QualityText] | None = None


class Row(msgspec.Struct, gc=False):
    """One object of an array as nearly every gateway sends it."""

    s: str
    t: int
    v: Value
    q: QualityText = "good"


_columns: Final = msgspec.json.Decoder(Columns).decode
_rows: Final = msgspec.json.Decoder(list[Row]).decode
_fields: Final = msgspec.json.Decoder(Fields).decode
_texts: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_name: Final = msgspec.json.Decoder(str).decode

_CODES: Final = {text: quality.value for text, quality in QUALITIES.items()}
_CLIP_MS: Final = 9_000_000_000_000
"""Later than every time that counts, and its ns still fit an int64."""


class BatchJson:
    """Reads the batches of one enterprise."""

    def __init__(self, enterprise: str, names: Names) -> None:
        self._enterprise = enterprise
        self._names = names

    def read(self, message: Message, intake: Intake) -> None:
        """Put the readings of `message` into `intake`."""
        is_array = message.payload.lstrip()[:1] == b"["
        usual = self._read_rows if is_array else self._read_columns
        try:
            if usual(message, intake):
                return
        except MALFORMED:
            pass  # nothing has been taken yet: read it again, reading by reading
        try:
            rows = _each_object(message.payload) if is_array else _each_row(message.payload)
        except MALFORMED as error:
            rows = malformed(error, message.payload)
        if isinstance(rows, Refusal):
            intake.refuse(message, rows)
        else:
            intake.refuse_all(message, self._refusals(rows, intake))

    def _read_columns(self, message: Message, intake: Intake) -> bool:
        """Take a regular batch in columns; return False, with nothing taken, where it is not regular."""
        batch = _columns(message.payload)
        names = self._names.column_of_json(self._enterprise, bytes(batch.s))
        n = len(names)
        t_ns = _times(batch.t, n)
        if t_ns is None or len(t_ns) != n or len(batch.v) != n:
            return False
        quality = names.good
        if batch.q is not None:
            if len(batch.q) != n:
                return False
            quality = _qualities(batch.q)
        value = np.array(batch.v, np.float64)
        rows = ReadingBlock(sensor=names.sensor, t_ns=t_ns, value=value, quality=quality)
        self._take(message, intake, rows, names.unknown)
        return True

    def _read_rows(self, message: Message, intake: Intake) -> bool:
        """Take a regular array of objects."""
        rows = _rows(message.payload)
        n = len(rows)
        t_ns = _times([row.t for row in rows], n)
        assert t_ns is not None, "whole numbers are times"
        names = self._names.column(self._enterprise, [row.s for row in rows])
        block = ReadingBlock(
            sensor=names.sensor,
            t_ns=t_ns,
            value=np.array([row.v for row in rows], np.float64),
            quality=_qualities([row.q for row in rows]),
        )
        self._take(message, intake, block, names.unknown)
        return True

    def _take(self, message: Message, intake: Intake, rows: ReadingBlock, unknown: Sequence[str]) -> None:
        """Put in the rows whose sensor is known and whose time is not absurd; refuse the others.

        `rows` has sensor -1 where a name is unknown.
        """
        times = intake.times
        timely = (rows.t_ns >= times.lo_ns) & (rows.t_ns < times.hi_ns)
        if not unknown and timely.all():
            intake.columns(rows)
            return
        known = rows.sensor >= 0
        if unknown:
            intake.refuse(message, strangers(self._enterprise, unknown), len(unknown))
        untimely = known & ~timely
        if untimely.any():
            intake.refuse(message, absurd(int(rows.t_ns[untimely.argmax()]), times), int(untimely.sum()))
        good = known & timely
        intake.columns(
            ReadingBlock(
                sensor=rows.sensor[good],
                t_ns=rows.t_ns[good],
                value=rows.value[good],
                quality=rows.quality[good],
            )
        )

    def _refusals(self, rows: Iterable[Fields | Refusal], intake: Intake) -> Iterator[Refusal]:
        """Take every row that is a good reading and yield why the others are not."""
        for row in rows:
            sensor = row if isinstance(row, Refusal) else self._sensor(bytes(row.s))
            if isinstance(sensor, Refusal):
                yield sensor
                continue
            assert isinstance(row, Fields)
            reading = reading_of(row, intake.times)
            if isinstance(reading, Refusal):
                yield reading
            else:
                intake.one(sensor, *reading)

    def _sensor(self, raw: bytes) -> int | Refusal:
        if not raw:
            return Refusal(RejectReason.WRONG_SHAPE, "no s in the reading (needed: s, t and v)")
        try:
            name = _name(raw)
        except msgspec.ValidationError:
            return Refusal(RejectReason.WRONG_TYPE, f"s is {shown(raw)} (allowed: the name of a sensor)")
        except MALFORMED as error:
            return Refusal(RejectReason.BAD_JSON, f"s: {error}")
        sensor = self._names.sensor(self._enterprise, name)
        return sensor if sensor >= 0 else strangers(self._enterprise, (name,))


def strangers(enterprise: str, names: Sequence[str]) -> Refusal:
    """Say that the points table has no such sensors."""
    some = ", ".join(shown(name) for name in names[:NAMES_SHOWN])
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return Refusal(RejectReason.UNKNOWN_SENSOR, f"enterprise {shown(enterprise)} has no sensor {some}{more}")


def _times(t: float | str | list[int | float], n: int) -> NDArray[np.int64] | None:
    """Return a batch's times in ns, one a row; None where they are not regular enough for this."""
    if isinstance(t, list):
        return _times_of_column(t)
    if isinstance(t, int):
        return np.full(n, min(max(t, -_CLIP_MS), _CLIP_MS) * NS_PER_MS, np.int64)
    t_ns = (
        parse_rfc3339(t) if isinstance(t, str) else time_of_float(min(max(t, -_CLIP_MS), _CLIP_MS), NS_PER_MS)
    )
    return None if isinstance(t_ns, Refusal) else np.full(n, t_ns, np.int64)


def _times_of_column(t: list[int | float]) -> NDArray[np.int64] | None:
    column = np.array(t)
    if column.dtype.kind == "i":
        whole: NDArray[np.int64] = column.clip(-_CLIP_MS, _CLIP_MS) * NS_PER_MS
        return whole
    try:
        ms: NDArray[np.float64] = column.astype(np.float64).clip(-_CLIP_MS, _CLIP_MS)
    except OverflowError:  # a whole number that no double holds
        return None
    micros: NDArray[np.int64] = np.rint(ms * 1000).astype(np.int64)
    return micros * 1000


def _qualities(texts: list[QualityText]) -> NDArray[np.uint8]:
    return np.array(list(map(_CODES.__getitem__, texts)), np.uint8)


def _each_row(payload: bytes) -> Iterator[Fields] | Refusal:
    """Return the rows of a batch in columns, elements as JSON text; raises one of MALFORMED."""
    batch = _fields(payload)
    missing = [name for name in ("t", "s", "v") if not bytes(getattr(batch, name))]
    if missing:
        return Refusal(RejectReason.WRONG_SHAPE, f"no {', '.join(missing)} in the batch (needed: t, s and v)")
    names = _texts(batch.s)
    values = _texts(batch.v)
    times = _texts(batch.t) if bytes(batch.t)[:1] == b"[" else None
    qualities = None if bytes(batch.q) in {b"", b"null"} else _texts(batch.q)
    lengths = {"s": names, "v": values, "t": times, "q": qualities}
    told = ", ".join(f"{name} {len(column)}" for name, column in lengths.items() if column is not None)
    if len({len(column) for column in lengths.values() if column is not None}) > 1:
        return Refusal(RejectReason.WRONG_SHAPE, f"columns differ in length: {told}")
    columns = zip(names, times or repeat(batch.t), values, qualities or repeat(NONE), strict=False)
    return (Fields(s=s, t=t, v=v, q=q) for s, t, v, q in columns)


def _each_object(payload: bytes) -> Iterator[Fields | Refusal]:
    """Return the objects of an array, their fields as JSON text; raises one of MALFORMED."""
    return map(_object, _texts(payload))


def _object(raw: msgspec.Raw) -> Fields | Refusal:
    try:
        return _fields(raw)
    except MALFORMED as error:
        return malformed(error, raw)
