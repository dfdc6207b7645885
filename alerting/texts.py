"""Numbers, times and names as people read them: deterministic, bilingual, with units."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from types import MappingProxyType

from registry.plant import Text
from registry.sensors import SensorType

_NS_PER_S = 1_000_000_000
_NS_PER_US = 1000

TYPE_NAMES: Mapping[SensorType, Text] = MappingProxyType(
    {
        SensorType.LEVEL: Text("液位", "level"),
        SensorType.PRESSURE: Text("压力", "pressure"),
        SensorType.GAS_COMBUSTIBLE: Text("可燃气体浓度", "combustible gas"),
        SensorType.GAS_TOXIC: Text("有毒气体浓度", "toxic gas"),
        SensorType.OXYGEN: Text("氧含量", "oxygen"),
        SensorType.TEMPERATURE: Text("温度", "temperature"),
        SensorType.FLOW: Text("流量", "flow"),
        SensorType.WIND_SPEED: Text("风速", "wind speed"),
        SensorType.WIND_DIRECTION: Text("风向", "wind direction"),
        SensorType.VALVE: Text("阀位", "valve position"),
        SensorType.OTHER: Text("测点", "reading"),
    }
)
"""What a sensor measures, as it stands in titles."""

UNCERTAIN = Text("质量存疑", "quality uncertain")
"""What is said of a reading that its own transmitter calls uncertain."""

LIMIT_WORDS: Mapping[str, Text] = MappingProxyType(
    {
        "ll": Text("低低限", "low-low limit"),
        "l": Text("低限", "low limit"),
        "h": Text("高限", "high limit"),
        "hh": Text("高高限", "high-high limit"),
        "design": Text("设计限值", "design limit"),
    }
)
"""The limits of `registry.sensors.LIMIT_NAMES` in words."""

NOTHING = Text("", "")

_UTC_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
"""A time as `rfc3339` writes it into a text."""


@lru_cache(maxsize=4096)
def rfc3339(t_ns: int) -> str:
    """Return the instant as RFC 3339 UTC with milliseconds, cut and not rounded."""
    seconds, rest_ns = divmod(t_ns, _NS_PER_S)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest_ns // _NS_PER_US)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def local_time(time: str, zone: tzinfo) -> str:
    """Return a time as people of the zone read it; raises `ValueError`, `OverflowError` where it is none that there is."""
    moment = datetime.fromisoformat(time).astimezone(zone)
    return f"{moment:%Y-%m-%d %H:%M:%S}" + (" UTC" if str(zone) == "UTC" else f"{moment: %z}")


def with_local_times(text: str, zone: tzinfo) -> str:
    """Return a text with the times in it told in the zone."""

    def told(found: re.Match[str]) -> str:
        try:
            return local_time(found[0], zone)
        except (ValueError, OverflowError):
            return found[0]

    return _UTC_TIME.sub(told, text)


@lru_cache(maxsize=4096)
def number(value: float) -> str:
    """Return the number with four significant digits, whole from 1 000 on."""
    if not math.isfinite(value):
        return "—"
    whole_from, exponent_from = 1000, 1e15
    if whole_from <= abs(value) < exponent_from:
        return f"{value:.0f}"
    text = f"{value:.4g}"
    return "0" if text == "-0" else text


@lru_cache(maxsize=4096)
def quantity(value: float | None, unit: str) -> str:
    """Return number and unit with a space between, or a dash where there is no value."""
    if value is None or not math.isfinite(value):
        return "—"
    return f"{number(value)} {unit}" if unit else number(value)


def duration(seconds: float) -> Text:
    """Return a span in the largest unit that keeps it readable: seconds to 2 min, minutes to 2 h, then hours."""
    in_minutes_from, in_hours_from = 120, 7200
    if seconds < in_minutes_from:
        return Text(f"{number(seconds)} 秒", f"{number(seconds)} s")
    if seconds < in_hours_from:
        whole = f"{seconds / 60:.0f}"
        return Text(f"{whole} 分钟", f"{whole} min")
    hours = f"{seconds / 3600:.1f}"
    return Text(f"{hours} 小时", f"{hours} h")


def ahead(seconds: float) -> Text:
    """Return how soon something is expected, as roughly as it is known: never seconds, never nothing."""
    a_minute, hours_from = 60, 7200
    if seconds < a_minute:
        return Text("1 分钟内", "within a minute")
    left = (
        duration(seconds)
        if seconds >= hours_from
        else Text(f"{seconds / 60:.0f} 分钟", f"{seconds / 60:.0f} min")
    )
    return Text(f"约 {left.zh}后", f"in about {left.en}")


def both(text: Text) -> dict[str, str]:
    """Return a text as it stands in an alert line."""
    return {"zh": text.zh, "en": text.en}
