"""Matchers as people write them: ``grade=~red|orange``."""

import re

import re2

from alerting.routing import LABELS, Matcher, Op
from registry.suggest import did_you_mean, shown

MATCHER_FORM = "label=value, label!=value, label=~regexp or label!~regexp"
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
        return Matcher(label, Op(parts["op"]), _unquoted(parts["value"]))
    except re2.error as exc:
        message = f"{shown(text)}: not a regular expression: {_said_by(exc)}"
        raise MatcherError(message, "a regular expression of RE2's") from exc


def _said_by(error: re2.error) -> str:
    """Return what RE2 says: bytes of the pattern as it was, cut inside a character maybe."""
    said = error.args[0]
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _unquoted(value: str) -> str:
    both_ends = 2
    quoted = len(value) >= both_ends and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value
