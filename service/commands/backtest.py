"""`hazwatch backtest`: old and new settings on one recording, side by side."""

import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from alerting.texts import rfc3339
from registry.faults import Fault, InputError
from registry.marks import load_marked
from service.commands.answers import COMMAND_LINE, say
from service.commands.inputs import feed_of, plan_of, settings_or_source, shown_progress, span_of
from service.commands.options import Decimal, Delimiter, From, TimeColumn, TimeZone, To
from service.terminal import terminal
from service.warm import use_compile_cache, user_cache, warm_up
from sim.layout import Options

if TYPE_CHECKING:
    from service.pipeline import Plan
    from service.tuning.backtest import Comparison, Match
    from service.tuning.feed import Feed

_LINES = 40
_DETECTORS_KEYS = frozenset({"types", "sensors"})


def command(
    source: Annotated[
        Path | None,
        typer.Argument(help="recording or ledger, as for replay; without it the store, --from … --to"),
    ] = None,
    *,
    against: Annotated[
        Path, typer.Option(help="new settings: detectors.yaml (laid over) or hazwatch.yaml (instead)")
    ],
    config: Annotated[Path | None, typer.Option(help="hazwatch.yaml of the old settings")] = None,
    points: Annotated[Path | None, typer.Option(help="points table, where there is no hazwatch.yaml")] = None,
    detectors: Annotated[
        Path | None, typer.Option(help="detectors.yaml that only the old settings have")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="prints the comparison as JSON")] = False,
    save: Annotated[
        bool,
        typer.Option("--save", help="keeps the counts in the state folder, for the console's page of rules"),
    ] = False,
    from_: From = None,
    to: To = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    time_column: TimeColumn = None,
    time_zone: TimeZone = None,
) -> None:
    """Run old and new settings over one recording and say which alerts are gained, lost, earlier, later."""
    use_compile_cache(user_cache())
    source, config = settings_or_source(source, config)
    options = Options(delimiter=delimiter, decimal=decimal, time_column=time_column, time_zone=time_zone)
    with feed_of(source, config, options, span_of(from_, to)) as feed:
        old = plan_of(config, points, feed.names, () if detectors is None else (detectors,))
        new = _new_plan(against, config, points, feed.names)
        warm_up()
        comparison, span = _compared(feed, old, new)
    names = (str(source or "store"), str(detectors or config or "packaged"), str(against))
    if save:
        _save(comparison, names, (old, new), span, config)
    if json:
        from service.tuning.backtest import report  # noqa: PLC0415 - only here

        sys.stdout.buffer.write(report(comparison, *names))
        sys.stdout.buffer.write(b"\n")
        sys.stdout.buffer.flush()
        return
    _show(comparison)


def _new_plan(against: Path, config: Path | None, points: Path | None, names: tuple[str, ...]) -> "Plan":
    """Return the new settings: a whole hazwatch.yaml, or detectors laid over what the old ones are without theirs."""
    data = load_marked(against).data
    if isinstance(data, dict) and not _DETECTORS_KEYS & data.keys():
        return plan_of(against, None, names)
    return plan_of(config, points, names, (against,))


def _save(
    comparison: "Comparison",
    names: tuple[str, str, str],
    plans: tuple["Plan", "Plan"],
    span: tuple[int, int],
    config: Path | None,
) -> None:
    """Keep the counts where the console looks for them; files are named without where they lie."""
    from service.settings import read_settings  # noqa: PLC0415 - only here
    from service.tuning.kept import FOLDER, keep, profile_print, report_of  # noqa: PLC0415 - only here

    settings = None if config is None else read_settings(config)[0]
    if settings is None:
        message = "there is no state folder to keep it in"
        raise InputError([Fault(file=COMMAND_LINE, where="--save", message=message, allowed="with --config")])
    now_ns = time.time_ns()
    bare = (Path(names[0]).name, Path(names[1]).name, Path(names[2]).name)
    prints = (profile_print(plans[0].profile), profile_print(plans[1].profile))
    report = report_of(comparison, bare, prints, span, rfc3339(now_ns))
    path = keep(settings.state_dir / FOLDER, re.sub(r"[-:.]", "", rfc3339(now_ns)), report)
    say(f"kept as {path}")


