"""Comparators beside hazwatch: which stretches they run on, and the tables and curves that come of it.

Thresholds are set on the first third of the recording and scored on the rest, or set on a whole other recording. Slow
comparators run on a sample of sensors and hours, and hazwatch is scored on the same sample beside them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from registry.plant import Text
from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry
from service.score.beside import Row, earned, row_of
from service.score.comparators.models import SLOW, missing
from service.score.comparators.statistics import Cusum, Ewma, Limits, LimitsAsSet
from service.score.comparators.trial import Maker, Rival, Stretch, Trial, run
from service.score.curve import Curve, curve_of_thresholds
from service.score.episodes import Episode
from service.score.matching import match
from service.score.panel import Panel, panel_of
from service.score.report import Beside
from service.score.scoring import HAZWATCH, Scored
from service.score.times import NS
from service.score.truth_file import Truth

FAST: dict[str, Maker] = {"ewma": Ewma, "cusum": Cusum}
NAMES = (*FAST, *(model.name for model in SLOW))
"""What can be asked for beside fixed limits."""

Readings = Callable[[], Iterable[ReadingBlock]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How much slow comparators get: so many sensors, so many hours of each stretch."""

    sensors: int = 12
    hours: float = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recordings:
    """The recording that was scored, and another to set thresholds on, with its truth; None: the first third of the same."""

    scored: Readings
    calibration: tuple[Readings, Truth] | None = None


