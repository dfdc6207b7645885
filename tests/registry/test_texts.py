"""Which characters a text from outside may hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.texts import in_two_languages, one_line, text_problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("储罐 T-1 (°C) 👩\u200d🔧 é", None),
        ("خزان\u200c رقم\u200f ١ – מכל", None),
        ("a\u202eb", "has U+202E, which turns the direction of text"),
        ("a\u2066b", "has U+2066, which turns the direction of text"),
        ("a\x00b", "has U+0000, which cannot be shown"),
        ("a\x1b[2Jb", "has U+001B, which cannot be shown"),
        ("a\ud800b", "has U+D800, which cannot be shown"),
        ("a\nb", "has U+000A, which cannot be shown"),
    ],
)
def test_what_a_name_may_hold(text: str, problem: str | None) -> None:
    assert text_problem(text) == problem


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ("1号球罐液位 / Sphere 1 level", ("1号球罐液位", "Sphere 1 level")),
        ("Sphere 1 level / 1号球罐液位", ("1号球罐液位", "Sphere 1 level")),
        ("进料/出料阀", None),
        ("进料 / 出料阀", None),
        ("in / out", None),
        ("液位 / ", None),
        (" / level", None),
        ("/", None),
    ],
)
def test_a_description_may_be_in_two_languages(text: str, both: tuple[str, str] | None) -> None:
    assert in_two_languages(text) == both


def test_a_paragraph_keeps_its_lines_and_nothing_else() -> None:
    assert text_problem("a\n\tb", lines=True) is None
    assert text_problem("a\rb", lines=True) == "has U+000D, which cannot be shown"


@given(st.text(st.sampled_from("a \t\r\n\v\f\x85\u2028\u2029\u3000储"), max_size=20))
def test_one_line_leaves_no_line_break_and_loses_no_word(text: str) -> None:
    assert text_problem(one_line(text)) is None
    assert "".join(one_line(text).split()) == "".join(text.split())
