"""From files to a report: alert lines are read once, line by line; what is kept of them are episodes and counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alerting.texts import rfc3339
from registry.faults import Fault, InputError
from registry.plant import Text
from registry.sensors import SensorRegistry
from service.score.alert_lines import read_alerts
from service.score.beside import always, by_luck, row_of
from service.score.curve import Curve, curve_of_grades
from service.score.episodes import Episode, EpisodeFold
from service.score.load import Load, LoadFold
from service.score.matching import Rules, match
from service.score.panel import Panel, Spread, panel_of
from service.score.report import Beside, Report, slow_leads, targets_of
from service.score.truth_file import Truth, load_truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What is scored: the truth, the episodes, and the sensors that there are; `rules` know the sources, where they are known."""

    truth: Truth
    episodes: tuple[Episode, ...]
    sensors: frozenset[str]
    rules: Rules
    load: Load
    operators: int
    notes: tuple[Text, ...]


def read(alerts: Path, truth: Path, registry: SensorRegistry | None, operators: int = 1) -> Scored:
    """Read both files; with a registry the sensors must be its own.

    Raises:
        InputError: with every fault of a file, or where the files are not of one simulation.
    """
    known = None if registry is None else registry.index
    true = load_truth(truth, known)
    episodes, load = EpisodeFold(), LoadFold(true.start_ns, true.end_ns, operators)
    named: set[str] = set()
    seen = outside = 0
    first_outside: tuple[int, int] | None = None
    for line in read_alerts(alerts, known):
        seen += 1
        if not true.start_ns <= line.t_ns <= true.end_ns:
            outside += 1
            first_outside = first_outside or (line.number, line.t_ns)
        if line.sensor is not None:
            named.add(line.sensor)
        episodes.take(line)
        load.take(line)
    notes = _doubts(alerts, true, seen, outside, first_outside)
    source_of = None
    sensors = frozenset(named | true.sensors)
    if registry is not None:
        sensors = frozenset(registry.index)
        source_of = {spec.id: spec.source for spec in registry.specs if spec.source}
    else:
        notes.append(_NO_POINTS)
    if not sensors:
        message = "neither the events nor the alerts name a sensor, so there is nothing to score"
        raise InputError(
            [
                Fault(
                    file=str(truth), where="", message=message, allowed="a points table: --config or --points"
                )
            ]
        )
    return Scored(
        truth=true,
        episodes=tuple(episodes.episodes(true.end_ns)),
        sensors=sensors,
        rules=Rules(source_of=source_of),
        load=load.load(),
        operators=operators,
        notes=tuple(notes),
    )


_NO_POINTS = Text(
    "未给出点表：测点数取真值与报警中出现过的测点，误报率因此偏高；只按事件自身的测点配对，不按重大危险源",
    "no points table: the sensors are those that truth and alerts name, so false rates come out too high; alerts count "
    "for an event only on its own sensors, not by its hazard source",
)


def _doubts(alerts: Path, truth: Truth, seen: int, outside: int, first: tuple[int, int] | None) -> list[Text]:
    """Return what a reader must know of how well the files fit; raise where they do not at all."""
    if first is None:
        return []
    span = f"{rfc3339(truth.start_ns)} … {rfc3339(truth.end_ns)}"
    if outside == seen:
        message = f"{rfc3339(first[1])} lies outside the truth's range, and so do all other lines"
        raise InputError(
            [Fault(file=str(alerts), where=f"line {first[0]}", message=message, allowed=f"times in {span}")]
        )
    return [
        Text(
            f"{outside} 行报警在真值范围之外（首个：第 {first[0]} 行），其开启不计",
            f"{outside} alert lines lie outside the truth's range (the first: line {first[0]}); what opens there does not count",
        )
    ]


def report_of(
    scored: Scored, beside: Sequence[Beside] = (), curves: Sequence[Curve] = (), notes: Sequence[Text] = ()
) -> Report:
    """Return the report; tables and curves of comparators come after its own."""
    truth, rules, n = scored.truth, scored.rules, len(scored.sensors)
    found = match(truth, scored.episodes, rules)
    panel = panel_of(found, n, rules.tolerance_s)
    return Report(
        match=found,
        rules=rules,
        panel=panel,
        load=scored.load,
        operators=scored.operators,
        targets=targets_of(panel, Spread.of(slow_leads(found))),
        beside=(_trivial(scored, panel), *beside),
        curves=(curve_of_grades(truth, scored.episodes, rules, n), *curves),
        notes=(*_RULES, *scored.notes, *notes),
    )


def _trivial(scored: Scored, panel: Panel) -> Beside:
    """Return hazwatch beside detectors that know nothing."""
    truth, rules, n = scored.truth, scored.rules, len(scored.sensors)
    rows = [row_of("hazwatch", HAZWATCH, panel)]
    own = Rules(tolerance_s=rules.tolerance_s)
    if rules.source_of is not None:
        rows.append(row_of("own_sensors", _OWN, _panel(truth, scored.episodes, own, n)))
    rows += [
        by_luck(truth, scored.episodes, rules, n),
        row_of("never", _NEVER, _panel(truth, (), rules, n)),
        row_of("always", _ALWAYS, _panel(truth, always(truth, scored.sensors), rules, n)),
    ]
    title = Text(f"全部时段，{n} 个测点", f"the whole range, {n} sensors")
    return Beside(title=title, rows=tuple(rows), earned={}, earned_equal={})


HAZWATCH = Text.same("hazwatch")
_OWN = Text("只计事件自身测点", "event's own sensors only")
_NEVER = Text("从不报警", "never")
_ALWAYS = Text("一直报警", "always")


def _panel(truth: Truth, episodes: Sequence[Episode], rules: Rules, sensors: int) -> Panel:
    return panel_of(match(truth, episodes, rules), sensors, rules.tolerance_s)


_RULES = (
    Text(
        "捕获：事件起始至结束后 60 秒内、在事件自身测点上（或同一重大危险源的过程类报警）新开启的报警。起始前已站立的报警不算。"
        "提前量：首个报警到真实首次越限的时间；漏报计为负无穷。每次报警至多归于一个事件",
        "Caught: an alert that opened from the event's onset to 60 s after its end, on one of its sensors (or one of the process on "
        "its hazard source). One that stood before counts for nothing. Lead: from the first alert to the first real crossing; minus "
        "infinity where missed. An alert belongs to one event at the most.",
    ),
    Text(
        "误报：不属于任何故障的报警，含似故障上的报警；60 秒内复现并为一次，每多站立一天再计一次。"
        "方括号内为 95 % 区间：误报率为精确泊松，占比为 Wilson，中位数为固定种子的自助法。∞ 表示从未",
        "False: an alert that belongs to no fault, those on look-alikes included; one that comes back within 60 s is the same, and one "
        "that stands counts again each day. In brackets 95 % intervals: exact Poisson for rates, Wilson for shares, "
        "bootstrap with a fixed seed for medians. ∞ is never.",
    ),
)
