"""A report as one page that needs nothing from anywhere: styles and plots are in it, in Chinese and English side by side."""

import math
from collections.abc import Iterator, Mapping
from html import escape

from alerting.texts import rfc3339
from registry.plant import Text
from service.score.plot import plot
from service.score.report import Report
from service.score.tables import Table, tables_of
from service.score.words import both

_STYLE = """
:root{color-scheme:light}
body{font:15px/1.5 system-ui,'Noto Sans','Noto Sans SC','Microsoft YaHei',sans-serif;color:#1c2128;background:#fff;
max-width:1180px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .7rem;border-bottom:1px solid #e3e6ea;text-align:left;vertical-align:top}
thead th{border-bottom:2px solid #8a8f98;font-weight:600}
tbody th{font-weight:400}
svg{width:100%;max-width:860px;height:auto}
"""
_PER_CENT = 100.0
_TICKS = 4.0
"""The top of an axis of minutes is a multiple of its ticks."""


def page(report: Report) -> str:
    """Return the page as HTML; the same report gives the same bytes."""
    truth = report.match.truth
    title = Text(f"预警评分：{truth.scenario}", f"early-warning score: {truth.scenario}")
    parts = [
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{escape(both(title))}</title><style>{_STYLE}</style></head><body>",
        f'<h1>{escape(title.zh)} <span lang="en">/ {escape(title.en)}</span></h1>',
        f"<p>{rfc3339(truth.start_ns)} … {rfc3339(truth.end_ns)}</p>",
        *plots_of(report).values(),
        *(part for table in tables_of(report) for part in _table(table)),
        *_notes(report),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def plots_of(report: Report) -> Mapping[str, str]:
    """Return the curves as pictures (SVG) by name: ``delay``, and ``warned`` for the share warned of a minute ahead."""
    delays = [
        p.delay_s
        for curve in report.curves
        for p in curve.points
        if p.delay_s is not None and math.isfinite(p.delay_s)
    ]
    return {
        "delay": plot(
            Text("延迟与误报", "delay against false alerts"),
            Text("延迟中位数，分钟", "median delay, min"),
            report.curves,
            lambda p: None if p.delay_s is None else p.delay_s / 60.0,
            max(1.0, math.ceil(max(delays, default=60.0) / 60.0 / _TICKS) * _TICKS),
        ),
        "warned": plot(
            Text("到限前至少 60 秒预警的占比与误报", "warned of at least 60 s ahead, against false alerts"),
            Text("占比，%", "share, %"),
            report.curves,
            lambda p: None if p.warned[1] is None else p.warned[1] * _PER_CENT,
            _PER_CENT,
        ),
    }


def _table(table: Table) -> Iterator[str]:
    yield f"<h2>{escape(both(table.title))}</h2><div class=wide><table>"
    if any(table.head):
        yield f"<thead><tr>{''.join(f'<th scope=col>{_cell(cell)}</th>' for cell in table.head)}</tr></thead>"
    yield "<tbody>"
    for name, *cells in table.rows:
        yield f"<tr><th scope=row>{_cell(name)}</th>{''.join(f'<td>{_cell(cell)}</td>' for cell in cells)}</tr>"
    yield "</tbody></table></div>"


def _cell(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _notes(report: Report) -> Iterator[str]:
    yield "<h2>说明 / notes</h2><ul>"
    for note in report.notes:
        yield f'<li>{escape(note.zh)}<br><span lang="en">{escape(note.en)}</span></li>'
    yield "</ul>"
