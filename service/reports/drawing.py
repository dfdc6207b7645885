"""The pictures of a report as vector drawing in a PDF: the SVG that `plot` writes, and no more of SVG than that."""

import re
from collections.abc import Iterator
from itertools import pairwise
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring
from fpdf import FPDF

from service.reports.plot import HEIGHT, WIDTH

_NS = "{http://www.w3.org/2000/svg}"
_STEP = re.compile(r"([MHV])\s*(-?[\d.]+)(?:\s+(-?[\d.]+))?")
_ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}
_WHITE = "#ffffff"


def draw(pdf: FPDF, svg: str, *, x: float, y: float, width: float, language: str) -> float:
    """Draw a picture with its upper left corner at `x`, `y`; return its height in the PDF's unit."""
    scale = width / WIDTH
    _Pen(pdf, x, y, scale).picture(fromstring(svg), language)
    return HEIGHT * scale


class _Pen:
    def __init__(self, pdf: FPDF, x: float, y: float, scale: float) -> None:
        self._pdf, self._x, self._y, self._scale = pdf, x, y, scale

    def picture(self, root: Element, language: str) -> None:
        for part in root:
            if part.get("class") not in {None, language}:
                continue
            match part.tag.removeprefix(_NS):
                case "rect":
                    self._rect(part)
                case "circle":
                    self._circle(part)
                case "path":
                    self._path(part)
                case "text":
                    self._text(part)
                case other:
                    raise ValueError(f"no part of our pictures: {other}")
        self._pdf.set_dash_pattern()

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return self._x + x * self._scale, self._y + y * self._scale

    def _rect(self, part: Element) -> None:
        self._pdf.set_fill_color(part.get("fill", _WHITE))
        x, y = self._at(_number(part, "x"), _number(part, "y"))
        self._pdf.rect(
            x, y, _number(part, "width") * self._scale, _number(part, "height") * self._scale, style="F"
        )

    def _circle(self, part: Element) -> None:
        self._pdf.set_fill_color(part.get("fill", _WHITE))
        x, y = self._at(_number(part, "cx"), _number(part, "cy"))
        self._pdf.circle(x, y, _number(part, "r") * self._scale, style="F")

    def _path(self, part: Element) -> None:
        self._pdf.set_draw_color(part.get("stroke", _WHITE))
        self._pdf.set_line_width(float(part.get("stroke-width", "1")) * self._scale)
        dash, _, gap = part.get("stroke-dasharray", "0 0").partition(" ")
        self._pdf.set_dash_pattern(float(dash) * self._scale, float(gap) * self._scale)
        points = [self._at(x, y) for x, y in _points(part.get("d", ""))]
        for (x0, y0), (x1, y1) in pairwise(points):
            self._pdf.line(x0, y0, x1, y1)

    def _text(self, part: Element) -> None:
        words = part.text or ""
        self._pdf.set_text_color(part.get("fill", "#000000"))
        self._pdf.set_font_size(float(part.get("font-size", "12")) * self._scale * self._pdf.k)
        x, y = self._at(_number(part, "x"), _number(part, "y"))
        left = self._pdf.get_string_width(words) * _ANCHORS[part.get("text-anchor", "start")]
        self._pdf.text(x - left, y, words)


def _number(part: Element, key: str) -> float:
    return float(part.get(key, "0"))


def _points(path: str) -> Iterator[tuple[float, float]]:
    """Yield the corners of a path of the steps M, H and V."""
    x = y = 0.0
    for step, first, second in _STEP.findall(path):
        match step:
            case "M":
                x, y = float(first), float(second)
            case "H":
                x = float(first)
            case _:
                y = float(first)
        yield x, y
