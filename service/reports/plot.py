"""The pictures of a report as SVG, each text in both languages: a page shows the one that is chosen."""

import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import pairwise

from registry.plant import Text
from service.reports.measures import GRADE_WORDS, Panel
from service.reports.report import Report
from service.reports.rules import Limit, Rules
from service.reports.words import alarm, moment, number, span

WIDTH, HEIGHT = 640, 308
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 56, 34
_INK, _FAINT, _GRID = "#1c2128", "#57606a", "#e3e6ea"
_BAR, _SECOND, _FLOOD = "#1f6fb4", "#8e44ad", "#f6c9c4"
_GOOD, _BAD = "#2e7d4f", "#b3261e"
GRADE_INKS = ("#c62828", "#d9730d", "#b58900", "#1f6fb4")
"""Red, orange, yellow, blue; every use of them stands beside the grade's name."""
_WIDTHS_MIN = (10, 60, 360, 1440, 7 * 1440, 30 * 1440)
_MOST_BARS = 200


def plots_of(report: Report) -> Iterator[tuple[str, str]]:
    """Yield the pictures by name; those that would be empty are left out."""
    panel = report.panel
    yield "alarms", alarms_plot(report)
    if any(panel.standing_by_hour) or any(panel.shelved_by_hour):
        yield "standing", _standing(report)
    if panel.top:
        yield "top", _top(panel)
        yield "priorities", _priorities(panel)
    if any(response.answered for response in panel.acknowledged):
        yield "acknowledged", _acknowledged(panel, report.rules)


