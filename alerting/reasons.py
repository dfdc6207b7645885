"""The reasons of an alert as its lines carry them: all that stands, gravest first, each complete and in words."""

from collections.abc import Iterable
from typing import Any

from alerting.conditions import Condition, Several
from alerting.texts import UNCERTAIN, both, duration, number, rfc3339
from alerting.wording import seen_of
from detectors.findings import Method
from registry.plant import Text

_OF_A_GROUP = frozenset({Method.T2, Method.Q})
"""Methods whose finding is a group's, told on one sensor with the shares of others."""


def reasons_of(standing: Iterable[Condition], what: Text, unit: str) -> list[dict[str, Any]]:
    """Return ``why.reasons``; `what` names what the sensor measures and `unit` is its unit."""
    return [_reason(condition, what, unit) for condition in standing]


def blind_why(silent_since_ns: int | None) -> dict[str, Any] | None:
    """Return ``why.blind``: since when nothing can be seen of what the alert is about, None where it can."""
    if silent_since_ns is None:
        return None
    text = Text(
        "该测点无有效信号，恢复前报警保持，不得视为安全",
        "the sensor sends nothing that counts; until it does again the alert stands, and nothing says that it is safe",
    )
    return {"since": rfc3339(silent_since_ns), "text": both(text)}


def silence_why(several: Several) -> dict[str, Any]:
    """Return ``why.silence``: how many sensors are silent together, and of the first of them since when and until when."""
    return {
        "silent": several.silent,
        "took_part": several.took_part,
        "of": several.of,
        "source": several.source,
        "members": [
            {
                "sensor": one.sensor,
                "since": rfc3339(one.since_ns),
                "returned": None if one.back_ns is None else rfc3339(one.back_ns),
            }
            for one in several.listed
        ],
    }


def sentence(condition: Condition, what: Text, unit: str) -> Text:
    """Return a condition as a sentence: ``level is above the high limit 85 %``."""
    seen = seen_of(condition, unit)
    zh, en = f"{what.zh}{seen.zh}", f"{what.en} is {seen.en}"
    if condition.window_s is not None:
        window = duration(condition.window_s)
        zh, en = f"{zh}，窗口 {window.zh}", f"{en}, looking back {window.en}"
    shares = [f"{o.name} {number(o.share * 100)} %" for o in condition.others if o.share is not None]
    if shares and condition.method in _OF_A_GROUP:
        zh, en = f"{zh}，主要来自 {'、'.join(shares)}", f"{en}, mostly by {', '.join(shares)}"
    if condition.uncertain:
        zh, en = f"{zh}（{UNCERTAIN.zh}）", f"{en} ({UNCERTAIN.en})"
    return Text(zh, en)


def _reason(condition: Condition, what: Text, unit: str) -> dict[str, Any]:
    reason: dict[str, Any] = {
        "method": Method(condition.method).label,
        "kind": condition.kind,
        "limit_name": condition.limit_name,
        "statistic": condition.statistic,
        "threshold": condition.threshold,
        "window_s": condition.window_s,
        "value": condition.value,
        "since": rfc3339(condition.since_ns),
        "onset": rfc3339(condition.onset_ns),
        "text": both(sentence(condition, what, unit)),
    }
    if condition.uncertain:
        reason["quality"] = "uncertain"
    if condition.others:
        reason["others"] = [{"sensor": other.sensor, "share": other.share} for other in condition.others]
    return reason
