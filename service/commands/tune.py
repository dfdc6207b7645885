"""`hazwatch tune`: thresholds from a recording of normal operation, with the evidence for each."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from alerting.texts import with_local_times
from registry.faults import Fault, InputError
from service.commands.answers import COMMAND_LINE, INPUT_FAULT, say
from service.commands.inputs import feed_of, plan_of, settings_or_source, shown_progress, span_of, zone_shown
from service.commands.options import Decimal, Delimiter, From, TimeColumn, TimeZone, To
from service.terminal import terminal
from service.warm import use_compile_cache, user_cache, warm_up
from sim.layout import Options

if TYPE_CHECKING:
    from service.tuning.calibrate import Calibration
    from service.tuning.evidence import Evidence

_LINES = 40
"""So many thresholds are shown one by one; the overlay has all of them."""
_MOST_PER_DAY = 100.0


def command(  # noqa: PLR0917 - one parameter an option
    source: Annotated[
        Path | None,
        typer.Argument(help="recording or ledger, as for replay; without it the store, --from … --to"),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="hazwatch.yaml")] = None,
    points: Annotated[Path | None, typer.Option(help="points table, where there is no hazwatch.yaml")] = None,
    rate: Annotated[float, typer.Option(help="false episodes wanted, a sensor and day")] = 0.01,
    out: Annotated[Path, typer.Option(help="writes the overlay (YAML)")] = Path("detectors.tuned.yaml"),
    plots: Annotated[
        Path | None, typer.Option(help="writes a plot per sensor type (SVG) into this folder")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="prints the evidence as JSON")] = False,  # noqa: FBT002 - an option
    from_: From = None,
    to: To = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    time_column: TimeColumn = None,
    time_zone: TimeZone = None,
) -> None:
    """Find thresholds with few false alerts in a recording of normal operation."""
    if not 0.0 < rate <= _MOST_PER_DAY:
        message, allowed = f"{rate:g} is no rate", f"above 0, at most {_MOST_PER_DAY:g} episodes a day"
        raise InputError([Fault(file=COMMAND_LINE, where="--rate", message=message, allowed=allowed)])
    use_compile_cache(user_cache())
    source, config = settings_or_source(source, config)
    options = Options(delimiter=delimiter, decimal=decimal, time_column=time_column, time_zone=time_zone)
    calibration, ids = _calibrated(
        source, config=config, points=points, rate=rate, between=(from_, to), options=options
    )
    zone = zone_shown(config, time_zone)
    _write(calibration, ids, str(source or "store"), out, plots, zone=zone, as_json=json)
    if calibration.judgements and not any(j.evidence.chosen for j in calibration.judgements):
        say(
            "error: the recording supports no threshold; each reason stands in the overlay / 该记录无法支持任何阈值"
        )
        sys.exit(INPUT_FAULT)


def _calibrated(
    source: Path | None,
    *,
    config: Path | None,
    points: Path | None,
    rate: float,
    between: tuple[str | None, str | None],
    options: Options,
) -> tuple["Calibration", list[str]]:
    from service.tuning.calibrate import calibrate, passes  # noqa: PLC0415 - imports numba, whose cache has its place only now
    from service.tuning.feed import Side  # noqa: PLC0415 - as above
    from service.tuning.readings import Readings  # noqa: PLC0415 - as above

    with feed_of(source, config, options, span_of(*between)) as feed:
        plan = plan_of(config, points, feed.names)
        warm_up()
        side = Side(plan, feed)
        if unknown := side.unknown(feed.names):
            say(f"not in the points table, left out: {', '.join(unknown)}")
        blocks = []
        with shown_progress() as progress:
            for item in feed.items():
                blocks.append(side.take(item).block)
                progress("reading / 读取", len(blocks[-1]))
    readings = Readings.of(blocks)
    with shown_progress(len(readings) * passes()) as progress:
        made = calibrate(readings, plan.registry, plan.profile, rate, progress)
    return made, [spec.id for spec in plan.registry.specs]


def _write(
    calibration: "Calibration",
    ids: list[str],
    source: str,
    out: Path,
    plots: Path | None,
    *,
    zone: ZoneInfo,
    as_json: bool,
) -> None:
    from service.tuning.overlay import overlay, report  # noqa: PLC0415 - imports numba, as above
    from service.tuning.plot import return_levels  # noqa: PLC0415 - as above

    out.write_text(overlay(calibration, source, zone), encoding="utf-8")
    say(f"thresholds / 阈值: {out}")
    for name, shared in _by_plot(calibration).items():
        if plots is not None and (drawn := return_levels(shared, calibration.per_day)) is not None:
            plots.mkdir(parents=True, exist_ok=True)
            (plots / f"{name}.svg").write_text(drawn, encoding="utf-8")
            say(f"plot / 图: {plots / name}.svg")
    if as_json:
        sys.stdout.buffer.write(report(calibration, source, ids) + b"\n")
        sys.stdout.buffer.flush()
        return
    _show(calibration, ids, zone)


def _by_plot(calibration: "Calibration") -> dict[str, list["Evidence"]]:
    shared: dict[str, list[Evidence]] = {}
    for judgement in calibration.judgements:
        e = judgement.evidence
        shared.setdefault(f"{e.type}-{e.tunable.method.label}", []).append(e)
    return shared


def _show(calibration: "Calibration", ids: list[str], zone: ZoneInfo) -> None:
    console = terminal()
    if calibration.abnormal:
        cut = Counter(
            (ids[t.sensor], t.method.label + (f" {t.limit}" if t.limit else "")) for t in calibration.abnormal
        )
        table = Table("sensor / 测点", "not normal / 异常", "times / 次", title="cut out / 剔除")
        for (sensor, what), count in cut.most_common(_LINES):
            table.add_row(sensor, what, str(count))
        console.print(table)
    outcomes: Counter[tuple[str, str, str]] = Counter()
    for judgement in calibration.judgements:
        e = judgement.evidence
        outcomes[e.type, e.tunable.key, e.refusal.reason.value if e.refusal else "tuned"] += 1
    counts = Table("type / 类型", "key / 键", "outcome / 结果", "sensors / 测点数", title="tune / 整定")
    for (kind, key, outcome), count in sorted(outcomes.items()):
        counts.add_row(kind, key, outcome, str(count))
    console.print(counts)
    _show_each(console, [j.evidence for j in calibration.judgements], zone)


def _show_each(console: Console, evidence: list["Evidence"], zone: ZoneInfo) -> None:
    table = Table("sensor / 测点", "key / 键", "now / 现用", "new / 新", "95 %")
    for e in evidence[:_LINES]:
        interval = f"{e.interval.lo:.3g} … {e.interval.hi:.3g}" if e.interval else ""
        outcome = f"{e.chosen:g}" if e.chosen else e.refusal.reason.value if e.refusal else ""
        table.add_row(e.sensor, e.tunable.key, "" if e.was_off else f"{e.now:g}", outcome, interval)
    if evidence:
        console.print(table)
    if len(evidence) > _LINES:
        console.print(f"… {len(evidence) - _LINES} more in the overlay / 其余见输出文件")
    told: set[str] = set()
    for e in evidence:
        if e.refusal is not None and e.refusal.reason not in told:
            told.add(e.refusal.reason)
            why, needed = e.refusal.why, e.refusal.needed
            en = f"{e.refusal.reason.value}, such as {e.sensor}: {why.en}; needed: {needed.en}"
            for line in (en, f"  {why.zh}；需要：{needed.zh}"):
                console.print(with_local_times(line, zone), highlight=False)
