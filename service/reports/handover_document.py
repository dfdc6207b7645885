"""A hand-over as tables: what is to be known first, then what stands, then what happened."""

from collections.abc import Iterator, Sequence

from alerting.events import HELD_STATES, UNACKNOWLEDGED_STATES, Event, Family
from alerting.events import Kind as AlertKind
from ledger.handover import HandoverNote
from registry.plant import Text
from service.reports.cells import Table, counted, graded, row
from service.reports.document import About, Document, Kind, head_of
from service.reports.following import Episode, Gathered
from service.reports.handover import Duty, Handover, ahead_until_ns
from service.reports.handover_alerts import (
    ALERT,
    BY,
    GRADE,
    SHOWN,
    TIME,
    at,
    happened_table,
    held_table,
    open_table,
)
from service.reports.handover_places import ahead_table, arrangements_table
from service.reports.lines import Line
from service.reports.measures import GRADES
from service.reports.period import Period
from service.reports.plot import alarms_plot
from service.reports.shifts import Shift
from service.reports.words import NOTHING, STATE_WORDS, moment


def handover_document(handover: Handover, about: About) -> Document:
    """Return the hand-over as it is shown."""
    report, period = handover.report, handover.report.period
    return Document(
        kind=Kind.HANDOVER,
        period=period,
        head=(*head_of(period, about, report.origin), *_shifts(handover)),
        tables=tuple(_tables(handover)),
        plots=(("alarms", alarms_plot(report)),) if report.panel.by_minute else (),
        warnings=handover.warnings,
        notes=tuple(_notes(handover)),
    )


def _shifts(handover: Handover) -> Iterator[tuple[Text, Text]]:
    period = handover.report.period
    for title, shift in (
        (Text("本班", "this shift"), handover.known.shift),
        (Text("下一班", "next shift"), handover.known.next),
    ):
        if shift is not None:
            yield title, _shift(shift, period)


def _shift(shift: Shift, period: Period) -> Text:
    start, end = moment(shift.start_ns, period).en[:16], moment(shift.end_ns, period).en[:16]
    return Text.same(f"{shift.name} ({start} – {end})")


def _tables(handover: Handover) -> Iterator[Table]:
    period, followed, known = handover.report.period, handover.followed, handover.known
    standing = [one for one in followed.standing if one.line.state not in HELD_STATES]
    families = {family: [one for one in standing if _family(one) is family] for family in Family}
    yield _brief(handover, standing)
    if known.duty is not None:
        yield _duty(known.duty)
    if known.notes is not None:
        yield _notes_table(known.notes, period)
    for family in Family:
        yield open_table(family, families[family], period)
    held = [one for one in followed.standing if one.line.state in HELD_STATES]
    yield held_table(held, period)
    if known.arrangements is not None:
        yield arrangements_table(known.arrangements, period)
    if known.ahead is not None:
        yield ahead_table(known.ahead, ahead_until_ns(known, period.end_ns), period)
    yield _incidents(followed.incidents, period)
    yield _said(handover)
    yield happened_table(followed.episodes, period)


def _family(episode: Episode) -> Family:
    return AlertKind(episode.line.alarm[1]).family


def _brief(handover: Handover, standing: Sequence[Episode]) -> Table:
    """One line of figures for each grade, and one for all."""
    period, held = handover.report.period, handover.followed.standing
    rows = []
    for grade in (*GRADES, None):
        stands = [one for one in standing if grade in {None, one.line.grade}]
        opened = [one for one in handover.followed.episodes if grade in {None, one.grade}]
        rows.append(
            row(
                Text("合计", "all") if grade is None else graded(grade),
                sum(one.times for one in opened) + (handover.followed.left_out if grade is None else 0),
                len(stands),
                sum(one.line.state in UNACKNOWLEDGED_STATES for one in stands),
                *(
                    sum(one.line.state == state and grade in {None, one.line.grade} for one in held)
                    for state in ("shelved", "suppressed", "out_of_service")
                ),
            )
        )
    return Table(
        name="brief",
        title=Text(
            f"概况（截至 {moment(period.end_ns, period).zh[:16]}）",
            f"in brief (as of {moment(period.end_ns, period).en[:16]})",
        ),
        head=(
            GRADE,
            Text("本班报警", "alarms in the shift"),
            Text("未关闭", "open"),
            Text("其中未确认", "of these unacknowledged"),
            *(STATE_WORDS[state] for state in ("shelved", "suppressed", "out_of_service")),
        ),
        rows=tuple(rows),
    )


