"""The signals of an accident's file: courses by knots, normal operation and models, and tanks by their flows."""

from collections.abc import Mapping

from registry.entries import Entry
from registry.suggest import did_you_mean, shown
from sim.accidents.figures_file import ORIGIN_KEYS, Frame, flag, needed, optional, words
from sim.accidents.model import Beat, Course, Daily, Induction, Repeat, Signal, Tank, Wander

_HOUR_S = 3600.0
_MINUTE_S = 60.0
_COURSE_KEYS = ("knots", "repeat", "wander", "daily", "induction")
_ABOVE_0 = "a number above 0"
_TINY = 1e-9


def signals_of(root: Entry, frame: Frame) -> Mapping[str, Signal]:
    """Return the signals by name; tanks refer to courses of the same file."""
    section = root.mapping("signals", "a mapping of names to signals")
    if not section.data:
        root.fault("signals", "no signal is described", "a mapping of names to signals")
    signals: dict[str, Signal] = {}
    for name in section.data:
        entry = section.mapping(name, "a mapping: a course or {tank: …}")
        signals[name] = _tank(entry, frame) if "tank" in entry.data else _course(entry, frame)
    courses = [name for name, signal in signals.items() if isinstance(signal, Course)]
    for name, signal in signals.items():
        for flow in (*signal.inflows, *signal.outflows) if isinstance(signal, Tank) else ():
            if flow not in courses:
                message = f"unknown flow {shown(flow)}{did_you_mean(flow, courses)}"
                section.mapping(name, "a tank").fault("tank", message, ", ".join(courses))
    return signals


def _course(entry: Entry, frame: Frame) -> Course:
    entry.check_keys(_COURSE_KEYS)
    knots = frame.knots(entry)
    if not knots:
        entry.fault("knots", "a course needs at least one knot", "knots: [{at:, value:, …}]")
    return Course(
        knots=knots,
        repeats=tuple(
            _repeat(item, frame) for item in entry.entries("repeat", "a list of {from:, every_h:, …}")
        ),
        wander=_wander(entry.mapping("wander", "{sd:, tau_s:}")) if "wander" in entry.data else None,
        daily=_daily(entry.mapping("daily", "{amplitude:, peak_h:}")) if "daily" in entry.data else None,
        model=_induction(entry.mapping("induction", "{from:, …}"), frame)
        if "induction" in entry.data
        else None,
    )


def _repeat(entry: Entry, frame: Frame) -> Repeat:
    entry.check_keys(("from", "every_h", "times", "jitter_min", "beats"))
    beats = []
    for beat in entry.entries("beats", "a list of {after_h:, value:}"):
        beat.check_keys(("after_h", "value", "step"))
        after_h = needed(beat, "after_h", 0.0, allowed="hours, 0 or more")
        beats.append(Beat(after_s=after_h * _HOUR_S, value=needed(beat, "value"), step=flag(beat, "step")))
    if not beats:
        entry.fault("beats", "a repeat needs at least one beat", "beats: [{after_h:, value:}]")
    return Repeat(
        first_s=frame.time(entry, "from"),
        every_s=needed(entry, "every_h", _TINY, allowed=_ABOVE_0) * _HOUR_S,
        times=int(needed(entry, "times", 1, 10_000, "a whole number from 1 on")),
        jitter_s=optional(entry, "jitter_min", 0.0) * _MINUTE_S,
        beats=tuple(beats),
    )


def _wander(entry: Entry) -> Wander:
    entry.check_keys(("sd", "tau_s", "share"))
    return Wander(
        sd=needed(entry, "sd", 0.0, allowed="0 or more"),
        tau_s=needed(entry, "tau_s", _TINY, allowed=_ABOVE_0),
        share=flag(entry, "share"),
    )


def _daily(entry: Entry) -> Daily:
    entry.check_keys(("amplitude", "peak_h"))
    return Daily(
        amplitude=needed(entry, "amplitude", 0.0, allowed="0 or more"),
        peak_h=needed(entry, "peak_h", 0.0, 24.0, "an hour from 0 to 24"),
    )


def _induction(entry: Entry, frame: Frame) -> Induction:
    entry.check_keys(("from", "blow_up", "base", "theta", "most", *ORIGIN_KEYS))
    from_s, blow_up_s = frame.time(entry, "from"), frame.time(entry, "blow_up")
    if blow_up_s <= from_s:
        entry.fault("blow_up", "it blows up before it begins", "a time after from")
        blow_up_s = from_s + 1.0
    return Induction(
        from_s=from_s,
        blow_up_s=blow_up_s,
        base=needed(entry, "base"),
        theta=needed(entry, "theta", _TINY, allowed=_ABOVE_0),
        most=needed(entry, "most"),
        origin=frame.origin(entry),
    )


def _tank(entry: Entry, frame: Frame) -> Tank:
    entry.check_keys(("tank",))
    tank = entry.mapping("tank", "{area_m2:, in:, out:, anchor:, full_m:, …}")
    tank.check_keys(("area_m2", "in", "out", "anchor", "full_m", *ORIGIN_KEYS))
    return Tank(
        area_m2=needed(tank, "area_m2", _TINY, allowed=_ABOVE_0),
        inflows=words(tank, "in"),
        outflows=words(tank, "out"),
        anchor=frame.knot(tank.mapping("anchor", "{at:, value:, …}")),
        full_m=needed(tank, "full_m", _TINY, allowed=_ABOVE_0),
        origin=frame.origin(tank),
    )