def _compared(feed: "Feed", old: "Plan", new: "Plan") -> tuple["Comparison", tuple[int, int]]:
    """Return the comparison and the span of time that was looked at, in ns."""
    from service.tuning.backtest import Occurrences, compared  # noqa: PLC0415 - only here
    from service.tuning.feed import Side  # noqa: PLC0415 - imports numba, whose cache has its place only now

    sides = [Side(plan, feed) for plan in (old, new)]
    if unknown := sides[0].unknown(feed.names):
        say(f"not in the points table, left out: {', '.join(unknown)}")
    told = [Occurrences() for _ in sides]
    seen: set[int] = set()
    first_ns: int | None = None
    with shown_progress() as progress:
        for item in feed.items():
            for side, occurrences in zip(sides, told, strict=True):
                outcome = side.take(item)
                occurrences.add(outcome.events)
            if len(outcome.block):
                first_ns = int(outcome.block.t_ns.min()) if first_ns is None else first_ns
                seen.update(outcome.block.sensor.tolist())
            progress("old and new / 新旧对比", len(outcome.block))
    last_ns = max(side.pipeline.now_ns for side in sides)
    ends = [occurrences.all(last_ns) for occurrences in told]
    begins_ns = last_ns if first_ns is None else first_ns
    return compared(ends[0], ends[1], len(seen), last_ns - begins_ns), (begins_ns, last_ns)


_WORDS = {
    "gained": "gained / 新增",
    "lost": "lost / 消失",
    "earlier": "earlier / 提前",
    "later": "later / 推迟",
    "same": "same / 不变",
}


def _show(comparison: "Comparison") -> None:
    """Show one column a kind of alert: there are few kinds, and a terminal is narrow."""
    lines = {**comparison.lines, "all / 合计": comparison.total}
    table = Table(
        "", *lines, title=f"backtest / 回测: {comparison.sensors} sensors, {comparison.days:.3g} days"
    )
    table.add_row("old / 旧", *(str(line.old) for line in lines.values()))
    table.add_row("new / 新", *(str(line.new) for line in lines.values()))
    rates = [
        (comparison.per_sensor_day(line.old), comparison.per_sensor_day(line.new)) for line in lines.values()
    ]
    table.add_row("old per sensor-day / 旧频次", *(_rate(old) for old, _ in rates))
    table.add_row("new per sensor-day / 新频次", *(_rate(new) for _, new in rates))
    for fate, words in _WORDS.items():
        table.add_row(words, *(str(line.fates[fate]) for line in lines.values()))
    table.add_row("median shift / 中位差", *(_shift(line.median_shift_s) for line in lines.values()))
    console = terminal()
    console.print(table)
    changed = [match for match in comparison.matches if match.fate != "same"]
    if changed:
        _show_changed(console, changed)


def _show_changed(console: Console, changed: list["Match"]) -> None:
    from sim.writing import time_texts  # noqa: PLC0415 - only here

    table = Table("sensor / 测点", "kind / 类别", "change / 变化", "first told / 首报", "shift / 差")
    for match in changed[:_LINES]:
        first = (match.old or match.new)[0]
        shift = match.shift_ns
        table.add_row(
            first.sensor,
            first.kind,
            match.fate,
            time_texts([first.told_ns])[0],
            _shift(None if shift is None else shift / 1e9),
        )
    console.print(table)
    if len(changed) > _LINES:
        console.print(f"… {len(changed) - _LINES} more with --json / 其余见 --json")


def _shift(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:+.3g} s"


def _rate(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.3g}"