def _duty(duty: Sequence[Duty]) -> Table:
    return Table(
        name="duty",
        title=Text("值班", "on duty"),
        head=(Text("值班表", "schedule"), Text("本班", "this shift"), Text("下一班", "next shift")),
        rows=tuple(row(one.schedule, _names(one.now), _names(one.next)) for one in duty),
    )


def _names(people: Sequence[Text]) -> Text:
    if not people:
        return NOTHING
    return Text("、".join(one.zh for one in people), ", ".join(one.en for one in people))


def _notes_table(notes: Sequence[HandoverNote], period: Period) -> Table:
    return Table(
        name="handover_notes",
        title=Text("交班留言", "notes of the outgoing shift"),
        head=(Text("留言", "note"), Text("交班人", "written by"), Text("接班人", "taken over by")),
        rows=tuple(
            row(
                note.text,
                f"{note.by} {moment(note.written_ns, period).en[:16]}",
                _taken(note, period),
            )
            for note in notes
        ),
    )


def _taken(note: HandoverNote, period: Period) -> Text:
    if note.taken_ns is None or note.taken_by is None:
        return Text("尚未接班", "not yet")
    told = f"{note.taken_by} {moment(note.taken_ns, period).en[:16]}"
    return Text.same(f"{told} {note.answer}".strip())


def _incidents(incidents: Sequence[Gathered], period: Period) -> Table:
    ordered = sorted(incidents, key=lambda one: (-one.newest.grade, one.first_ns))
    return Table(
        name="incidents",
        title=counted(Text("事件", "incidents"), len(incidents), SHOWN),
        head=(
            GRADE,
            Text("首出报警", "first-out alarm"),
            Text("重大危险源", "hazard source"),
            Text("首次", "first"),
            Text("最近", "last"),
            Text("报警数", "alerts"),
            Text("未关闭", "open"),
        ),
        rows=tuple(
            row(
                graded(one.newest.grade),
                one.newest.first_out,
                one.source or NOTHING,
                at(one.first_ns, period),
                at(one.last_ns, period),
                one.newest.size,
                len(one.alerts),
            )
            for one in ordered[:SHOWN]
        ),
    )


def _said(handover: Handover) -> Table:
    period, said = handover.report.period, handover.followed.said
    return Table(
        name="said",
        title=counted(
            Text("处置反馈与备注", "handling reports and comments"),
            len(said) + handover.followed.unsaid,
            SHOWN,
        ),
        head=(TIME, ALERT, BY, Text("内容", "words")),
        rows=tuple(
            row(
                at(line.t_ns, period),
                line.title,
                line.by or NOTHING,
                _heard(line),
            )
            for line in said[-SHOWN:]
        ),
    )


def _heard(line: Line) -> Text:
    if line.event == Event.CONFIRMED:
        cause = line.cause_name
        return Text(f"{cause.zh}：{line.words}", f"{cause.en}: {line.words}")
    if not line.words and line.assigned:
        return Text(f"交由 {line.assigned} 处理", f"assigned to {line.assigned}")
    return Text.same(line.words)


def _notes(handover: Handover) -> Iterator[Text]:
    yield Text(
        "状态为时段结束时的状态；时间后无日期的为时段结束当天",
        "states are those at the period's end; a time without a date is of the day on which it ends",
    )
    if handover.known.arrangements is not None:
        yield Text(
            "正在生效和预告的各项为生成报告时的情况",
            "what is in force or announced is so at the time when this report was made",
        )
    if handover.known.ahead is not None:
        until = at(ahead_until_ns(handover.known, handover.report.period.end_ns), handover.report.period)
        yield Text(
            f"预告的检修为 {until.zh} 前开始的", f"announced works are those that begin before {until.en}"
        )
