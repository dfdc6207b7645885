"""The answers of bench/accidents.py as a page of tables."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sim.accidents.catalogue import accident, as_it_was
from sim.accidents.model import Accident, Basis, Row

if TYPE_CHECKING:
    from bench.accidents import Told

_GRADES = ("blue", "yellow", "orange", "red")
_MARKED = {
    Basis.FOUND: "found",
    Basis.RECALLED: "recalled",
    Basis.ASSUMED: "assumed",
}
_SHOWN = frozenset({"opened", "reopened", "escalated", "deescalated", "cleared"})

Clock = Callable[[Accident, float], str]


def page(results: Mapping[str, Any], lines: Mapping[str, "list[Told]"], local: Clock) -> str:
    """Return the whole page of results."""
    parts = [_HEAD, _summary(results)]
    for name, of_cases in results.items():
        of = as_it_was(name)
        parts.append(f"## {of.title.en}\n")
        parts += [_evidence(of_cases["as it was"]), _ranges(name, of_cases), _minutes(of, lines[name], local)]
    return "\n".join(parts)


_HEAD = """\
# Real accidents, re-enacted

Written by `python bench/accidents.py --json bench/results/2026-11-accidents.json --md bench/results/2026-11-accidents.md --img
docs/img/accidents`; two runs write the same bytes. What the accidents are, what is known of them and what is assumed:
[docs/accidents.md](../../docs/accidents.md). Minutes count before the point of no return; `-` is never, or only after it. A grade's
column is the first warning of that grade or a graver one since the accident began, on a sensor of its own equipment.
"""


def _summary(results: Mapping[str, Any]) -> str:
    rows = [
        [
            "accident",
            "blue",
            "yellow",
            "orange",
            "red",
            "range of the first",
            "set limits alone",
            "false before",
        ]
    ]
    for name, of_cases in results.items():
        base = of_cases["as it was"]
        moved = {
            key: case
            for key, case in of_cases.items()
            if key.startswith(("as it was", "seed", "noise", "pace", "no daily"))
        }
        before = base["before"]
        limits = base["set_limits"]
        rows.append(
            [
                name,
                *(_minutes_of(base["first"][grade]) for grade in _GRADES),
                _span([case["first"]["blue"] for case in moved.values()]),
                f"{limits['minutes']:.1f} ({limits['limit']})" if limits else "-",
                f"{before['alerts']} in {before['sensor_days']:.0f} sensor-days",
            ]
        )
    return _grid(rows)


def _evidence(base: Mapping[str, Any]) -> str:
    rows = [["grade or graver", "minutes before", "sensor", "kind", "methods", "because"]]
    for grade, first in base["first"].items():
        if first is None:
            rows.append([grade, "-", "", "", "", ""])
            continue
        rows.append(
            [
                f"{grade} ({first['grade']})" if first["grade"] != grade else grade,
                f"{first['minutes']:.1f}",
                first["sensor"],
                first["kind"],
                ", ".join(first["methods"]),
                first["because"],
            ]
        )
    standing = ", ".join(base["standing"]) or "nothing"
    false = "; ".join(base["before"]["what"]) or "nothing"
    return f"{_grid(rows)}\nStanding when it began: {standing}. False in normal operation before: {false}.\n"


def _ranges(name: str, of_cases: Mapping[str, Any]) -> str:
    texts = {alternative.name: alternative.text.en for alternative in accident(name).alternatives}
    rows = [["moved", *_GRADES, "first on"]]
    for case, found in of_cases.items():
        first = found["first"]["blue"]
        rows.append(
            [
                f"{case}: {texts[case]}" if case in texts else case,
                *(_minutes_of(found["first"][grade]) for grade in _GRADES),
                f"{first['sensor']} {'+'.join(first['methods'])}" if first else "",
            ]
        )
    return _grid(rows)


def _minutes(of: Accident, told: "list[Told]", local: Clock) -> str:
    """Return the timeline and the alert lines in one table, in the order of time."""
    no_return_s = of.main.no_return_s
    assert no_return_s is not None
    rows = [["plant's clock", "minutes before", "what"]]
    items: list[tuple[float, int, str]] = [(row.t_s, 0, _happened(row)) for row in of.timeline]
    items.append((no_return_s, 1, "**point of no return**"))
    if of.main.acted_s is not None:
        items.append(
            (of.main.acted_s, 1, "**people act by themselves; what is told from here on does not count**")
        )
    items += [(t.t_s, 2, _said(t)) for t in told if t.t_s >= of.main.onset_s and t.line["event"] in _SHOWN]
    for t_s, _, text in sorted(items):
        rows.append([local(of, t_s), f"{(no_return_s - t_s) / 60:.1f}", text])
    return _grid(rows)


def _happened(row: Row) -> str:
    return f"{row.text.en} ({_MARKED[row.origin.basis]})"


def _said(t: "Told") -> str:
    value = "" if t.line["value"] is None else f" at {t.line['value']:g} {t.line['unit']}"
    methods = f" by {', '.join(t.methods)}" if t.methods else ""
    return f"hazwatch: {t.sensor} {t.line['kind']} {t.line['event']}, **{t.line['grade']}**{value}{methods}"


def _minutes_of(first: Mapping[str, Any] | None) -> str:
    return "-" if first is None else f"{first['minutes']:.1f}"


def _span(firsts: list[Mapping[str, Any] | None]) -> str:
    found = [first["minutes"] for first in firsts if first is not None]
    if not found:
        return "never"
    missing = f", never in {len(firsts) - len(found)} of {len(firsts)}" if len(found) < len(firsts) else ""
    return f"{min(found):.1f} to {max(found):.1f}{missing}"


def _grid(rows: list[list[str]]) -> str:
    clean = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in [clean[0], ["---"] * len(clean[0]), *clean[1:]])
