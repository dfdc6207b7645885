"""Regular expressions of matchers: none that is taken holds up the service, and those that people write are taken."""

import math
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.matcher_text import MatcherError, parse_matcher
from alerting.pattern_ways import LONGEST, MOST_WAYS, ways


@pytest.mark.parametrize(
    ("pattern", "number"),
    [
        ("", 1),
        ("red|orange", 2),
        ("LT-9..", 1),
        (".*", LONGEST),
        (r"haigang/LT-\d+", LONGEST),
        (".*-7.*", LONGEST**2),
        ("(LT|PT)-[0-9]{3}", 2),
        ("a?b?(c|d|e)", 12),
        (r"[]*+(|]+\(\|\*", LONGEST),
        ("(?i)lt-(?:1|2)*?", math.inf),
        ("(a+)+", math.inf),
        ("((a|b)c)*", math.inf),
        ("(ab)*", LONGEST),
        ("(a?){20}", 2**20),
        ("a{2,4}x{,3}y{5,}", 3 * 4 * (LONGEST - 4)),
        ("a{}b{x}", 1),
        ("a*+b++", LONGEST**2),
        ("(?P<kind>LT|PT)(?=-)", 2),
        ("(?x) a # (", math.inf),
        (r"(?P<a>.)(?P=a)", math.inf),
        ("(|a)(|a)", 4),
    ],
)
def test_the_choices_of_a_pattern_multiply(pattern: str, number: float) -> None:
    re.compile(pattern)
    assert ways(pattern) == number


@pytest.mark.parametrize(
    "pattern",
    [
        "haigang/(L+)+x",
        "(.*)*x",
        "(L|L)*x",
        ".*.*.*.*x",
        "(?:L?){100}L{100}",
        "L?" * 90,
        "(L|L)" * 30,
        "(L{0,9}){0,9}x",
        "((a{0,9}){0,9}){0,9}",
        "a{4294967296}",
        f"a{{{'9' * 5000}}}",
        "(" * 5000 + ")" * 5000,
    ],
)
def test_what_may_take_for_ever_is_refused_before_it_is_tried(pattern: str) -> None:
    with pytest.raises(MatcherError) as refused:
        parse_matcher(f"sensor=~{pattern}")
    assert refused.value.allowed


_PIECES = st.sampled_from(
    [
        "L",
        ".",
        "x",
        "*",
        "+",
        "?",
        "{0,3}",
        "{2}",
        "(",
        "(?:",
        ")",
        "|",
        "[L]",
        "[^x]",
        r"\w",
        "*?",
        "(?=",
        "(?i)",
    ]
)


@settings(deadline=None)
@given(st.lists(_PIECES, max_size=14).map("".join))
def test_whatever_is_taken_is_quick_on_the_longest_value(pattern: str) -> None:
    try:
        matcher = parse_matcher(f"sensor=~{pattern}")
    except MatcherError:
        return
    began = time.process_time()
    matcher.holds({"sensor": ("L" * LONGEST,)})
    assert time.process_time() - began < 5, "an upper bound of seconds: what is refused takes years"


def test_the_bound_leaves_room_for_what_people_write() -> None:
    for text in (
        "area=~3702.*",
        "sensor=~.*/(LT|PT|TT|GT)-[0-9]+",
        "sensor!~.*test.*",
        "kind=~high|low",
        "grade=~.+",
    ):
        assert parse_matcher(text)
    assert LONGEST**2 < MOST_WAYS < LONGEST**3
