"""The return-level plot of one method on the sensors of one type, as SVG: episodes a day against the threshold."""

import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from service.tuning.evidence import Evidence

WIDTH, HEIGHT = 900, 560
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 24, 64, 64
_GREY, _BLUE, _ORANGE, _RED, _INK = "#8a8f98", "#1f6fb4", "#d9730d", "#c0392b", "#1c2128"
_POINTS = 120


class _Axes:
    """A linear axis of thresholds and a logarithmic one of rates; what lies far outside is drawn just outside."""

    def __init__(self, x_lo: float, x_hi: float, y_lo: float, y_hi: float) -> None:
        self.x_lo, self.x_hi = x_lo, x_hi
        self.y_lo, self.y_hi = math.floor(math.log10(y_lo)), math.ceil(math.log10(y_hi))

    def x(self, threshold: float) -> float:
        share = (threshold - self.x_lo) / (self.x_hi - self.x_lo)
        return _LEFT + min(max(share, -1.0), 2.0) * (WIDTH - _LEFT - _RIGHT)

    def y(self, rate: float) -> float:
        share = (math.log10(max(rate, 1e-300)) - self.y_lo) / (self.y_hi - self.y_lo)
        return HEIGHT - _BOTTOM - min(max(share, -1.0), 2.0) * (HEIGHT - _TOP - _BOTTOM)


