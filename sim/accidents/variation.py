"""An accident with its assumptions moved: so that an answer is a range and not one number.

What is found in a source stays where it is. What is only recalled or assumed moves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sim.accidents.model import Accident, Alternative, Basis, Course, Event, Knot, Sensor, Signal

_APART_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """How far the assumptions are moved.

    Attributes:
        noise: factor on the noise of transmitters and on what wanders in the process.
        pace: factor on how long before the point of no return (or before people acted), or before the next figure that is
            found, a knot of the accident lies that is not. 0.7: it all begins later and goes faster.
        daily: factor on what breathes with the day.
        alternative: one of the accident's own, applied first.
    """

    noise: float = 1.0
    pace: float = 1.0
    daily: float = 1.0
    alternative: Alternative | None = None


AS_IT_WAS = Variation()

_FAULTS_LEFT: Mapping[object, slice] = {True: slice(None), False: slice(0), "last": slice(-1, None)}
"""Which of a sensor's faults an alternative leaves."""


def varied(accident: Accident, variation: Variation) -> Accident:
    """Return the accident with its assumptions moved, and only with sensors that the plant had or the alternative adds.

    The timeline stays; a point of no return that lies on a moved model moves with it.
    """
    changes = {} if variation.alternative is None else variation.alternative.sensors
    pace = variation.pace
    begin_s, end_s = accident.main.onset_s, accident.told_by_s
    sensors = tuple(
        _sensor(sensor, changes.get(sensor.id, {}), variation, begin_s, end_s)
        for sensor in accident.sensors
        if changes.get(sensor.id, {}).get("present", sensor.existed)
    )
    signals = {name: _signal(signal, variation, begin_s, end_s) for name, signal in accident.signals.items()}
    present = {sensor.id for sensor in sensors}
    events = tuple(_event(accident, event, pace, present) for event in accident.events)
    return replace(accident, sensors=sensors, signals=signals, events=events)


def _sensor(
    sensor: Sensor, change: Mapping[str, object], variation: Variation, begin_s: float, end_s: float
) -> Sensor:
    fields = {key: value for key, value in change.items() if key not in {"present", "faults"}}
    sensor = replace(sensor, **fields)  # type: ignore[arg-type]  # the loader has checked each field
    faults = _FAULTS_LEFT[change.get("faults", True)]
    moved = tuple(
        replace(f, knots=_moved(f.knots, variation.pace, begin_s, end_s)) for f in sensor.faults[faults]
    )
    return replace(
        sensor, faults=moved, noise=sensor.noise * variation.noise, drift=sensor.drift * variation.noise
    )


def _signal(signal: Signal, variation: Variation, begin_s: float, end_s: float) -> Signal:
    if not isinstance(signal, Course):
        return signal
    wander, daily, model = signal.wander, signal.daily, signal.model
    if model is not None and model.origin.basis is not Basis.FOUND:
        end_s = model.blow_up_s
        model = replace(model, from_s=end_s - (end_s - model.from_s) * variation.pace)
    return replace(
        signal,
        knots=_moved(signal.knots, variation.pace, begin_s, end_s),
        wander=None if wander is None else replace(wander, sd=wander.sd * variation.noise),
        daily=None if daily is None else replace(daily, amplitude=daily.amplitude * variation.daily),
        model=model,
    )


def _moved(knots: tuple[Knot, ...], pace: float, begin_s: float, end_s: float) -> tuple[Knot, ...]:
    """Move the knots between begin and end that are not found, each towards the next one that is, in their order."""
    out: list[Knot] = []
    for i, knot in enumerate(knots):
        if knot.origin.basis is Basis.FOUND or not begin_s <= knot.t_s < end_s:
            out.append(knot)
            continue
        fixed_s = next((k.t_s for k in knots[i + 1 :] if k.origin.basis is Basis.FOUND), end_s)
        fixed_s = min(fixed_s, end_s)
        at_s = fixed_s - (fixed_s - knot.t_s) * pace
        out.append(replace(knot, t_s=max(at_s, out[-1].t_s + _APART_S) if out else at_s))
    return tuple(out)


def _event(accident: Accident, event: Event, pace: float, present: set[str]) -> Event:
    event = replace(event, sensors=tuple(name for name in event.sensors if name in present))
    if event.no_return_s is None:
        return event
    for signal in accident.signals.values():
        model = signal.model if isinstance(signal, Course) else None
        if model is not None and model.from_s < event.no_return_s < model.blow_up_s:
            left_s = (model.blow_up_s - event.no_return_s) * pace
            return replace(event, no_return_s=model.blow_up_s - left_s)
    return event
