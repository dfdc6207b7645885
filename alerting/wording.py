"""What an alert says: its title, and what was seen, from the condition that it is told for."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from alerting.conditions import SIDE_OF_LIMIT, Condition
from alerting.events import Event, Kind
from alerting.texts import LIMIT_WORDS, NOTHING, duration, number, quantity, rfc3339
from detectors.findings import Method
from registry.plant import Text

LABELS: Mapping[str, Text] = MappingProxyType(
    {
        "ll": Text("低低报", "low-low"),
        "l": Text("低报", "low"),
        "h": Text("高报", "high"),
        "hh": Text("高高报", "high-high"),
        "design": Text("超设计限值", "beyond design limit"),
        Method.OUT_OF_RANGE.label: Text("超量程", "out of range"),
        Method.RATE.label: Text("变化过快", "changing fast"),
        Method.ROBUST_Z.label: Text("异常", "abnormal"),
        Method.DEAD.label: Text("无信号", "no signal"),
        Method.FORECAST.label: Text("预计越限", "heading for a limit"),
    }
)
"""A condition in a word, by its key."""

_RISING = frozenset({Event.OPENED, Event.ESCALATED})


def title(event: Event, subject: Text, condition: Condition, unit: str, confirmed_by: Text | None) -> Text:
    """Return the title of an event: whom it concerns, what it is, the value and the limit.

    `condition` is the gravest that holds, or the one that ended last. `confirmed_by` names the confirming sensor.
    """
    label = LABELS[condition.key]
    figures = _figures(condition, unit)
    value = quantity(condition.value, unit)
    ahead = _ahead(condition, confirmed_by)
    if event in _RISING:
        return Text(
            f"{subject.zh}{label.zh} {figures.zh}{ahead.zh}",
            f"{subject.en} {label.en} {figures.en}{ahead.en}",
        )
    if event is Event.REOPENED:
        return Text(
            f"{subject.zh}再次{label.zh} {figures.zh}{ahead.zh}",
            f"{subject.en} {label.en} again {figures.en}{ahead.en}",
        )
    if event is Event.DEESCALATED:
        return Text(
            f"{subject.zh}降级，现为{label.zh} {figures.zh}", f"{subject.en} down to {label.en} {figures.en}"
        )
    if event is Event.CLEARED:
        return Text(f"{subject.zh}{label.zh}恢复 {value}", f"{subject.en} {label.en} cleared, now {value}")
    word = _WORDS_AFTER[event]
    return Text(f"{subject.zh}{label.zh}{word.zh}", f"{subject.en} {label.en} {word.en}")


def plain_title(event: Event, subject: Text) -> Text:
    """Return the title of an event of a trouble that has no figures, such as hazwatch's own."""
    word = _WORDS_AFTER.get(event, NOTHING)
    return Text(f"{subject.zh}（{word.zh}）", f"{subject.en} ({word.en})") if word.en else subject


_WORDS_AFTER: Mapping[Event, Text] = MappingProxyType(
    {
        Event.ACKNOWLEDGED: Text("已确认", "acknowledged"),
        Event.CLOSED: Text("已关闭", "closed"),
        Event.CLEARED: Text("已恢复", "cleared"),
        Event.REOPENED: Text("再次发生", "again"),
        Event.ESCALATED: Text("升级", "graver"),
        Event.DEESCALATED: Text("降级", "less grave"),
    }
)


def seen(facts: Condition, ended: Condition | None, unit: str, what: Text) -> Text:
    """Return what was seen, in full: the reading, against which limit or model, since when.

    `what` names the sensor with its place. `ended` is the condition that held until now, as it was told when it held;
    None where `facts` is one that holds.
    """
    value = quantity(facts.value, unit)
    held = facts if ended is None else ended
    told = _SEEN[Method(held.method)](held, unit)
    since = rfc3339(held.onset_ns)
    if ended is None:
        return Text(
            f"{what.zh}：{value}，{told.zh}，始于 {since}", f"{what.en}: {value}, {told.en}, since {since}"
        )
    return Text(
        f"{what.zh}：现为 {value}；已结束：{told.zh}，始于 {since}",
        f"{what.en}: now {value}; ended: {told.en}, since {since}",
    )