def return_levels(evidence: Sequence[Evidence], per_day: float) -> str | None:
    """Return the plot of thresholds that share a type and a key, None where nothing could be fitted."""
    shown = [e for e in evidence if e.fitted is not None]
    if not shown:
        return None
    first = shown[0]
    axes = _axes(shown, per_day)
    parts = [
        *_frame(axes, first.tunable.key, first.tunable.unit),
        _title(first, len(shown), len(evidence)),
        '<g clip-path="url(#inside)">',
        *(part for e in shown for part in _curves(axes, e)),
        *_marks(axes, shown, per_day),
        "</g>",
        *_legend(per_day),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f"font-family=\"system-ui, 'Noto Sans', 'Noto Sans SC', 'Microsoft YaHei', sans-serif\" font-size=\"13\">"
    )
    return "\n".join([head, f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>', *parts, "</svg>\n"])


def _axes(shown: Sequence[Evidence], per_day: float) -> _Axes:
    levels = [e.fitted.tail.level * e.now for e in shown if e.fitted]
    tops = [e.now for e in shown] + [e.chosen for e in shown if e.chosen]
    tops += [e.interval.hi for e in shown if e.interval] + [
        float(e.fitted.seen.peak.max()) * e.now for e in shown if e.fitted
    ]
    rates = [e.fitted.tail.episodes / e.fitted.tail.days for e in shown if e.fitted]
    most = shown[0].tunable.most
    return _Axes(
        min(levels) * 0.95, min(max(tops) * 1.05, most * 1.25), per_day / 10.0, max([*rates, per_day])
    )


def _frame(axes: _Axes, key: str, unit: str) -> Iterator[str]:
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    inside = f'<rect x="{_LEFT}" y="{_TOP}" width="{right - _LEFT}" height="{bottom - _TOP + 5}"/>'
    yield f'<clipPath id="inside">{inside}</clipPath>'
    for power in range(axes.y_lo, axes.y_hi + 1):
        y = axes.y(10.0**power)
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#e3e6ea"/>'
        yield _text(_LEFT - 8, y + 4, f"{10.0**power:g}", anchor="end")
    for tick in _ticks(axes.x_lo, axes.x_hi):
        x = axes.x(tick)
        yield f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#eef0f3"/>'
        yield _text(x, bottom + 18, f"{tick:g}", anchor="middle")
    yield f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="{_INK}"/>'
    yield _text((_LEFT + right) / 2, HEIGHT - 20, f"{key}, {unit} / 阈值", anchor="middle")
    middle = (_TOP + bottom) / 2
    yield (
        f'<text transform="translate(20 {middle:.1f}) rotate(-90)" text-anchor="middle" fill="{_INK}">'
        "episodes per sensor-day / 每测点每天误报次数</text>"
    )


def _title(first: Evidence, fitted: int, all_: int) -> str:
    text = f"{first.type} · {first.tunable.method.label}: {fitted} of {all_} sensors fitted / {all_} 个测点中 {fitted} 个可拟合"
    return f'<text x="{_LEFT}" y="26" font-size="16" font-weight="600" fill="{_INK}">{escape(text)}</text>'


def _curves(axes: _Axes, e: Evidence) -> Iterator[str]:
    """Draw what was seen as dots, the expected rate as a line and, of a single chosen one, its interval as a band."""
    assert e.fitted is not None
    tail, peaks = e.fitted.tail, np.sort(e.fitted.seen.peak)[::-1]
    at = np.linspace(tail.level, max(axes.x_hi / e.now, tail.level * 1.001), _POINTS)
    edge = np.append(at[::4], at[-1])
    bands = [tail.rate_interval(float(t)) for t in edge]
    upper = [(axes.x(t * e.now), axes.y(b.hi)) for t, b in zip(edge, bands, strict=True)]
    lower = [(axes.x(t * e.now), axes.y(b.lo)) for t, b in zip(edge, bands, strict=True)]
    yield f'<path d="{_path([*upper, *reversed(lower)])}Z" fill="{_BLUE}" fill-opacity="0.06" stroke="none"/>'
    seen = zip(_thinned(peaks), _thinned(np.arange(1, len(peaks) + 1)), strict=True)
    for peak, rank in seen:
        yield f'<circle cx="{axes.x(peak * e.now):.1f}" cy="{axes.y(rank / tail.days):.1f}" r="2" fill="{_GREY}" fill-opacity="0.7"/>'
    line = [(axes.x(float(t) * e.now), axes.y(tail.expected_rate(float(t)))) for t in at]
    yield f'<path d="{_path(line)}" fill="none" stroke="{_BLUE}" stroke-width="1.3" stroke-opacity="0.8"/>'


def _marks(axes: _Axes, shown: Sequence[Evidence], per_day: float) -> Iterator[str]:
    """Draw the wanted rate, the running thresholds and the chosen ones with their intervals."""
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    y = axes.y(per_day)
    yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="{_RED}" stroke-dasharray="6 4"/>'
    for now in sorted({e.now for e in shown}):
        x = axes.x(now)
        yield f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{bottom}" stroke="{_INK}" stroke-dasharray="2 3"/>'
    for e in shown:
        if e.chosen is None:
            continue
        assert e.rate is not None
        assert e.rate_interval is not None
        x = axes.x(e.chosen)
        lo, hi = axes.y(e.rate_interval.lo), axes.y(e.rate_interval.hi)
        yield f'<line x1="{x:.1f}" y1="{lo:.1f}" x2="{x:.1f}" y2="{hi:.1f}" stroke="{_ORANGE}" stroke-width="1.5"/>'
        yield f'<circle cx="{x:.1f}" cy="{axes.y(e.rate):.1f}" r="4" fill="{_ORANGE}"/>'


def _legend(per_day: float) -> Iterator[str]:
    entries = (
        (_GREY, "seen / 实测", 120),
        (_BLUE, "expected, 95 % / 拟合", 180),
        (_ORANGE, "chosen / 选定", 130),
        (_INK, "running now / 现用", 160),
        (_RED, f"wanted {per_day:g} / 目标", 0),
    )
    x = float(_LEFT)
    for colour, label, wide in entries:
        yield f'<rect x="{x:.0f}" y="40" width="12" height="12" rx="2" fill="{colour}"/>'
        yield _text(x + 17, 51, label)
        x += wide


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{_INK}">{escape(text)}</text>'


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _thinned(values: NDArray[np.generic]) -> list[float]:
    """Return the values, ever fewer towards the end: on a logarithmic axis the others lie on one another."""
    places = np.unique(np.geomspace(1, len(values), 60).astype(np.intp)) - 1
    return [float(values[i]) for i in places]


def _ticks(lo: float, hi: float) -> list[float]:
    step = 10.0 ** math.floor(math.log10((hi - lo) / 4.0))
    step *= next(m for m in (1, 2, 5, 10) if (hi - lo) / (step * m) <= 10)  # noqa: PLR2004 - ten ticks at the most
    return [round(k * step, 10) for k in range(math.ceil(lo / step), math.floor(hi / step) + 1)]
