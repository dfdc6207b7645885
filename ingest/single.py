"""Codecs of topics that carry one reading a message: single JSON and bare number."""

import math
import re
from typing import Final, Literal

import msgspec

from ingest.fields import (
    MALFORMED,
    NS_PER_MS,
    QUALITIES,
    Refusal,
    Window,
    absurd,
    quality_of,
    settled,
    shown,
    time_of,
    value_of,
)
from ingest.intake import Intake
from ingest.messages import Message, RejectReason
from registry.readings import Quality

NONE: Final = msgspec.Raw(b"")
"""Stands where a field is not there."""


class Usual(msgspec.Struct, gc=False):
    """One reading as nearly every gateway sends it."""

    t: int
    v: float
    q: Literal["good", "uncertain", "bad"] = "good"


class Fields(msgspec.Struct, gc=False):
    """One reading with its fields still as JSON text, to be read one by one."""

    t: msgspec.Raw = NONE
    v: msgspec.Raw = NONE
    q: msgspec.Raw = NONE
    s: msgspec.Raw = NONE


_usual: Final = msgspec.json.Decoder(Usual).decode
_fields: Final = msgspec.json.Decoder(Fields).decode
_skip: Final = msgspec.json.Decoder(msgspec.Raw).decode
_number: Final = msgspec.json.Decoder(float).decode
_PLAIN_NUMBER: Final = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_MAX_NUMBER_BYTES: Final = 1024


class SingleJson:
    """Reads ``{"t": 1764000000123, "v": 12.3, "q": "good"}`` of one sensor."""

    def __init__(self, sensor: int) -> None:
        self._sensor = sensor

    def read(self, message: Message, intake: Intake) -> None:
        """Put the reading of `message` into `intake`."""
        try:
            usual = _usual(message.payload)
        except MALFORMED:
            self._read_fields(message, intake)
            return
        t_ns = usual.t * NS_PER_MS
        times = intake.times
        if times.lo_ns <= t_ns < times.hi_ns:
            intake.one(self._sensor, t_ns, usual.v, QUALITIES[usual.q])
        else:
            intake.refuse(message, absurd(t_ns, times))

    def _read_fields(self, message: Message, intake: Intake) -> None:
        try:
            fields = _fields(message.payload)
        except MALFORMED as error:
            intake.refuse(message, malformed(error, message.payload))
            return
        reading = reading_of(fields, intake.times)
        if isinstance(reading, Refusal):
            intake.refuse(message, reading)
        else:
            intake.one(self._sensor, *reading)


class BareNumber:
    """Reads ``12.3`` of one sensor; its time is the receive time.

    Beyond JSON it takes what controllers print: a leading plus or zeros, a bare point, the word NaN.
    """

    def __init__(self, sensor: int) -> None:
        self._sensor = sensor

    def read(self, message: Message, intake: Intake) -> None:
        """Put the reading of `message` into `intake`."""
        try:
            value = _number(message.payload)
        except MALFORMED:
            number = _plain_number(message.payload.strip())
            if isinstance(number, Refusal):
                intake.refuse(message, number)
                return
            value, quality = settled(number, Quality.GOOD)
            intake.one(self._sensor, intake.now_ns, value, quality)
            return
        intake.one(self._sensor, intake.now_ns, value, Quality.GOOD)


class Unreadable:
    """Refuses every message of a topic that no format or sensor belongs to."""

    def __init__(self, refusal: Refusal) -> None:
        self._refusal = refusal

    def read(self, message: Message, intake: Intake) -> None:
        """Refuse `message`."""
        intake.refuse(message, self._refusal)


def reading_of(fields: Fields, times: Window) -> tuple[int, float, Quality] | Refusal:
    """Return (t_ns, value, quality) of one reading's fields, or the first thing wrong with them."""
    raw_t, raw_v = bytes(fields.t), bytes(fields.v)
    if not raw_t or not raw_v:
        return Refusal(
            RejectReason.WRONG_SHAPE, f"no {'v' if raw_t else 't'} in the reading (needed: t and v)"
        )
    return checked(time_of(raw_t), value_of(raw_v), quality_of(bytes(fields.q)), times)


def checked(
    t_ns: int | Refusal, value: float | Refusal, quality: Quality | Refusal, times: Window
) -> tuple[int, float, Quality] | Refusal:
    """Return the reading if all of its parts are good, or else the first refusal in the order t, v, q."""
    if isinstance(t_ns, Refusal):
        return t_ns
    if not times.lo_ns <= t_ns < times.hi_ns:
        return absurd(t_ns, times)
    if isinstance(value, Refusal):
        return value
    if isinstance(quality, Refusal):
        return quality
    return (t_ns, *settled(value, quality))


def malformed(error: Exception, payload: bytes | msgspec.Raw) -> Refusal:
    """Tell JSON of another shape from bytes that are not JSON at all.

    msgspec stops at the first thing of another shape, so the rest is looked through here.
    """
    if isinstance(error, msgspec.ValidationError):
        try:
            _skip(payload)
        except MALFORMED as graver:
            error = graver
        else:
            return Refusal(RejectReason.WRONG_SHAPE, str(error))
    if isinstance(error, RecursionError):
        return Refusal(RejectReason.BAD_JSON, "JSON is nested too deeply")
    return Refusal(RejectReason.BAD_JSON, str(error))


def _plain_number(text: bytes) -> float | Refusal:
    if not text:
        return Refusal(RejectReason.BAD_JSON, "payload is empty")
    if text in {b"NaN", b'"NaN"', b"null"}:
        return math.nan
    if len(text) <= _MAX_NUMBER_BYTES and _PLAIN_NUMBER.fullmatch(text):
        return float(text)
    return Refusal(RejectReason.WRONG_TYPE, f"payload is {shown(text)} (allowed: one number)")
