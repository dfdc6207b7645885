"""An accident's file to `Accident`: every fault of it together, each with its line."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files

from registry.entries import Entry
from registry.faults import Fault, InputError
from registry.marks import Marked, parse_marked
from registry.suggest import shown
from sim.accidents.figures_file import ALLOWED_TIME, ORIGIN_KEYS, Frame, flag, moment_of, needed, words
from sim.accidents.model import Accident, Event, Row, Sensor, Source
from sim.accidents.sensors_file import alternatives_of, known, sensors_of
from sim.accidents.signals_file import signals_of

_KEYS = (
    *("name", "title", "text", "start", "length_h", "step_s", "enterprise", "source", "plant"),
    *("sources", "timeline", "signals", "sensors", "events", "alternatives"),
)
_GRADES = ("blue", "yellow", "orange", "red")
_FOLDER = ("data", "accidents")


def accident_text(name: str) -> str:
    """Return the file of an accident as it lies in the installed package."""
    return files("sim").joinpath(*_FOLDER, f"{name}.yaml").read_text(encoding="utf-8")


def accident_of(text: str, file: str) -> Accident:
    """Return the accident that a file's text describes.

    Raises:
        InputError: with every fault of the file.
    """
    marked = parse_marked(text, file)
    faults = list(marked.faults)
    if not isinstance(marked.data, dict):
        raise InputError(
            faults or [marked.fault((), "the file is not a mapping", f"a mapping of {', '.join(_KEYS)}")]
        )
    found = _accident(Entry(marked, (), marked.data, faults), marked)
    if faults:
        raise InputError(sorted(faults, key=_line))
    return found


def _accident(root: Entry, marked: Marked) -> Accident:
    root.check_keys(_KEYS)
    start = root.raw("start") or ""
    moment = moment_of(start)
    if moment is None:
        root.fault("start", f"the start {shown(start)} is no time", ALLOWED_TIME)
    length_h = needed(root, "length_h", 0.01, 24 * 60, "hours, at most 60 days")
    step_s = int(needed(root, "step_s", 1, 600, "whole seconds from 1 to 600"))
    sources = _sources(root)
    frame = Frame(moment or datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None), length_h * 3600, sources)
    signals = signals_of(root, frame)
    sensors = sensors_of(root, frame, signals, step_s)
    return Accident(
        name=root.id("name") or "",
        title=root.text("title"),
        text=root.text("text"),
        start=start,
        length_s=round(length_h * 3600),
        step_s=step_s,
        sources=sources,
        timeline=tuple(_row(entry, frame) for entry in root.entries("timeline", "a list of {at:, text:, …}")),
        signals=signals,
        sensors=sensors,
        events=_events(root, frame, sensors),
        alternatives=alternatives_of(root, sensors, step_s),
        enterprise=root.id("enterprise") or "",
        source=root.id("source") or "",
        plant=_plant(root, marked),
    )


def _sources(root: Entry) -> Mapping[str, Source]:
    section = root.mapping("sources", "a mapping of keys to {title:, url:}")
    found = {}
    for key in section.data:
        entry = section.mapping(key, "{title:, url:}")
        entry.check_keys(("title", "url"))
        title = entry.raw("title")
        if not title:
            entry.fault("title", "title is missing", "what the text is, and who wrote it")
        found[key] = Source(title=title or "", url=entry.raw("url") or "")
    return found


def _row(entry: Entry, frame: Frame) -> Row:
    entry.check_keys(("at", "text", *ORIGIN_KEYS))
    return Row(t_s=frame.time(entry, "at"), text=entry.text("text"), origin=frame.origin(entry))


def _events(root: Entry, frame: Frame, sensors: tuple[Sensor, ...]) -> tuple[Event, ...]:
    ids = [sensor.id for sensor in sensors]
    found = tuple(_event(entry, frame, ids) for entry in root.entries("events", "a list of events"))
    if sum(event.no_return_s is not None for event in found) != 1:
        root.fault(
            "events",
            "one event, the accident itself, has a point of no return",
            "point_of_no_return in one event",
        )
    return found


def _event(entry: Entry, frame: Frame, ids: list[str]) -> Event:
    entry.check_keys(
        (
            "id",
            "kind",
            "severity",
            "fault",
            "onset",
            "end",
            "grade",
            "sensors",
            "point_of_no_return",
            "people_acted",
            *ORIGIN_KEYS,
        )
    )
    grade = entry.raw("grade")
    if grade is not None:
        known(entry, "grade", grade, _GRADES, "grade")
    for name in (named := words(entry, "sensors")):
        known(entry, "sensors", name, ids, "sensor")
    onset_s, end_s = frame.time(entry, "onset"), frame.time(entry, "end")
    if end_s <= onset_s:
        entry.fault("end", "it ends before it begins", "a time after onset")
    last = entry.mapping("point_of_no_return", "{at:, why:}")
    if last.data:
        last.check_keys(("at", "why"))
    return Event(
        id=entry.id("id") or "",
        kind=entry.raw("kind") or "",
        severity=int(needed(entry, "severity", 1, 3, "1, 2 or 3")),
        fault=flag(entry, "fault", otherwise=True),
        onset_s=onset_s,
        end_s=end_s,
        grade=grade,
        sensors=named,
        no_return_s=frame.time(last, "at") if last.data else None,
        no_return_why=last.text("why") if last.data else None,
        acted_s=frame.time(entry, "people_acted") if entry.data.get("people_acted") else None,
        origin=frame.origin(entry),
    )


def _plant(root: Entry, marked: Marked) -> str:
    text = root.raw("plant")
    if not text:
        root.faults.append(marked.fault(("plant",), "plant is missing", "the text of a plant.yaml"))
    return text or ""


def _line(fault: Fault) -> int:
    digits = fault.where.removeprefix("line ").split(",")[0]
    return int(digits) if digits.isdecimal() else 0
