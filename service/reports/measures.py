"""The measures of a slice: each a figure with its unit, its limit and its verdict, and the lists that stand behind them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from types import MappingProxyType

from alerting.events import Grade
from registry.plant import Text
from service.reports.bins import Flood, Gauge, Spans, floods, sliding
from service.reports.period import Period
from service.reports.rules import PERIOD_MINUTES, Limit, Rules, Verdict
from service.reports.tally import Alarm, Bad, Person, Stale, Tally, longest

PERCENT, SECONDS, COUNT, POINTS = "%", "s", "", "pp"
TOP = 10
GRADES = (Grade.RED, Grade.ORANGE, Grade.YELLOW, Grade.BLUE)
GRADE_WORDS: Mapping[Grade, Text] = MappingProxyType(
    {
        Grade.RED: Text("红", "red"),
        Grade.ORANGE: Text("橙", "orange"),
        Grade.YELLOW: Text("黄", "yellow"),
        Grade.BLUE: Text("蓝", "blue"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure; `value` is None where there was nothing to measure it on."""

    name: str
    text: Text
    value: float | None
    unit: str
    limit: Limit | None

    @property
    def verdict(self) -> Verdict | None:
        """What the figure says; None without a limit or without a figure."""
        return None if self.limit is None or self.value is None else self.limit.verdict(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """How long people took, in seconds; `answered` of `asked` activations.

    `in_time` is the share in per cent of those that were answered within the time of their grade, of all for which that is
    known; None where it is not known of any, or where there is no such time.
    """

    grade: Grade
    asked: int
    answered: int
    median_s: float | None
    p90_s: float | None
    p95_s: float | None
    in_time: float | None = None

    @property
    def share(self) -> float | None:
        """How many were answered, in per cent."""
        return _percent(self.answered, self.asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Priority:
    """How many annunciated alarms had a grade, their share and what it should be, in per cent."""

    grade: Grade
    count: int
    share: float | None
    wanted: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """An alarm that stands out: how often it came; its share in per cent of all, or the runs of its chatter."""

    alarm: Alarm
    times: int
    share: float | None = None
    runs: int | None = None
    first_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Everything that is said of a slice.

    `by_minute` are the annunciated alarms of each minute that had any, `kinds` those of each kind and grade.
    """

    measures: tuple[Measure, ...]
    by_minute: Mapping[int, int]
    floods: tuple[Flood, ...]
    top: tuple[Actor, ...]
    chattering: tuple[Actor, ...]
    fleeting: tuple[Actor, ...]
    stale: tuple[Stale, ...]
    stale_by_day: tuple[int, ...]
    by_day: tuple[int, ...]
    priorities: tuple[Priority, ...]
    kinds: Mapping[tuple[str, Grade], int]
    acknowledged: tuple[Response, ...]
    confirmed: tuple[Response, ...]
    causes: Mapping[str, int]
    false_alarms: int
    people: Mapping[str, Person]
    held: Mapping[str, int]
    holds: Mapping[tuple[str, str], int]
    standing_by_hour: tuple[int, ...]
    shelved_by_hour: tuple[int, ...]

    def measure(self, name: str) -> Measure:
        """Return a measure by its name."""
        return next(measure for measure in self.measures if measure.name == name)


def panel_of(tally: Tally, period: Period, rules: Rules, *, gauges: bool = True) -> Panel:
    """Return what is said of a slice; without `gauges` for one of which it is not known what stood when."""
    last = period.minutes
    found = floods(tally.minutes, last, rules)
    stale_by_day = list(accumulate(tally.stale_steps[day] for day in range(len(period.days))))
    figures = _Figures(tally, period, rules, found, stale_by_day, gauges=gauges)
    total = tally.annunciated
    return Panel(
        measures=tuple(figures.all()),
        by_minute=MappingProxyType(dict(sorted(tally.minutes.items()))),
        floods=tuple(found),
        top=tuple(
            Actor(alarm=alarm, times=times, share=_percent(times, total)) for alarm, times in _top(tally)
        ),
        chattering=_actors(tally.chattering, with_runs=True),
        fleeting=_actors(tally.fleeting, with_runs=False),
        stale=tuple(longest(tally.stale, period.end_ns)),
        stale_by_day=tuple(stale_by_day),
        by_day=tuple(tally.days[day] for day in range(len(period.days))),
        priorities=tuple(
            Priority(
                grade=grade,
                count=tally.grades[grade],
                share=_percent(tally.grades[grade], total),
                wanted=rules.priorities[grade],
            )
            for grade in GRADES
        ),
        kinds=MappingProxyType(dict(sorted(tally.kinds.items()))),
        acknowledged=tuple(
            replace(
                _response(grade, tally, tally.to_acknowledge[grade]),
                in_time=_percent(tally.in_time[grade], tally.in_time[grade] + tally.late[grade]),
            )
            for grade in GRADES
        ),
        confirmed=tuple(_response(grade, tally, tally.to_confirm[grade]) for grade in GRADES),
        causes=MappingProxyType(dict(sorted(tally.confirmed.items()))),
        false_alarms=tally.false_alarms,
        people=MappingProxyType(dict(sorted(tally.people.items()))),
        held=MappingProxyType({str(why): count for why, count in sorted(tally.held.items())}),
        holds=MappingProxyType(dict(sorted(tally.holds.items()))),
        standing_by_hour=tuple(tally.standing.by_hour()) if gauges else (),
        shelved_by_hour=tuple(tally.shelved.by_hour()) if gauges else (),
    )


class _Figures:
    """Makes the measures of a tally, in the order in which they are shown."""

    def __init__(
        self,
        tally: Tally,
        period: Period,
        rules: Rules,
        found: list[Flood],
        stale_by_day: list[int],
        *,
        gauges: bool,
    ) -> None:
        self._tally, self._period, self._rules = tally, period, rules
        self._floods, self._stale_by_day, self._gauges = found, stale_by_day, gauges

    def all(self) -> Iterator[Measure]:
        yield from self._rates()
        yield from self._crowds()
        yield from self._bad_actors()
        yield from self._levels()
        yield from self._answers()

    def _of(self, name: str, text: Text, value: float | None, unit: str = COUNT) -> Measure:
        return Measure(name=name, text=text, value=value, unit=unit, limit=self._rules.limits.get(name))

    def _rates(self) -> Iterator[Measure]:
        tally, period = self._tally, self._period
        total, minutes = tally.annunciated, (period.end_ns - period.start_ns) / 60e9
        hours = _summed(tally.minutes, 60)
        yield self._of("annunciated", Text("通告的报警", "annunciated alarms"), total)
        yield self._of(
            "held", Text("被搁置、抑制或未通告的报警", "alarms held back, nobody told"), tally.held.total()
        )
        yield self._of(
            "per_day_average", Text("每天报警数，平均", "alarms per day, average"), total * 1440 / minutes
        )
        yield self._of(
            "per_day_peak",
            Text("每天报警数，最多", "alarms per day, most"),
            max(tally.days.values(), default=0),
        )
        yield self._of(
            "per_hour_average", Text("每小时报警数，平均", "alarms per hour, average"), total * 60 / minutes
        )
        yield self._of(
            "per_hour_peak",
            Text("每小时报警数，最多", "alarms per hour, most"),
            max(hours.values(), default=0),
        )
        yield self._of(
            "per_10min_average",
            Text("每 10 分钟报警数，平均", "alarms per 10 min, average"),
            total * PERIOD_MINUTES / minutes,
        )
        peak = max((count for _, count in sliding(tally.minutes)), default=0)
        yield self._of("per_10min_peak", Text("任意 10 分钟报警数，最多", "alarms in any 10 min, most"), peak)

    def _crowds(self) -> Iterator[Measure]:
        tally, period, rules = self._tally, self._period, self._rules
        crowded = sum(n > rules.crowded_10min for n in _summed(tally.minutes, PERIOD_MINUTES).values())
        yield self._of(
            "crowded_10min_share",
            Text(
                f"超过 {rules.crowded_10min} 条的 10 分钟时段占比",
                f"10-min periods with more than {rules.crowded_10min}",
            ),
            _percent(crowded, period.periods),
            PERCENT,
        )
        crowded = sum(n > rules.crowded_hour for n in _summed(tally.minutes, 60).values())
        yield self._of(
            "crowded_hour_share",
            Text(f"超过 {rules.crowded_hour} 条的小时占比", f"hours with more than {rules.crowded_hour}"),
            _percent(crowded, period.hours),
            PERCENT,
        )
        yield self._of("floods", Text("报警泛滥次数", "floods"), len(self._floods))
        flooded = sum(flood.end_minute - flood.start_minute for flood in self._floods)
        yield self._of(
            "flood_share", Text("泛滥时间占比", "time in flood"), _percent(flooded, period.minutes), PERCENT
        )

    def _bad_actors(self) -> Iterator[Measure]:
        tally = self._tally
        yield self._of(
            "top_ten_share",
            Text("前十报警占比", "share of the ten most frequent alarms"),
            _percent(sum(times for _, times in _top(tally)), tally.annunciated),
            PERCENT,
        )
        yield self._of("chattering_alarms", Text("抖动报警点", "chattering alarms"), len(tally.chattering))
        if self._gauges:
            yield self._of(
                "chattering_share",
                Text("抖动报警点的报警占比", "share of the alarms that chattered"),
                _percent(sum(tally.alarms[alarm] for alarm in tally.chattering), tally.annunciated),
                PERCENT,
            )
        yield self._of("fleeting_alarms", Text("瞬时报警点", "fleeting alarms"), len(tally.fleeting))
        if self._gauges:
            yield self._of(
                "stale_peak",
                Text("陈旧报警（超过 24 小时），一天最多", "stale alarms (over 24 h), most on a day"),
                max(self._stale_by_day),
            )
        deviation = None
        if tally.annunciated:
            deviation = max(
                abs(_share(tally.grades[grade], tally.annunciated) - self._rules.priorities[grade])
                for grade in GRADES
            )
        yield self._of(
            "priority_deviation",
            Text("级别分布与 80/15/5/<1 的最大偏差（百分点）", "priority spread, most beside 80/15/5/<1"),
            deviation,
            POINTS,
        )

    def _levels(self) -> Iterator[Measure]:
        if not self._gauges:
            return
        tally = self._tally
        levels: tuple[tuple[str, Gauge, Text], ...] = (
            ("standing", tally.standing, Text("在报报警", "standing alarms")),
            ("shelved", tally.shelved, Text("搁置报警", "shelved alarms")),
            ("suppressed", tally.suppressed, Text("设计抑制报警", "alarms suppressed by design")),
            ("out_of_service", tally.out_of_service, Text("停用报警", "alarms out of service")),
        )
        for name, gauge, text in levels:
            mean = gauge.mean()
            yield self._of(f"{name}_mean", Text(f"{text.zh}，平均", f"{text.en}, mean"), mean)
            yield self._of(f"{name}_peak", Text(f"{text.zh}，最多", f"{text.en}, most"), gauge.peak)

    def _answers(self) -> Iterator[Measure]:
        tally = self._tally
        for grade in GRADES:
            word = GRADE_WORDS[grade]
            yield self._of(
                f"acknowledge_p95_{grade.label}",
                Text(f"{word.zh}色确认用时 P95", f"time to acknowledge {word.en}, P95"),
                tally.to_acknowledge[grade].quantile(0.95),
                SECONDS,
            )
        in_time = tally.in_time.total()
        yield self._of(
            "in_time_share",
            Text("按时确认占比", "acknowledged in time"),
            _percent(in_time, in_time + tally.late.total()),
            PERCENT,
        )
        yield self._of(
            "returned_unacknowledged_share",
            Text("未确认即恢复占比", "returned to normal unacknowledged"),
            _percent(tally.returned_unacknowledged, tally.annunciated),
            PERCENT,
        )
        yield self._of(
            "no_return_share",
            Text("确认后 4 小时内未恢复占比", "acknowledged, no return within 4 h"),
            _percent(tally.not_returned, tally.not_returned + tally.returned_in_time),
            PERCENT,
        )
        acknowledged = sum(person.acknowledged for person in tally.people.values())
        stamped = sum(person.stamped for person in tally.people.values())
        yield self._of(
            "rubber_stamp_share",
            Text("疑似盲目确认占比", "acknowledgements like a rubber stamp"),
            _percent(stamped, acknowledged),
            PERCENT,
        )
        yield self._of(
            "false_alarm_share",
            Text("处置反馈为误报的占比", "false alarms, of those confirmed"),
            _percent(tally.false_alarms, tally.confirmed.total()),
            PERCENT,
        )


def _summed(minutes: Mapping[int, int], width: int) -> dict[int, int]:
    sums: dict[int, int] = {}
    for minute, count in minutes.items():
        sums[minute // width] = sums.get(minute // width, 0) + count
    return sums


def _share(part: int, whole: int) -> float:
    return 100.0 * part / whole


def _percent(part: int, whole: int) -> float | None:
    return _share(part, whole) if whole else None


def _top(tally: Tally) -> list[tuple[Alarm, int]]:
    return sorted(tally.alarms.items(), key=lambda item: (-item[1], item[0]))[:TOP]


def _actors(bad: Mapping[Alarm, Bad], *, with_runs: bool) -> tuple[Actor, ...]:
    ordered = sorted(bad.items(), key=lambda item: (-item[1].times, item[0]))
    return tuple(
        Actor(alarm=alarm, times=one.times, runs=one.runs if with_runs else None, first_ns=one.first_ns)
        for alarm, one in ordered
    )


def _response(grade: Grade, tally: Tally, spans: Spans) -> Response:
    return Response(
        grade=grade,
        asked=tally.grades[grade],
        answered=spans.count,
        median_s=spans.quantile(0.5),
        p90_s=spans.quantile(0.9),
        p95_s=spans.quantile(0.95),
    )
