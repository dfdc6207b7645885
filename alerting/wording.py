"""What an alert says: its title, and what was seen, from the condition that it is told for."""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from string import Formatter
from types import MappingProxyType

from alerting.conditions import Condition
from alerting.events import Event, Kind
from alerting.phrases import LABEL_OF_LIMIT, PHRASES, in_unit
from alerting.texts import LIMIT_WORDS, NOTHING, UNCERTAIN, ahead, quantity, rfc3339
from detectors.findings import Method
from registry.plant import Text

_RISING = frozenset({Event.OPENED, Event.ESCALATED})


def title(event: Event, subject: Text, condition: Condition, unit: str, confirmed_by: Text | None) -> Text:
    """Return the title of an event: whom it concerns, what it is, the value and the limit.

    `condition` is the gravest that holds, or the one that ended last. `confirmed_by` names the confirming sensor.
    """
    label = label_of(condition, unit)
    figures = figures_of(condition, unit)
    more = _more(condition, confirmed_by)
    if event in _RISING:
        return Text(
            f"{subject.zh}{label.zh} {figures.zh}{more.zh}", f"{subject.en} {label.en} {figures.en}{more.en}"
        )
    if event is Event.REOPENED:
        return Text(
            f"{subject.zh}再次{label.zh} {figures.zh}{more.zh}",
            f"{subject.en} again {label.en} {figures.en}{more.en}",
        )
    name = name_of(condition, unit)
    if event is Event.DEESCALATED:
        return Text(
            f"{subject.zh}降级，现为{name.zh} {figures.zh}", f"{subject.en} down to {name.en} {figures.en}"
        )
    if event is Event.CLEARED:
        value = quantity(condition.value, unit)
        return Text(f"{subject.zh}{name.zh}恢复 {value}", f"{subject.en} {name.en} cleared, now {value}")
    word = _WORDS_AFTER[event]
    return Text(f"{subject.zh}{name.zh}{word.zh}", f"{subject.en} {name.en} {word.en}")


def plain_title(event: Event, subject: Text) -> Text:
    """Return the title of an event of a trouble that has no figures, such as hazwatch's own."""
    word = _WORDS_AFTER.get(event, NOTHING)
    return Text(f"{subject.zh}（{word.zh}）", f"{subject.en} ({word.en})") if word.en else subject


def name_of(condition: Condition, unit: str) -> Text:
    """Return the condition in a word where it is spoken of and not announced."""
    if condition.method != Method.FORECAST:
        return label_of(condition, unit)
    word = LIMIT_WORDS[condition.limit_name or ""]
    return Text(f"预计达到{word.zh}", f"forecast of the {word.en}")


def stands_unseen(condition: Condition, unit: str) -> Text:
    """Return what it means that a sensor falls silent, or bad, for what is wrong with its process."""
    name = name_of(condition, unit)
    return Text(
        f"该测点的报警（{name.zh}）仍在，恢复信号前保持",
        f"its alert ({name.en}) stands and stays until the sensor can be read again",
    )


_WORDS_AFTER: Mapping[Event, Text] = MappingProxyType(
    {
        Event.ACKNOWLEDGED: Text("已确认", "acknowledged"),
        Event.CLOSED: Text("已关闭", "closed"),
        Event.CLEARED: Text("已恢复", "cleared"),
        Event.REOPENED: Text("再次发生", "again"),
        Event.ESCALATED: Text("升级", "graver"),
        Event.DEESCALATED: Text("降级", "less grave"),
        Event.CONFIRMED: Text("已反馈处置", "seen to"),
        Event.RESET: Text("已复位", "reset"),
        Event.COMMENTED: Text("有备注", "commented"),
        Event.SHELVED: Text("已搁置", "shelved"),
        Event.UNSHELVED: Text("搁置结束", "no longer shelved"),
        Event.SUPPRESSED: Text("已按设计抑制", "suppressed by design"),
        Event.UNSUPPRESSED: Text("抑制结束", "no longer suppressed"),
        Event.OUT_OF_SERVICE: Text("已停用", "out of service"),
        Event.IN_SERVICE: Text("恢复投用", "in service again"),
    }
)


