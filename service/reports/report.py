"""A whole report: the panel of all alerts, those of the slices asked for, and what a reader must know of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from alerting.routing import area_chain
from registry.plant import Plant, Text
from service.reports.fold import OPERATOR, AlarmFold, Keys
from service.reports.lines import Line
from service.reports.measures import Panel, panel_of
from service.reports.period import Period
from service.reports.rules import Rules
from service.reports.tally import Counted
from service.reports.words import moment


class By(StrEnum):
    """By what alerts are put apart."""

    OPERATOR = OPERATOR
    SOURCE = "source"
    ENTERPRISE = "enterprise"
    AREA = "area"

    @property
    def text(self) -> Text:
        """The word for it."""
        return _BY_WORDS[self]


_BY_WORDS: Mapping[By, Text] = {
    By.OPERATOR: Text("按人员", "by operator"),
    By.SOURCE: Text("按重大危险源", "by hazard source"),
    By.ENTERPRISE: Text("按企业", "by enterprise"),
    By.AREA: Text("按行政区", "by area"),
}
_NONE: Mapping[By, Text] = {
    By.OPERATOR: Text("（无人确认）", "(nobody acknowledged)"),
    By.SOURCE: Text("（无所属）", "(of none)"),
    By.ENTERPRISE: Text("（无所属）", "(of none)"),
    By.AREA: Text("（无所属）", "(of none)"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One of what alerts were put apart by; `key` is empty for those that belong to none."""

    key: str
    name: Text
    panel: Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a report says; tables, pages and files are made from this alone. `lines` are how many there were, by event."""

    origin: str
    period: Period
    rules: Rules
    panel: Panel
    slices: Mapping[By, tuple[Slice, ...]]
    notes: tuple[Text, ...]
    warnings: tuple[Text, ...]
    lines: Mapping[str, int]


def report_of(
    lines: Iterable[Line], *, period: Period, rules: Rules, by: Iterable[By], plant: Plant, origin: str
) -> Report:
    """Return the report of lines in their order; `origin` says where they are from, `plant` has names and areas."""
    wanted = tuple(dict.fromkeys(by))
    fold = fold_of(period, rules, wanted, plant)
    fold.take_all(lines)
    return report_from(fold.counted(), rules=rules, by=wanted, plant=plant, origin=origin)


def fold_of(period: Period, rules: Rules, by: tuple[By, ...], plant: Plant) -> AlarmFold:
    """Return the fold that counts alarms, put apart as asked for."""
    keys: dict[str, Keys] = {each: _keys(each, plant) for each in by if each is not By.OPERATOR}
    return AlarmFold(period, rules, keys, by_operator=By.OPERATOR in by)


def report_from(counted: Counted, *, rules: Rules, by: tuple[By, ...], plant: Plant, origin: str) -> Report:
    """Return the report of what was counted."""
    return Report(
        origin=origin,
        period=counted.period,
        rules=rules,
        panel=panel_of(counted.whole, counted.period, rules),
        slices={each: tuple(_slices(each, counted, rules, plant)) for each in by},
        notes=tuple(_notes(rules, by, plant)),
        warnings=(*_too_short(counted.period, rules), *line_warnings(counted)),
        lines=counted.events,
    )


def _keys(by: By, plant: Plant) -> Keys:
    if by is By.AREA:
        return lambda line: area_chain(line.area, plant.areas)
    name = str(by)
    return lambda line: (getattr(line, name),)


def _slices(by: By, counted: Counted, rules: Rules, plant: Plant) -> Iterator[Slice]:
    tallies = counted.slices[by]
    for key in sorted(tallies, key=lambda key: (-tallies[key].annunciated, key)):
        panel = panel_of(tallies[key], counted.period, rules, gauges=by is not By.OPERATOR)
        yield Slice(key=key, name=name_of(by, key, plant), panel=panel)


def name_of(by: By, key: str, plant: Plant) -> Text:
    """Return what a slice is called: name and id."""
    if not key:
        return _NONE[by]
    known: Mapping[By, Mapping[str, object]] = {
        By.SOURCE: plant.sources,
        By.ENTERPRISE: plant.enterprises,
        By.AREA: plant.areas,
    }
    named = getattr(known.get(by, {}).get(key), "name", None)
    if not isinstance(named, Text) or named == Text.same(key):
        return Text.same(key)
    return Text(f"{named.zh} {key}", f"{named.en} {key}")


def _too_short(period: Period, rules: Rules) -> Iterator[Text]:
    if period.span_days < rules.base_days:
        yield Text(
            f"时段只有 {period.span_days:.3g} 天，标准要求至少 {rules.base_days} 天；结论仅供参考",
            f"the period is {period.span_days:.3g} days, the standard asks for at least {rules.base_days}: "
            "read the verdicts with care",
        )


def line_warnings(counted: Counted) -> Iterator[Text]:
    """Yield what the lines lack for the period to be told of in full."""
    period = counted.period
    if not counted.events:
        yield _nothing(counted)
    elif counted.first_ns is not None and counted.first_ns > period.start_ns:
        yield Text(
            f"第一条记录在 {_at(counted, counted.first_ns)}，晚于时段开始：此前是否有在报报警不得而知",
            f"the first line is of {_at(counted, counted.first_ns)}, after the period begins: "
            "what stood before is not known",
        )
    if counted.unopened:
        yield Text(
            f"{counted.unopened} 条报警的开始不在记录中：计入在报，不计入报警数",
            f"the opening of {counted.unopened} of the alerts is not in the lines: they count as standing, "
            "not as alarms",
        )


def _nothing(counted: Counted) -> Text:
    if counted.first_ns is None or counted.last_ns is None:
        return Text("时段结束前没有任何报警记录", "there is no alert line before the period's end")
    return Text(
        f"时段内没有报警记录；此前的记录从 {_at(counted, counted.first_ns)} 到 {_at(counted, counted.last_ns)}",
        f"there is no alert line in the period; those before are from {_at(counted, counted.first_ns)} "
        f"to {_at(counted, counted.last_ns)}",
    )


def _at(counted: Counted, t_ns: int) -> str:
    return f"{moment(t_ns, counted.period).en} {counted.period.zone}"


def _notes(rules: Rules, by: tuple[By, ...], plant: Plant) -> Iterator[Text]:
    yield Text(
        "报警数为开始（opened）与再次发生（reopened）的次数，不是记录行数；被搁置、抑制、停用或路由未通告的另计",
        "alarms are activations (opened, reopened), not lines; those shelved, suppressed, out of service or "
        "held back by routing are counted apart",
    )
    yield Text(
        "限值按一个操作台计；限值出自公开来源的转述，未核对标准原文（docs/report.md）",
        "limits hold for one operator's console; they are from public sources, not checked against the "
        "standards' texts (docs/report.md)",
    )
    yield Text(
        "未经授权的更改（目标为 0）无法由报警记录得出，此处不评价",
        "unauthorised changes (target: none) cannot be measured from alert lines and are not judged here",
    )
    yield Text(
        f"抖动：同一报警 {rules.chattering_ns // 10**9} 秒内 {rules.chattering_count} 次以上；"
        f"瞬时：{rules.fleeting_ns // 10**9} 秒内无人处置自行恢复",
        f"chattering: one alarm {rules.chattering_count} times or more in {rules.chattering_ns // 10**9} s; "
        f"fleeting: returned within {rules.fleeting_ns // 10**9} s without an action",
    )
    yield Text(
        f"疑似盲目确认：报警后 {rules.rubber_stamp_ns // 10**9} 秒内确认，"
        f"或一人 {rules.rubber_stamp_burst_ns // 10**9} 秒内确认超过 {rules.rubber_stamp_count} 条",
        f"like a rubber stamp: acknowledged within {rules.rubber_stamp_ns // 10**9} s of the alert, "
        f"or more than {rules.rubber_stamp_count} in {rules.rubber_stamp_burst_ns // 10**9} s by one person",
    )
    if By.OPERATOR in by:
        yield Text(
            "按人员：报警归最先确认它的人；无人确认的单列",
            "by operator: an alarm is that of who acknowledged it first; those of nobody stand apart",
        )
    if By.AREA in by:
        yield Text(
            "按行政区：上级行政区包含其下级，各行之和可大于总数",
            "by area: a district has its towns too, so the rows may add up to more than all",
        )
        if not plant.areas:
            yield Text(
                "未给出设置文件，行政区的上下级关系未知，各行只含自身",
                "without the settings it is not known which area lies in which: each row has its own alerts only",
            )
