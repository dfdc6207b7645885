"""The tables of a hand-over about places: what holds their alerts back now, and which works are announced."""

from collections.abc import Mapping, Sequence

from alerting.arrangements import Arrangement
from registry.plant import Text
from service.reports.cells import Table, counted, row
from service.reports.handover_alerts import BY, SHOWN, SINCE, STATE, UNTIL, at
from service.reports.period import Period
from service.reports.words import STATE_WORDS

PLACE = Text("位置", "place")
REASON = Text("原因", "reason")
_PLACE_WORDS: Mapping[str, Text] = {
    "slot": Text("测点", "sensor"),
    "sensor": Text("测点", "sensor"),
    "equipment": Text("设备", "equipment"),
    "source": Text("重大危险源", "hazard source"),
}


def arrangements_table(standing: Sequence[Arrangement], period: Period) -> Table:
    """Return all that holds alerts back, also where it holds none at the moment."""
    return Table(
        name="arrangements",
        title=counted(
            Text("正在生效的搁置、抑制、停用", "shelvings, suppressions, works in force"),
            len(standing),
            SHOWN,
        ),
        head=(STATE, PLACE, SINCE, UNTIL, BY, REASON),
        rows=tuple(
            row(
                STATE_WORDS[one.kind],
                _place(one),
                at(one.since_ns, period),
                Text("恢复正常", "normal again") if one.one_shot else at(one.until_ns, period),
                _agreed(one),
                f"{one.name} {one.reason}".strip(),
            )
            for one in standing[:SHOWN]
        ),
    )


def ahead_table(announced: Sequence[Arrangement], until_ns: int, period: Period) -> Table:
    """Return the works that begin before a time, what begins first first."""
    begin = sorted(
        (one for one in announced if one.since_ns < until_ns), key=lambda one: (one.since_ns, one.id)
    )
    return Table(
        name="ahead",
        title=counted(Text("预告的检修", "announced works"), len(begin), SHOWN),
        head=(
            Text("开始", "from"),
            UNTIL,
            PLACE,
            Text("作业票", "permit"),
            Text("预告人", "announced by"),
            REASON,
        ),
        rows=tuple(
            row(
                at(one.since_ns, period),
                at(one.until_ns, period),
                _place(one),
                one.name,
                _announced_by(one),
                one.reason,
            )
            for one in begin[:SHOWN]
        ),
    )


def _announced_by(one: Arrangement) -> Text:
    agreed = _agreed(one)
    return (
        Text(f"{agreed}（报警设置文件）", f"{agreed} (alarms file)") if one.of_settings else Text.same(agreed)
    )


def _agreed(one: Arrangement) -> str:
    return f"{one.by} + {one.second}" if one.second else one.by


def _place(one: Arrangement) -> Text:
    word = _PLACE_WORDS[one.place_kind]
    return Text(f"{word.zh} {one.place}", f"{word.en} {one.place}")