def compare(
    scored: Scored,
    registry: SensorRegistry,
    recordings: Recordings,
    *,
    wanted: Sequence[str],
    sample: Sample,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[list[Beside], list[Curve]]:
    """Run fixed limits and what is wanted; return a table for all sensors, and one for the sample of the slow ones."""
    makers = [LimitsAsSet, Limits, *(FAST[name] for name in wanted if name in FAST)]
    trial = _trial(scored, registry, recordings, None, None)
    tables, curves = [], []
    table, more = _beside(scored, trial, run(trial, makers, progress), [], _set_on(recordings))
    tables.append(table)
    curves += more
    slow = [model for model in SLOW if model.name in wanted]
    if slow:
        installed = [model for model in slow if not missing(model.needs)]
        absent = [_absent(model.name, model.text) for model in slow if missing(model.needs)]
        part = _trial(scored, registry, recordings, sample, _sampled(scored.truth, registry, sample))
        rivals = run(part, [LimitsAsSet, Limits, *installed], progress) if installed else []
        table, more = _beside(scored, part, rivals, absent, _set_on(recordings))
        tables.append(table)
        curves += [_of_sample(curve) for curve in more if curve.name in NAMES]
    return tables, curves


def _of_sample(curve: Curve) -> Curve:
    return replace(curve, text=Text(f"{curve.text.zh}（抽样）", f"{curve.text.en}, on the sample"))


def _absent(name: str, text: Text) -> Row:
    return Row(
        name=name,
        text=text,
        caught=None,
        warned=(None, None, None),
        lead_s=None,
        delay_s=None,
        false_rate=0.0,
        stood_share=0.0,
        note=Text("未安装（pip install 'hazwatch[bench]'）", "not installed (pip install 'hazwatch[bench]')"),
    )


def _set_on(recordings: Recordings) -> Text:
    if recordings.calibration is None:
        return Text("阈值由前三分之一标定", "thresholds set on the third before")
    return Text("阈值由另一记录标定", "thresholds set on another recording")


def _sampled(truth: Truth, registry: SensorRegistry, sample: Sample) -> frozenset[int]:
    """Choose sensors that events name, evenly over the points table."""
    named = sorted(registry.index[sensor] for sensor in truth.sensors if sensor in registry.index)
    count = min(sample.sensors, len(named))
    return frozenset(named[k * len(named) // count] for k in range(count))


def _trial(
    scored: Scored,
    registry: SensorRegistry,
    recordings: Recordings,
    sample: Sample | None,
    sensors: frozenset[int] | None,
) -> Trial:
    """Lay out the stretches, cut to the sample, and take hazwatch's own false rate as the most that is allowed."""
    hours = None if sample is None else sample.hours
    truth = _cut(scored.truth, hours)
    readings = _until(recordings.scored, truth.end_ns)
    if recordings.calibration is None:
        split_ns = truth.start_ns + (truth.end_ns - truth.start_ns) // 3 // NS * NS
        before, after = truth.part(truth.start_ns, split_ns), truth.part(split_ns, truth.end_ns)
        calibration = Stretch(readings=readings, truth=before)
    else:
        other, of_other = recordings.calibration
        before, after = _cut(of_other, hours), truth
        calibration = Stretch(readings=_until(other, before.end_ns), truth=before)
    if sensors is not None:
        after = after.of_sensors(frozenset(registry.specs[i].id for i in sensors))
    trial = Trial(
        registry=registry,
        calibration=calibration,
        scored=Stretch(readings=readings, truth=after),
        rules=scored.rules,
        most_rate=0.0,
        sensors=sensors,
    )
    return replace(trial, most_rate=_panel(trial, _own(scored, trial)).false.rate)


def _cut(truth: Truth, hours: float | None) -> Truth:
    if hours is None:
        return truth
    return truth.part(truth.start_ns, min(truth.end_ns, truth.start_ns + round(hours * 3600) * NS))


def _until(readings: Readings, end_ns: int) -> Readings:
    """Return the readings up to an hour after a time: by then what was held back on the way has come."""

    def cut() -> Iterator[ReadingBlock]:
        for block in readings():
            if len(block) and int(block.t_ns.min()) > end_ns + 3600 * NS:
                return
            yield block

    return cut


def _own(scored: Scored, trial: Trial) -> list[Episode]:
    """Return hazwatch's episodes of the sensors that take part."""
    if trial.sensors is None:
        return list(scored.episodes)
    ids = {trial.registry.specs[i].id for i in trial.sensors}
    return [episode for episode in scored.episodes if episode.sensor in ids]


def _panel(trial: Trial, episodes: Sequence[Episode]) -> Panel:
    sensors = len(trial.registry) if trial.sensors is None else len(trial.sensors)
    return panel_of(match(trial.scored.truth, episodes, trial.rules), sensors, trial.rules.tolerance_s)


def _beside(
    scored: Scored, trial: Trial, rivals: Sequence[Rival], absent: Sequence[Row], set_on: Text
) -> tuple[Beside, list[Curve]]:
    own = _own(scored, trial)
    truth, rules = trial.scored.truth, trial.rules
    found = match(truth, own, rules)
    rows = [row_of("hazwatch", HAZWATCH, _panel(trial, own))]
    gains = {}
    for rival in rivals:
        rows += _rival_rows(rival)
        if rival.panel is not None:
            gains[rival.name] = earned(found, match(truth, rival.episodes, rules))
    sensors = len(trial.registry) if trial.sensors is None else len(trial.sensors)
    days = (truth.end_ns - truth.start_ns) / 86_400e9
    title = Text(
        f"同误报率比较：{sensors} 个测点、{days:.3g} 天，{set_on.zh}",
        f"at an equal false rate: {sensors} sensors, {days:.3g} days, {set_on.en}",
    )
    table = Beside(
        title=title,
        rows=(*rows, *absent),
        earned=gains.get(LimitsAsSet.name, {}),
        earned_equal=gains.get(Limits.name, {}),
    )
    curves = [
        curve_of_thresholds(rival.name, rival.text, rival.curve)
        for rival in rivals
        if rival.name != LimitsAsSet.name
    ]
    return table, curves


def _rival_rows(rival: Rival) -> Iterator[Row]:
    """Yield the row of the frozen threshold and, where another would have been best here, of that one."""
    if rival.panel is None:
        note = _TOO_LOUD if rival.threshold is None else _TOO_LOUD_HERE
        yield replace(_absent(rival.name, rival.text), note=note)
    else:
        row = row_of(rival.name, rival.text, rival.panel)
        yield replace(row, threshold=rival.threshold, set_rate=rival.set_rate)
    if rival.hindsight is not None and rival.hindsight[0] != rival.threshold:
        at, panel = rival.hindsight
        text = Text(f"{rival.text.zh}（事后）", f"{rival.text.en}, hindsight")
        yield replace(row_of(f"{rival.name}_hindsight", text, panel), threshold=at)


_TOO_LOUD = Text("没有阈值能做到这样少的误报", "no threshold gives so few false alerts")
_TOO_LOUD_HERE = Text(
    "标定的阈值在此误报无数", "the threshold that was set gives false alerts without end here"
)
