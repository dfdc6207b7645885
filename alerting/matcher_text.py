"""Matchers as people write them: ``grade=~red|orange``."""

import re

from alerting.pattern_ways import MOST_WAYS, ways
from alerting.routing import LABELS, Matcher, Op
from registry.suggest import did_you_mean, shown

MATCHER_FORM = "label=value, label!=value, label=~regexp or label!~regexp"
FEW_WAYS = "at most two of * and + one after another, none of them around a choice"
_MATCHER = re.compile(r"\s*(?P<label>\w+)\s*(?P<op>=~|!~|!=|=)\s*(?P<value>.*?)\s*", re.DOTALL)


class MatcherError(ValueError):
    """The text is no matcher; the message says why, `allowed` what would be one."""

    def __init__(self, message: str, allowed: str) -> None:
        self.allowed = allowed
        super().__init__(message)


def parse_matcher(text: object) -> Matcher:
    """Return the matcher; raise `MatcherError`."""
    parts = _MATCHER.fullmatch(text) if isinstance(text, str) else None
    if parts is None:
        raise MatcherError(f"{shown(text)} is no matcher", MATCHER_FORM)
    label = parts["label"]
    if label not in LABELS:
        raise MatcherError(f"unknown label {shown(label)}{did_you_mean(label, LABELS)}", ", ".join(LABELS))
    try:
        matcher = Matcher(label, Op(parts["op"]), _unquoted(parts["value"]))
    except (re.error, ValueError, OverflowError, RecursionError) as exc:
        message = f"{shown(text)}: not a regular expression: {exc}"
        raise MatcherError(message, "a Python regular expression") from exc
    if matcher.op in {Op.LIKE, Op.UNLIKE} and ways(matcher.value) > MOST_WAYS:
        raise MatcherError(f"{shown(text)}: may be tried in too many ways", FEW_WAYS)
    return matcher


def _unquoted(value: str) -> str:
    both_ends = 2
    quoted = len(value) >= both_ends and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value
