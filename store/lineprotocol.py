"""Batches as InfluxDB line protocol: the only place that knows measurements, tags, fields and escaping.

Pure. See docs/store.md for the schema. Sensor ids may hold anything; the protocol cannot hold backslashes in every
place (servers differ) nor control characters at all, so tags have those as ``%5C``, as in a URL.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from alerting.events import AlertEvent
from registry.readings import Quality, ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec
from store.series import StoreBatch

SYSTEM_SENSOR = "_system"
"""Tag `sensor` of an alert that is about no sensor."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS_NS = 1_000_000
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\]|%(?=[0-9A-F]{2})")
_QUALITY = tuple(f",quality={q.value}i " for q in Quality)


class LineEncoder:
    """Encodes for one registry; everything of a line that its sensor decides is made once."""

    def __init__(self, registry: SensorRegistry) -> None:
        tags = [_sensor_tags(spec) for spec in registry.specs]
        self._bare = [f"readings,{tag} quality=" for tag in tags]
        self._value = [f"readings,{tag} value=" for tag in tags]
        self._score = [f"scores,{tag} score=" for tag in tags]

    def encode(self, batch: StoreBatch) -> bytes:
        """Return the lines of a batch, each with its end; order within a batch has no meaning."""
        lines = [
            *self._reading_lines(batch.block),
            *self._score_lines(batch.block, batch.score),
            *(alert_line(alert) for alert in batch.alerts),
            "",
        ]
        return "\n".join(lines).encode()

    def _reading_lines(self, block: ReadingBlock) -> list[str]:
        """A value that is not finite cannot be told to InfluxDB: the line then has the quality alone."""
        head, quality = self._value, _QUALITY
        finite = np.isfinite(block.value)
        lines: list[str] = []
        if not finite.all():
            gone = ~finite
            bare = self._bare
            lines += [
                f"{bare[s]}{q}i {t}"
                for s, q, t in zip(
                    block.sensor[gone].tolist(),
                    block.quality[gone].tolist(),
                    block.t_ns[gone].tolist(),
                    strict=True,
                )
            ]
            block = ReadingBlock(
                sensor=block.sensor[finite],
                t_ns=block.t_ns[finite],
                value=block.value[finite],
                quality=block.quality[finite],
            )
        columns = (block.sensor.tolist(), block.value.tolist(), block.quality.tolist(), block.t_ns.tolist())
        lines += [f"{head[s]}{v!r}{quality[q]}{t}" for s, v, q, t in zip(*columns, strict=True)]
        return lines

    def _score_lines(self, block: ReadingBlock, score: NDArray[np.float64]) -> list[str]:
        rows = np.isfinite(score)
        head = self._score
        columns = (block.sensor[rows].tolist(), score[rows].tolist(), block.t_ns[rows].tolist())
        return [f"{head[s]}{v!r} {t}" for s, v, t in zip(*columns, strict=True)]


def alert_line(event: AlertEvent) -> str:
    """Return one line for one alert event, without its end."""
    tags = _tags(
        ("sensor", event.sensor or SYSTEM_SENSOR),
        ("kind", event.kind),
        ("grade", event.grade),
        ("event", event.event),
    )
    fields = ",".join(
        (
            f"id={string_field(event.id)}",
            f"seq={event.seq}i",
            f"state={string_field(event.state)}",
            *_numbers(("value", event.value), ("limit", event.limit), ("forecast_s", event.forecast_s)),
            f"title_zh={string_field(event.title['zh'])}",
            f"title_en={string_field(event.title['en'])}",
        )
    )
    return f"alerts,{tags} {fields} {alert_time_ns(event)}"


def alert_time_ns(event: AlertEvent) -> int:
    """Return the event's time with its seq as the part below a millisecond.

    Event times have milliseconds; two events with the same tags in one of them would be one point otherwise.
    """
    return time_ns(event.time) + event.seq % _MS_NS


def time_ns(text: str) -> int:
    """Return ns since 1970 UTC of an RFC 3339 time with at most microseconds, exactly."""
    since = datetime.fromisoformat(text) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000


def tag_text(text: str) -> str:
    """Return a name as it stands in a tag of the store; different names stay different."""
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", text)


def escape_tag(text: str) -> str:
    """Return a tag value as it stands in a line."""
    return tag_text(text).replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")


def string_field(text: str) -> str:
    """Return a text as it stands in a field, with quotes; line ends become spaces, for a line is a line."""
    body = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", " ").replace("\n", " ")
    return f'"{body}"'


def _sensor_tags(spec: SensorSpec) -> str:
    return _tags(
        ("sensor", spec.id),
        ("enterprise", spec.enterprise),
        ("source", spec.source or ""),
        ("type", spec.type.value),
    )


def _tags(*pairs: tuple[str, str]) -> str:
    """A tag without a value cannot stand in a line; it is left out."""
    return ",".join(f"{name}={escape_tag(value)}" for name, value in pairs if value)


def _numbers(*pairs: tuple[str, float | None]) -> Iterator[str]:
    for name, value in pairs:
        if value is not None and isfinite(value):
            yield f"{name}={float(value)!r}"
