"""Figures, times and alarms as people read them."""

from datetime import UTC, datetime

from registry.plant import Text
from service.reports.measures import SECONDS
from service.reports.period import Period
from service.reports.rules import MINUTE_NS, Limit, Verdict
from service.reports.tally import Alarm

NOTHING = Text.same("–")
MARKS = {Verdict.ACCEPTABLE: "✓", Verdict.MANAGEABLE: "△", Verdict.OVERLOADED: "✗"}
"""A verdict's sign, so that it is told apart without colour."""
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
_THOUSAND = 1000

KIND_WORDS: dict[str, Text] = {
    "high": Text("偏高", "high"),
    "low": Text("偏低", "low"),
    "rate": Text("变化过快", "rate"),
    "anomaly": Text("异常", "anomaly"),
    "out_of_range": Text("超量程", "out of range"),
    "dead": Text("无信号", "dead"),
    "stuck": Text("卡滞", "stuck"),
    "noise": Text("噪声过大", "noise"),
    "saturation": Text("饱和", "saturation"),
    "clock": Text("时钟错误", "clock"),
    "bad_quality": Text("质量差", "bad quality"),
    "drift": Text("漂移", "drift"),
    "system": Text("系统自身", "hazwatch itself"),
}
"""Kinds of alerts in a word."""

STATE_WORDS: dict[str, Text] = {
    "unack": Text("未确认", "unacknowledged"),
    "acked": Text("已确认", "acknowledged"),
    "rtnun": Text("已恢复，未确认", "returned, unacknowledged"),
    "lunak": Text("已恢复，锁存，未确认", "returned, latched, unacknowledged"),
    "lackd": Text("已恢复，锁存，已确认", "returned, latched, acknowledged"),
    "shelved": Text("搁置", "shelved"),
    "suppressed": Text("设计抑制", "suppressed by design"),
    "out_of_service": Text("停用", "out of service"),
    "closed": Text("已关闭", "closed"),
}
"""States of alerts in a word or two."""


def number(value: float) -> str:
    """Return a figure with three digits, whole from a thousand on."""
    return f"{value:.0f}" if abs(value) >= _THOUSAND else f"{value:.3g}"


def span(seconds: float) -> Text:
    """Return a span of time in the largest unit that it fills; unit signs are the same in both languages."""
    for least_s, sign in ((_DAY_S, "d"), (_HOUR_S, "h"), (_MINUTE_S, "min")):
        if seconds >= least_s:
            return Text.same(f"{number(seconds / least_s)} {sign}")
    return Text.same(f"{number(seconds)} s")


def figure(value: float | None, unit: str) -> Text:
    """Return a measure's value with its unit."""
    if value is None:
        return NOTHING
    return span(value) if unit == SECONDS else Text.same(f"{number(value)} {unit}".strip())


def limit(bound: Limit | None, unit: str) -> Text:
    """Return up to where a measure is acceptable and manageable."""
    if bound is None:
        return NOTHING
    bounds = (bound.acceptable, bound.manageable)
    return Text.same("; ".join(f"≤ {figure(each, unit).en}" for each in bounds if each is not None))


def alarm(one: Alarm) -> Text:
    """Return the name of an alarm: its sensor and what it is about."""
    subject, kind = one
    word = KIND_WORDS[kind]
    return Text(f"{subject} {word.zh}".strip(), f"{subject} {word.en}".strip())


def moment(t_ns: int, period: Period) -> Text:
    """Return a time to the second, in the period's zone."""
    local = datetime.fromtimestamp(t_ns // 1_000_000_000, UTC).astimezone(period.zone)
    return Text.same(f"{local:%Y-%m-%d %H:%M:%S}")


def minute(number_: int, period: Period) -> Text:
    """Return when a minute of the period begins, in its zone."""
    return moment(min(period.end_ns, period.start_ns + number_ * MINUTE_NS), period)
