"""The alerts of a hand-over, row by row: what stands, what is held back, what happened."""

from collections.abc import Mapping, Sequence

from alerting.events import Family
from registry.plant import Text
from service.reports.cells import Cell, Table, counted, graded, row
from service.reports.following import Episode
from service.reports.period import Period
from service.reports.words import NOTHING, STATE_WORDS, moment

SHOWN = 60
"""Rows of a list that are shown, the gravest where it has more."""
TIME, GRADE, ALERT = Text("时间", "time"), Text("级别", "grade"), Text("报警", "alert")
BY, SINCE, UNTIL = Text("人员", "by"), Text("自", "since"), Text("至", "until")
STATE = Text("状态", "state")


_OPEN_TITLES: Mapping[Family, Text] = {
    Family.PROCESS: Text("未关闭的过程报警", "open alerts of the process"),
    Family.HEALTH: Text("未关闭的传感器故障", "open troubles of sensors"),
    Family.SYSTEM: Text("未关闭的系统自身故障", "open troubles of hazwatch itself"),
}


def open_table(family: Family, episodes: Sequence[Episode], period: Period) -> Table:
    """Return the alerts of a family that stand, gravest first."""
    return Table(
        name=f"open_{family}",
        title=counted(_OPEN_TITLES[family], len(episodes), SHOWN),
        head=(GRADE, ALERT, SINCE, STATE, Text("处理人", "assigned to"), Text("最后说明", "last words")),
        rows=tuple(
            row(
                graded(one.line.grade),
                one.line.title,
                at(one.since_ns, period),
                _state(one),
                one.line.assigned or NOTHING,
                _words(one),
            )
            for one in episodes[:SHOWN]
        ),
    )


def _state(episode: Episode) -> Text:
    word = STATE_WORDS[episode.line.state]
    by = episode.acknowledged_by
    return Text(f"{word.zh} {by}", f"{word.en} {by}") if by else word


def _words(episode: Episode) -> Text:
    if not episode.said:
        return NOTHING
    by = episode.said_by
    return Text(f"{by}：{episode.said}", f"{by}: {episode.said}") if by else Text.same(episode.said)


def held_table(episodes: Sequence[Episode], period: Period) -> Table:
    """Return the alerts that are held back, with who holds them, why and until when."""
    return Table(
        name="held",
        title=counted(
            Text("被搁置、抑制、停用的报警", "alerts shelved, suppressed, out of service"),
            len(episodes),
            SHOWN,
        ),
        head=(STATE, GRADE, ALERT, SINCE, UNTIL, BY, Text("原因", "reason")),
        rows=tuple(
            row(
                STATE_WORDS[one.line.state],
                graded(one.line.grade),
                one.line.title,
                at(one.held_since_ns, period),
                at(one.hold.until_ns, period) if one.hold else NOTHING,
                one.hold.by if one.hold else NOTHING,
                one.hold.reason if one.hold else NOTHING,
            )
            for one in episodes[:SHOWN]
        ),
    )


def happened_table(episodes: Sequence[Episode], period: Period) -> Table:
    """Return every alert of the shift in the order in which they began; where there are too many, the gravest."""
    gravest = sorted(range(len(episodes)), key=lambda i: (-episodes[i].grade, i))[:SHOWN]
    return Table(
        name="happened",
        title=counted(Text("本班报警", "alerts of the shift"), len(episodes), SHOWN),
        head=(
            TIME,
            GRADE,
            ALERT,
            Text("次数", "times"),
            Text("确认", "acknowledged"),
            Text("恢复", "returned"),
            STATE,
        ),
        rows=tuple(_episode(episodes[i], period) for i in sorted(gravest)),
    )


def _episode(one: Episode, period: Period) -> tuple[Cell, ...]:
    answered: Text | str = NOTHING
    if one.acknowledged_ns is not None:
        answered = f"{one.acknowledged_by} {at(one.acknowledged_ns, period).en}"
    return row(
        at(one.since_ns, period),
        graded(one.grade),
        one.title,
        one.times,
        answered,
        NOTHING if one.returned_ns is None else at(one.returned_ns, period),
        STATE_WORDS[one.line.state],
    )


def at(t_ns: int | None, period: Period) -> Text:
    """Return a time to the minute, without its date where it lies in the day of the period's end."""
    if t_ns is None:
        return NOTHING
    told, end = moment(t_ns, period).en[:16], moment(period.end_ns - 1, period).en[:10]
    return Text.same(told.removeprefix(f"{end} ") if t_ns < period.end_ns else told)
