"""Regular expressions of matchers: none holds up the service, and those that people write are taken."""

import pytest

from alerting.matcher_text import MatcherError, parse_matcher

LONGEST = 257
"""Characters of the longest value of a label."""


@pytest.mark.parametrize(
    "pattern",
    [
        "haigang/(L+)+x",
        "(.*)*x",
        "(L|L)*x",
        ".*.*.*.*x",
        "(?:L?){100}x{100}",
        "L?" * 90 + "x",
        "(L{0,9}){0,9}x",
        "((a{0,9}){0,9}){0,9}",
        "a{4294967296}",
        f"a{{{'9' * 5000}}}",
        "(" * 5000 + ")" * 5000,
    ],
)
def test_what_others_try_for_ever_is_told_at_once(pattern: str) -> None:
    assert not parse_matcher(f"sensor=~{pattern}").holds({"sensor": ("haigang/" + "L" * LONGEST,)})


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "液位(",
        "(?=a)b",
        r"(a)\1",
        "((((a{9}){9}){9}){9}){9}",
    ],
)
def test_what_is_no_regular_expression_is_told_so(pattern: str) -> None:
    with pytest.raises(MatcherError, match="not a regular expression") as refused:
        parse_matcher(f"sensor=~{pattern}")
    assert refused.value.allowed
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("area=~3702.*", "370211"),
        ("sensor=~.*/(LT|PT|TT|GT)-[0-9]+", "e/LT-101"),
        ("sensor!~.*test.*", "e/LT-101"),
        ("kind=~high|low", "low"),
        ("grade=~(?i)RED", "red"),
        ("source=~[一-龥]+罐区.?", "北仑罐区A"),
        (r"source=~\p{Han}+", "罐区"),
    ],
)
def test_what_people_write_is_taken(text: str, value: str) -> None:
    matcher = parse_matcher(text)
    assert matcher.holds({matcher.label: (value,)})