def seen(facts: Condition, ended: Condition | None, unit: str, what: Text) -> Text:
    """Return what was seen, in full: the reading, against which limit or model, since when.

    `what` names the sensor with its place. `ended` is the condition that held until now, as it was told when it held;
    None where `facts` is one that holds.
    """
    value = Text.same(quantity(facts.value, unit))
    if facts.uncertain:
        value = Text(f"{value.zh}（{UNCERTAIN.zh}）", f"{value.en} ({UNCERTAIN.en})")
    held = facts if ended is None else ended
    told = seen_of(held, unit)
    since = rfc3339(held.onset_ns)
    if ended is None:
        return Text(
            f"{what.zh}：{value.zh}，{told.zh}，始于 {since}",
            f"{what.en}: {value.en}, {told.en}, since {since}",
        )
    return Text(
        f"{what.zh}：现为 {value.zh}；已结束：{told.zh}，始于 {since}",
        f"{what.en}: now {value.en}; ended: {told.en}, since {since}",
    )


def _more(condition: Condition, confirmed_by: Text | None) -> Text:
    """Return what a title adds: how soon the next limit is expected (a forecast says its own), and who confirms."""
    zh = en = ""
    if condition.forecast_s is not None and condition.method != Method.FORECAST:
        left = ahead(condition.forecast_s)
        next_ = Text("下一限值", "next limit") if condition.is_limit else Text("限值", "limit")
        zh, en = f"，{left.zh}达{next_.zh}", f", {next_.en} {left.en}"
    if condition.uncertain:
        zh, en = f"{zh}，{UNCERTAIN.zh}", f"{en}, {UNCERTAIN.en}"
    if confirmed_by is not None:
        zh, en = f"{zh}，{confirmed_by.zh} 印证", f"{en}, confirmed by {confirmed_by.en}"
    return Text(zh, en)


_Figure = Callable[[Condition, str], Text]

_FIGURES: Mapping[str, _Figure] = MappingProxyType(
    {
        "v": lambda c, unit: in_unit(c.value, unit),
        "s": lambda c, unit: PHRASES[c.method].scale(c.statistic, unit),
        "t": lambda c, unit: PHRASES[c.method].scale(c.threshold, unit),
        "limit": lambda c, unit: in_unit(c.limit_value, unit),
        "word": lambda c, _: LIMIT_WORDS[c.limit_name or ""],
        "side": lambda c, _: Text("低于", "below") if c.side is Kind.LOW else Text("高于", "above"),
        "ahead": lambda c, _: Text("稍后", "soon") if c.forecast_s is None else ahead(c.forecast_s),
        "who": lambda c, _: _names(", ".join(other.name for other in c.others)),
    }
)
"""What templates may ask for."""


def label_of(condition: Condition, unit: str) -> Text:
    """Return the condition in a word."""
    if condition.is_limit:
        return LABEL_OF_LIMIT[condition.limit_name or ""]
    return _filled(PHRASES[condition.method].label, condition, unit)


def figures_of(condition: Condition, unit: str) -> Text:
    """Return what a title says after the label."""
    return _filled(PHRASES[condition.method].figures, condition, unit)


@lru_cache(maxsize=256)
def seen_of(condition: Condition, unit: str) -> Text:
    """Return what was seen, to stand behind ``level is`` or behind the reading; a line says it in several places."""
    return _filled(PHRASES[condition.method].seen, condition, unit)


def _filled(template: Text, condition: Condition, unit: str) -> Text:
    """Return a template with the condition's figures; only those that it asks for are made, for alerts come in floods."""
    told = {name: _FIGURES[name](condition, unit) for name in _asked(template)}
    return Text(
        template.zh.format_map({name: text.zh for name, text in told.items()}),
        template.en.format_map({name: text.en for name, text in told.items()}),
    )


@cache
def _asked(template: Text) -> tuple[str, ...]:
    """Return the figures that a template asks for, in either language."""
    parts = [*Formatter().parse(template.zh), *Formatter().parse(template.en)]
    return tuple(sorted({name for _, name, _, _ in parts if name}))


def _names(who: str) -> Text:
    return Text(f" {who} ", f" {who}") if who else NOTHING
