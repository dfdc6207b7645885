"""Hand-made events and alerts, with times in seconds after T0."""

import json
from collections.abc import Sequence
from typing import Any

from alerting.events import Grade, Kind
from service.score.alert_lines import AlertLine
from service.score.episodes import Episode, EpisodeFold
from service.score.matching import Match, Rules, match
from service.score.times import NS
from service.score.truth_file import Crossing, TrueEvent, Truth
from sim.truth import rfc3339

T0 = 1_764_000_000 * NS
DAY_S = 86_400


def ns(t_s: float) -> int:
    return T0 + round(t_s * NS)


def event(
    id_: str = "leak-1",
    onset_s: float = 1000,
    end_s: float = 2000,
    *,
    limits_s: Sequence[float] = (),
    sensors: Sequence[str] = ("e/LT-1",),
    fault: bool = True,
    kind: str = "leak",
    grade: Grade | None = None,
    severity: str = "1",
) -> TrueEvent:
    return TrueEvent(
        id=id_,
        kind=kind,
        severity=severity,
        fault=fault,
        onset_ns=ns(onset_s),
        end_ns=ns(end_s),
        grade=grade,
        sensors=tuple(sensors),
        limits=tuple(Crossing(sensor=sensors[0], limit_name="h", t_ns=ns(t_s)) for t_s in limits_s),
    )


def truth(*events: TrueEvent, end_s: float = DAY_S) -> Truth:
    return Truth(scenario="made", seed=1, start_ns=T0, end_ns=ns(end_s), events=events)


def line(
    t_s: float,
    event: str = "opened",
    *,
    id_: str = "a",
    sensor: str | None = "e/LT-1",
    kind: Kind = Kind.HIGH,
    grade: Grade = Grade.YELLOW,
    source: str | None = None,
) -> AlertLine:
    return AlertLine(1, id_, ns(t_s), event, grade, kind, sensor, source)


def episode(
    from_s: float,
    to_s: float,
    sensor: str = "e/LT-1",
    kind: Kind = Kind.HIGH,
    source: str | None = None,
) -> Episode:
    return Episode(sensor=sensor, source=source, kind=kind, opened_ns=ns(from_s), ended_ns=ns(to_s))


def folded(*lines: AlertLine, end_s: float = DAY_S) -> list[Episode]:
    fold = EpisodeFold()
    for one in lines:
        fold.take(one)
    return fold.episodes(ns(end_s))


def matched(true: Truth, *episodes: Episode, source_of: dict[str, str] | None = None) -> Match:
    return match(true, episodes, Rules(source_of=source_of))


def truth_json(*events: dict[str, Any], end_s: float = 3600) -> dict[str, Any]:
    return {
        "scenario": "made",
        "seed": 1,
        "start": rfc3339(T0),
        "end": rfc3339(ns(end_s)),
        "events": list(events),
    }


def event_json(**changes: Any) -> dict[str, Any]:
    return {
        "id": "leak-1",
        "kind": "leak",
        "severity": 2,
        "fault": True,
        "onset": rfc3339(ns(600)),
        "end": rfc3339(ns(1200)),
        "grade": "red",
        "sensors": ["e/LT-1"],
        "limits": [{"sensor": "e/LT-1", "limit_name": "h", "time": rfc3339(ns(900))}],
        **changes,
    }


def alert_json(t_s: float, event: str = "opened", **changes: Any) -> str:
    whole = {
        "id": "a",
        "seq": 1,
        "time": rfc3339(ns(t_s)),
        "event": event,
        "state": "unack",
        "grade": "yellow",
        "kind": "high",
        "sensor": "e/LT-1",
        "source": None,
        "why": {"seen": {"zh": "液位", "en": "level"}},
        **changes,
    }
    return json.dumps(whole, ensure_ascii=False) + "\n"