def _figures(condition: Condition, unit: str) -> Text:
    value = quantity(condition.value, unit)
    statistic, threshold = condition.statistic, condition.threshold
    match Method(condition.method):
        case Method.LIMIT:
            limit = quantity(condition.limit_value, unit)
            return Text(f"{value}（限值 {limit}）", f"{value} (limit {limit})")
        case Method.OUT_OF_RANGE:
            bound = quantity(threshold, unit)
            return Text(f"{value}（量程界 {bound}）", f"{value} (range bound {bound})")
        case Method.RATE:
            rate, most = _per_min(statistic, unit), _per_min(threshold, unit)
            return Text(f"{rate}（限值 {most}），现 {value}", f"{rate} (limit {most}), at {value}")
        case Method.ROBUST_Z:
            z, most = quantity(statistic, ""), quantity(threshold, "")
            return Text(f"{value}（z={z}，阈值 {most}）", f"{value} (z {z}, threshold {most})")
        case Method.FORECAST:
            word, limit = LIMIT_WORDS[condition.limit_name or ""], quantity(condition.limit_value, unit)
            return Text(f"{value}（{word.zh} {limit}）", f"{value} ({word.en} {limit})")
        case Method.DEAD:
            silent, allowed = _span(statistic), _span(threshold)
            return Text(f"{silent.zh}（允许 {allowed.zh}）", f"for {silent.en} (allowed {allowed.en})")
        case _:  # a method that has no words of its own yet
            return Text.same(value)


def _ahead(condition: Condition, confirmed_by: Text | None) -> Text:
    zh = en = ""
    if condition.forecast_s is not None:
        left = duration(condition.forecast_s)
        zh, en = f"，约 {left.zh}后达限值", f", limit in {left.en}"
    if confirmed_by is not None:
        zh, en = f"{zh}，{confirmed_by.zh} 印证", f"{en}, confirmed by {confirmed_by.en}"
    return Text(zh, en)


def _per_min(per_s: float | None, unit: str) -> str:
    if per_s is None:
        return "—"
    return f"{number(per_s * 60)} {unit}/min"


def _span(seconds: float | None) -> Text:
    return Text.same("—") if seconds is None else duration(seconds)


def _seen_limit(condition: Condition, unit: str) -> Text:
    name = condition.limit_name or ""
    word, limit = LIMIT_WORDS[name], quantity(condition.limit_value, unit)
    side = Text("高于", "above") if SIDE_OF_LIMIT[name] is Kind.HIGH else Text("低于", "below")
    return Text(f"{side.zh}{word.zh} {limit}", f"{side.en} the {word.en} {limit}")


def _seen_range(condition: Condition, unit: str) -> Text:
    bound = quantity(condition.threshold, unit)
    return Text(f"超出量程界 {bound}", f"outside the measuring range, bound {bound}")


def _seen_rate(condition: Condition, unit: str) -> Text:
    rate, most = _per_min(condition.statistic, unit), _per_min(condition.threshold, unit)
    return Text(f"变化速率 {rate}，超过限值 {most}", f"changing at {rate}, faster than the limit {most}")


def _seen_z(condition: Condition, unit: str) -> Text:
    del unit  # z has none
    z, most = quantity(condition.statistic, ""), quantity(condition.threshold, "")
    return Text(
        f"偏离该测点自身的稳健模型（EWMA）z={z}，阈值 {most}",
        f"away from the sensor's own robust model (EWMA) by z {z}, threshold {most}",
    )


def _seen_dead(condition: Condition, unit: str) -> Text:
    del unit  # silence is counted in seconds
    silent, allowed = _span(condition.statistic), _span(condition.threshold)
    return Text(
        f"已 {silent.zh}无数据，允许 {allowed.zh}", f"no reading for {silent.en}, allowed {allowed.en}"
    )


def _seen_forecast(condition: Condition, unit: str) -> Text:
    word, limit = LIMIT_WORDS[condition.limit_name or ""], quantity(condition.limit_value, unit)
    left, within = _span(condition.forecast_s), _span(condition.threshold)
    return Text(
        f"按当前趋势约 {left.zh}后达到{word.zh} {limit}（{within.zh}以内）",
        f"at the present slope the {word.en} {limit} is reached in {left.en} (within {within.en})",
    )


_SEEN: Mapping[Method, Callable[[Condition, str], Text]] = MappingProxyType(
    {
        Method.LIMIT: _seen_limit,
        Method.OUT_OF_RANGE: _seen_range,
        Method.RATE: _seen_rate,
        Method.ROBUST_Z: _seen_z,
        Method.DEAD: _seen_dead,
        Method.FORECAST: _seen_forecast,
    }
)
