"""A report as one page that needs nothing from anywhere and runs no script: a switch shows Chinese or English."""

from collections import Counter
from collections.abc import Iterator
from html import escape

from registry.plant import Text
from service.reports.cells import Cell, Table
from service.reports.plot import plots_of
from service.reports.report import Report
from service.reports.rules import Verdict
from service.reports.tables import tables_of
from service.reports.words import MARKS, figure, moment

_STYLE = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,'Noto Sans','Noto Sans SC','Microsoft YaHei',sans-serif;color:#1c2128;background:#f6f7f9;margin:0}
main{max-width:1840px;margin:0 auto;padding:1rem}
h1{font-size:1.4rem;margin:.2rem 0}h2{font-size:1.05rem;margin:0 0 .5rem}p{margin:.2rem 0}
.switch{position:absolute;top:1rem;right:1rem}
.switch label{display:inline-block;padding:.5rem .9rem;border:1px solid #8a8f98;background:#fff;cursor:pointer}
input.lang{position:absolute;opacity:0}
#zh:checked~main label[for=zh],#en:checked~main label[for=en]{background:#1c2128;color:#fff}
#zh:focus-visible~main label[for=zh],#en:focus-visible~main label[for=en]{outline:3px solid #1f6fb4}
#zh:checked~main .en,#en:checked~main .zh{display:none}
header{position:relative;min-height:4rem;padding-right:12rem}
.faint{color:#57606a}
.warn{background:#fff4d6;border:1px solid #d9a400;padding:.5rem .8rem;margin:.6rem 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:.7rem;margin:.8rem 0}
.card,.box{background:#fff;border:1px solid #d9dce1;border-radius:6px;padding:.8rem}
.card b{display:block;font-size:1.5rem;font-variant-numeric:tabular-nums}
.acceptable{color:#1d6b3f}.manageable{color:#8a5a00}.overloaded{color:#b3261e;font-weight:600}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,520px),1fr));gap:.7rem}
.tables{columns:2 620px;column-gap:.7rem;margin-top:.7rem}
.tables .box{break-inside:avoid;margin-bottom:.7rem}
.full{margin-top:.7rem}
.wide{overflow-x:auto}
svg{display:block;width:100%;min-width:460px;height:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%}
th,td{padding:.25rem .6rem;border-bottom:1px solid #e3e6ea;text-align:right;vertical-align:top;font-weight:400}
th:first-child{text-align:left;min-width:8.5rem;overflow-wrap:break-word}
thead th{border-bottom:2px solid #8a8f98;font-weight:600}
@media (max-width:700px){main{padding:.6rem}header{padding-right:0;padding-top:3.4rem}.switch{top:0;right:0;left:0}
.switch label{width:50%;text-align:center}.card,.box{padding:.6rem}th,td{padding:.25rem .3rem}th:first-child{min-width:6.5rem}body{font-size:13px}
svg{min-width:0}svg text{font-size:18px}}
@media print{body{background:#fff}.switch{display:none}}
"""
_CARDS = (
    "annunciated",
    "per_hour_average",
    "per_10min_peak",
    "flood_share",
    "chattering_share",
    "stale_peak",
    "in_time_share",
    "returned_unacknowledged_share",
    "rubber_stamp_share",
)
_ORDER = (Verdict.ACCEPTABLE, Verdict.MANAGEABLE, Verdict.OVERLOADED)


def page(report: Report, language: str) -> str:
    """Return the page as HTML, opened in ``zh`` or ``en``; the same report gives the same bytes."""
    title = Text("报警系统报告", "report of alarms")
    slices = {str(by) for by in report.slices}
    tables = list(tables_of(report))
    parts = [
        f'<!doctype html><html lang="{"en" if language == "en" else "zh-CN"}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{escape(title.zh)} / {escape(title.en)}</title><style>{_STYLE}</style></head><body>",
        *(
            f'<input class="lang" type="radio" name="lang" id="{one}"{" checked" if one == language else ""}>'
            for one in ("zh", "en")
        ),
        "<main><header>",
        '<div class="switch"><label for="zh">中文</label><label for="en">English</label></div>',
        f"<h1>{_both(title)}</h1>{_span(report)}</header>",
        *(f'<p class="warn">⚠ {_both(text)}</p>' for text in report.warnings),
        _cards(report),
        '<div class="plots">',
        *(f'<div class="box wide">{svg}</div>' for _, svg in plots_of(report)),
        '</div><div class="tables">',
        *(_table(table) for table in tables if table.name not in slices),
        "</div>",
        *(f'<div class="full">{_table(table)}</div>' for table in tables if table.name in slices),
        '<div class="box full"><h2>' + _both(Text("说明", "notes")) + "</h2><ul>",
        *(f"<li>{_both(note)}</li>" for note in report.notes),
        "</ul></div></main></body></html>\n",
    ]
    return "\n".join(parts)


def _span(report: Report) -> str:
    period = report.period
    start, end = moment(period.start_ns, period).en, moment(period.end_ns, period).en
    return f'<p>{start} … {end} <span class="faint">{escape(str(period.zone))}</span></p>'


def _cards(report: Report) -> str:
    verdicts = Counter(m.verdict for m in report.panel.measures if m.verdict is not None)
    told = "".join(
        f'<div class="{verdict}">{MARKS[verdict]} {verdicts[verdict]} {_both(verdict.text)}</div>'
        for verdict in _ORDER
    )
    cards = [f'<div class="card">{_both(Text("结论", "verdicts"))}{told}</div>']
    for name in _CARDS:
        measure = report.panel.measure(name)
        mark = "" if measure.verdict is None else f" {MARKS[measure.verdict]}"
        value = _both(figure(measure.value, measure.unit))
        cards.append(
            f'<div class="card">{_both(measure.text)}<b class="{measure.verdict or ""}">{value}{mark}</b></div>'
        )
    return f'<div class="cards">{"".join(cards)}</div>'


def _table(table: Table) -> str:
    return "".join(_table_parts(table))


def _table_parts(table: Table) -> Iterator[str]:
    yield f'<section class="box" id="{table.name}"><h2>{_both(table.title)}</h2><div class="wide"><table><thead><tr>'
    for head in table.head:
        yield f'<th scope="col">{_both(head)}</th>'
    yield "</tr></thead><tbody>"
    for name, *cells in table.rows:
        yield f'<tr><th scope="row">{_both(name.text)}</th>{"".join(_cell(cell) for cell in cells)}</tr>'
    yield "</tbody></table></div></section>"


def _cell(cell: Cell) -> str:
    mark = "" if cell.verdict is None else f' class="{cell.verdict}"'
    return f"<td{mark}>{_both(cell.text)}</td>"


def _both(text: Text) -> str:
    if text.zh == text.en:
        return escape(text.zh)
    return (
        f'<span class="zh" lang="zh-CN">{escape(text.zh)}</span>'
        f'<span class="en" lang="en">{escape(text.en)}</span>'
    )