def alarms_plot(report: Report) -> str:
    """Return bars of alarms over time, the limits of the average beside them, floods behind them."""
    period, panel, limits = report.period, report.panel, report.rules.limits
    width = next((w for w in _WIDTHS_MIN if period.minutes <= w * _MOST_BARS), _WIDTHS_MIN[-1])
    count = -(-period.minutes // width)
    sums = [0] * count
    for minute, alarms in panel.by_minute.items():
        sums[minute // width] += alarms
    rate = limits["per_10min_average"]
    lines = [(value * width / 10, colour) for value, colour in _bounds(rate)]
    top = _ceiling(max([*sums, *(value for value, _ in lines)], default=1))
    unit = span(width * 60.0)
    parts = [*_frame(Text(f"报警数，每 {unit.zh}", f"alarms per {unit.en}"), top)]
    for flood in panel.floods:
        x0, x1 = (_x(m / (count * width)) for m in (flood.start_minute, flood.end_minute))
        parts.append(
            f'<rect x="{x0:.1f}" y="{_TOP}" width="{max(x1 - x0, 1.5):.1f}" '
            f'height="{HEIGHT - _TOP - _BOTTOM}" fill="{_FLOOD}"/>'
        )
    step = (WIDTH - _LEFT - _RIGHT) / count
    for k, value in enumerate(sums):
        if value:
            y = _y(value / top)
            parts.append(
                f'<rect x="{_LEFT + k * step:.1f}" y="{y:.1f}" width="{max(step * 0.85, 0.8):.1f}" '
                f'height="{HEIGHT - _BOTTOM - y:.1f}" fill="{_BAR}"/>'
            )
    parts += _limits(lines, top)
    parts += _times(report, count * width)
    return _svg(Text("报警数随时间（底色：泛滥）", "alarms over time (shaded: flood)"), parts)


def _standing(report: Report) -> str:
    panel, period = report.panel, report.period
    standing, shelved = panel.standing_by_hour, panel.shelved_by_hour
    lines = [(value, colour) for value, colour in _bounds(report.rules.limits["standing_peak"])]
    top = _ceiling(max([lines[0][0], *standing, *shelved]))
    parts = [*_frame(Text("在报、搁置，每小时最多", "standing, shelved: most in an hour"), top)]
    parts += _limits([line for line in lines if line[0] <= top], top)
    hours = len(standing)
    for values, colour, dash in ((standing, _BAR, ""), (shelved, _SECOND, ' stroke-dasharray="5 3"')):
        path = f"M{_x(0):.1f} {_y(values[0] / top):.1f}"
        for k, (before, value) in enumerate(pairwise(values), 1):
            if value != before:
                path += f"H{_x(k / hours):.1f}V{_y(value / top):.1f}"
        parts.append(f'<path d="{path}H{_x(1):.1f}" fill="none" stroke="{colour}" stroke-width="1.8"{dash}/>')
    parts += _key(((Text("在报", "standing"), _BAR), (Text("搁置（虚线）", "shelved, dashed"), _SECOND)))
    parts += _times(report, period.hours * 60)
    return _svg(Text("在报与搁置随时间", "standing and shelved over time"), parts)


def _top(panel: Panel) -> str:
    rows = panel.top
    most = max(actor.times for actor in rows)
    height = (HEIGHT - _TOP - 12) / max(len(rows), 5)
    left, right = 250, 140
    parts = []
    for k, actor in enumerate(rows):
        y = _TOP + k * height
        width = (WIDTH - left - right) * actor.times / most
        parts.append(
            f'<rect x="{left}" y="{y + 2:.1f}" width="{width:.1f}" height="{height - 5:.1f}" fill="{_BAR}"/>'
        )
        middle = y + height / 2 + 3
        parts += _text(left - 8, middle, _short(alarm(actor.alarm)), anchor="end", size=12)
        share = f"{actor.times} · {number(actor.share or 0.0)} %"
        parts += _text(left + width + 6, middle, Text.same(share), size=12)
    return _svg(Text("最频繁的十个报警", "the ten most frequent alarms"), parts)


_LONGEST = 34


def _short(text: Text) -> Text:
    return Text(*(t if len(t) <= _LONGEST else "…" + t[1 - _LONGEST :] for t in (text.zh, text.en)))


def _priorities(panel: Panel) -> str:
    """Bars of the shares, a mark where each should be."""
    parts = [*_frame(Text("占比，%", "share, %"), 100.0)]
    step = (WIDTH - _LEFT - _RIGHT) / len(panel.priorities)
    for k, (one, colour) in enumerate(zip(panel.priorities, GRADE_INKS, strict=True)):
        x, share = _LEFT + k * step, one.share or 0.0
        y, wanted = _y(share / 100), _y(one.wanted / 100)
        parts.append(
            f'<rect x="{x + step * 0.2:.1f}" y="{y:.1f}" width="{step * 0.6:.1f}" '
            f'height="{HEIGHT - _BOTTOM - y:.1f}" fill="{colour}"/>'
        )
        parts.append(
            f'<path d="M{x + step * 0.1:.1f} {wanted:.1f}H{x + step * 0.9:.1f}" stroke="{_INK}" '
            'stroke-width="2" stroke-dasharray="4 3"/>'
        )
        parts += _text(x + step / 2, y - 5, Text.same(f"{number(share)} %"), anchor="middle", size=12)
        parts += _text(x + step / 2, HEIGHT - _BOTTOM + 18, GRADE_WORDS[one.grade], anchor="middle")
    return _svg(Text("级别分布（虚线：应为）", "priority spread (dashed: wanted)"), parts)


_SPAN_TICKS_S = (1, 10, 60, 600, 3600, 36_000, 360_000)


def _acknowledged(panel: Panel, rules: Rules) -> str:
    """Median to P95 of each grade on a logarithmic axis, with the limits of P95."""
    left, lo, hi = 84, math.log10(0.5), math.log10(max(7200.0, *(r.p95_s or 0 for r in panel.acknowledged)))

    def x(seconds: float) -> float:
        share = (math.log10(max(seconds, 0.5)) - lo) / (hi - lo)
        return left + share * (WIDTH - left - _RIGHT - 8)

    parts = []
    bottom = HEIGHT - _BOTTOM
    for tick in _SPAN_TICKS_S:
        if math.log10(tick) <= hi:
            parts.append(f'<path d="M{x(tick):.1f} {_TOP}V{bottom}" stroke="{_GRID}"/>')
            parts += _text(x(tick), bottom + 18, span(float(tick)), anchor="middle", size=12)
    step = (bottom - _TOP) / len(panel.acknowledged)
    for k, (one, colour) in enumerate(zip(panel.acknowledged, GRADE_INKS, strict=True)):
        y = _TOP + (k + 0.5) * step
        parts += _text(left - 10, y + 4, GRADE_WORDS[one.grade], anchor="end")
        for bound, ink in _bounds(rules.limits[f"acknowledge_p95_{one.grade.label}"]):
            parts.append(
                f'<path d="M{x(bound):.1f} {y - step * 0.38:.1f}V{y + step * 0.38:.1f}" stroke="{ink}" '
                'stroke-width="2" stroke-dasharray="4 3"/>'
            )
        if one.median_s is None or one.p90_s is None or one.p95_s is None:
            parts += _text(left + 8, y + 4, Text("无", "none"), ink=_FAINT)
            continue
        parts.append(
            f'<path d="M{x(one.median_s):.1f} {y:.1f}H{x(one.p95_s):.1f}" stroke="{colour}" stroke-width="4"/>'
            f'<circle cx="{x(one.median_s):.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>'
            f'<rect x="{x(one.p95_s) - 4:.1f}" y="{y - 7:.1f}" width="8" height="14" fill="{colour}"/>'
        )
    title = Text(
        "确认用时：中位数（圆）到 P95（方）；虚线：限值",
        "time to acknowledge: median (dot) to P95 (bar); dashed: limits",
    )
    return _svg(title, parts)


def _bounds(limit: Limit) -> list[tuple[float, str]]:
    bounds = [(limit.acceptable, _GOOD)]
    return bounds if limit.manageable is None else [*bounds, (limit.manageable, _BAD)]


def _limits(lines: Iterable[tuple[float, str]], top: float) -> Iterator[str]:
    for value, colour in lines:
        y = _y(value / top)
        yield (
            f'<path d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}" stroke="{colour}" stroke-width="1.5" '
            'stroke-dasharray="6 4"/>'
        )


def _x(share: float) -> float:
    return _LEFT + min(share, 1.0) * (WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def _ceiling(value: float) -> float:
    """Return a round number, not below the value, that four ticks divide well."""
    if value <= 4:  # noqa: PLR2004 - four ticks of one
        return 4.0
    scale = 10 ** math.floor(math.log10(value))
    return float(
        next(step * scale for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if step * scale >= value)
    )


def _frame(label: Text, top: float) -> Iterator[str]:
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    for k in range(5):
        y = _y(k / 4)
        yield f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="{_GRID}"/>'
        yield from _text(_LEFT - 8, y + 4, Text.same(number(top * k / 4)), anchor="end", size=12)
    yield f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="{_INK}"/>'
    yield from _text(12, _TOP - 16, label, size=12, ink=_FAINT)


def _times(report: Report, minutes: int) -> Iterator[str]:
    """Yield where a time axis begins, its middle and its end."""
    period = report.period
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        t_ns = period.start_ns + round(share * minutes) * 60_000_000_000
        told = moment(min(t_ns, period.end_ns), period).en[:16]
        yield from _text(_x(share), HEIGHT - _BOTTOM + 18, Text.same(told), anchor=anchor, size=12)


def _key(entries: Sequence[tuple[Text, str]]) -> Iterator[str]:
    for k, (text, colour) in enumerate(entries):
        x, y = WIDTH - _RIGHT - 270 + 110 * k, _TOP - 16
        yield f'<rect x="{x}" y="{y - 5}" width="14" height="4" fill="{colour}"/>'
        yield from _text(x + 20, y, text, size=12)


def _svg(title: Text, parts: Iterable[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title.zh)} / {escape(title.en)}" font-family="inherit">'
    )
    return "".join([head, *_text(12, 18, title, size=14), *parts, "</svg>"])


def _text(
    x: float, y: float, text: Text, *, anchor: str = "start", size: int = 13, ink: str = _INK
) -> Iterator[str]:
    """Yield a text, in each language where they differ."""
    told = (("", text.zh),) if text.zh == text.en else ((' class="zh"', text.zh), (' class="en"', text.en))
    for mark, words in told:
        yield (
            f'<text{mark} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
            f'fill="{ink}">{escape(words)}</text>'
        )
