"""Curves as SVG: a figure of each detector against its false alerts by sensor-day, on a logarithmic axis."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape

from registry.plant import Text
from service.score.curve import Curve, Point
from service.score.words import both

WIDTH, HEIGHT = 860, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 74, 250, 44, 58
_INK = "#1c2128"
_STYLES = (
    ("#1f6fb4", "circle"),
    ("#d9730d", "square"),
    ("#2e8b57", "diamond"),
    ("#8e44ad", "triangle"),
    ("#c0392b", "circle"),
    ("#6b7280", "square"),
)
"""Colour and mark, so that a curve is told apart without colour too."""
_LEAST_RATE = 1e-4


def plot(
    title: Text, label: Text, curves: Sequence[Curve], value: Callable[[Point], float | None], top: float
) -> str:
    """Return the plot of finite values, cut at `top`; a point of no false alert stands at the left edge."""
    drawn = [[(p.false_rate, v) for p in curve.points if (v := value(p)) is not None] for curve in curves]
    rates = [rate for points in drawn for rate, v in points if math.isfinite(v) and rate > 0]
    lo = math.floor(math.log10(max(_LEAST_RATE, min(rates, default=0.01))))
    hi = max(lo + 1, math.ceil(math.log10(max(rates, default=1.0))))
    axes = _Axes(lo, hi, top)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-size="13" '
        f'font-family="system-ui, sans-serif"><title>{escape(both(title))}</title>'
    )
    parts = [
        head,
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        _text(_LEFT, 24, both(title), size=15),
        *_frame(axes, label),
    ]
    for k, (curve, points) in enumerate(zip(curves, drawn, strict=True)):
        parts += _curve(axes, points, k)
        parts += _key(curve, k)
    return "\n".join([*parts, "</svg>"])


class _Axes:
    def __init__(self, lo: int, hi: int, top: float) -> None:
        self.lo, self.hi, self.top = lo, hi, top

    def x(self, rate: float) -> float:
        power = math.log10(rate) if rate > 0 else self.lo
        share = (min(max(power, self.lo), self.hi) - self.lo) / (self.hi - self.lo)
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        share = min(max(value, 0.0), self.top) / self.top
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def _frame(axes: _Axes, label: Text) -> Iterator[str]:
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    for power in range(axes.lo, axes.hi + 1):
        x = axes.x(10.0**power)
        yield f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#e3e6ea"/>'
        yield _text(x, bottom + 18, f"{10.0**power:g}", anchor="middle")
    for k in range(5):
        value = axes.top * k / 4
        y = axes.y(value)
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#eef0f3"/>'
        yield _text(_LEFT - 8, y + 4, f"{value:g}", anchor="end")
    yield f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="{_INK}"/>'
    yield _text(
        (_LEFT + right) / 2, HEIGHT - 16, "每测点每天误报 / false alerts per sensor-day", anchor="middle"
    )
    middle = (_TOP + bottom) / 2
    yield (
        f'<text transform="translate(20 {middle:.1f}) rotate(-90)" text-anchor="middle" fill="{_INK}">'
        f"{escape(both(label))}</text>"
    )


def _curve(axes: _Axes, points: Iterable[tuple[float, float]], k: int) -> Iterator[str]:
    colour, mark = _STYLES[k % len(_STYLES)]
    places = [(axes.x(rate), axes.y(v)) for rate, v in points if math.isfinite(v)]
    if not places:
        return
    line = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    yield f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    for x, y in places:
        yield _mark(x, y, colour, mark)


def _key(curve: Curve, k: int) -> Iterator[str]:
    colour, mark = _STYLES[k % len(_STYLES)]
    x, y = WIDTH - _RIGHT + 18, _TOP + 14 + 36 * k
    yield _mark(x, y - 4, colour, mark)
    yield _text(x + 12, y - 6, curve.text.zh)
    if curve.text.en != curve.text.zh:
        yield _text(x + 12, y + 9, curve.text.en)


def _mark(x: float, y: float, colour: str, mark: str) -> str:
    match mark:
        case "circle":
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
        case "square":
            return f'<rect x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7" fill="{colour}"/>'
        case "diamond":
            return f'<path d="M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5z" fill="{colour}"/>'
        case _:
            return f'<path d="M{x:.1f} {y - 5:.1f}l5 9h-10z" fill="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 13) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{_INK}">{escape(text)}</text>'
