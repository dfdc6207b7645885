"""GB 18218-2018: known answers, the bounds of the grades, and what must never be guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.hazard import HazardError, alpha_of_population, chemical, folded, grade, near_substances, tables
from registry.plant import Chemical, SourceGrade


@pytest.mark.parametrize(
    ("substance", "quantity_t", "alpha", "s", "r", "expected"),
    [
        ("chlorine", 100, 2.0, 20, 160, SourceGrade.I),
        ("petrol", 5000, 1.5, 25, 37.5, SourceGrade.III),
        ("LPG", 400, 1.2, 8, 14.4, SourceGrade.III),
        ("ammonia", 50, 0.5, 5, 5, SourceGrade.IV),
        ("methanol", 200, 1.0, 0.4, 0.4, None),
    ],
)
def test_known_answers(
    *, substance: str, quantity_t: float, alpha: float, s: float, r: float, expected: SourceGrade | None
) -> None:
    grading = grade([chemical(substance, quantity_t)], alpha)
    assert (grading.s, grading.r, grading.grade) == (s, r, expected)


@pytest.mark.parametrize(
    ("r", "expected"),
    [
        (100.0, SourceGrade.I),
        (99.999999, SourceGrade.II),
        (50.0, SourceGrade.II),
        (49.999999, SourceGrade.III),
        (10.0, SourceGrade.III),
        (9.999999, SourceGrade.IV),
        (1.0, SourceGrade.IV),
        (0.999999, None),
    ],
)
def test_a_bound_belongs_to_the_graver_grade(r: float, expected: SourceGrade | None) -> None:
    unit = Chemical(substance="x", quantity_t=r, critical_t=1.0, beta=1.0)
    assert grade([unit], 1.0).grade is expected


def test_bounds_hold_where_binary_fractions_would_fall_short() -> None:
    # ten tenths are 0.9999999999999999 in binary floating point
    tenths = [Chemical(substance="x", quantity_t=0.1, critical_t=1.0, beta=1.0)] * 10
    assert grade(tenths, 1.0).grade is SourceGrade.IV
    parts = [Chemical(substance="x", quantity_t=0.1, critical_t=0.3, beta=1.5)] * 100
    assert grade(parts, 2.0) == grade(parts[::-1], 2.0)
    assert grade(parts, 2.0).r == 100
    assert grade(parts, 2.0).grade is SourceGrade.I


def test_several_chemicals_add_up() -> None:
    unit = [chemical("氯", 2), chemical("液氨", 4), chemical("methanol", 100)]
    grading = grade(unit, 1.0)
    assert grading.s == 1.0
    assert grading.r == 2.6
    assert grading.grade is SourceGrade.IV


@pytest.mark.parametrize(
    ("people", "alpha"),
    [(0, 0.5), (1, 1.0), (29, 1.0), (30, 1.2), (49, 1.2), (50, 1.5), (99, 1.5), (100, 2.0), (10**7, 2.0)],
)
def test_alpha_by_population(people: int, alpha: float) -> None:
    assert alpha_of_population(people) == alpha


def test_what_is_not_known_is_an_error() -> None:
    with pytest.raises(HazardError, match=r"unknown substance 'clorine'; near names: chlorine \(氯\)"):
        chemical("clorine", 1)
    with pytest.raises(HazardError, match="needs its class symbol") as caught:
        chemical("fluorine", 1)
    assert "J1" in caught.value.allowed
    with pytest.raises(HazardError, match="unknown class symbol 'W99'"):
        chemical("chlorine", 1, ["W99"])
    with pytest.raises(HazardError, match="quantity"):
        chemical("chlorine", float("nan"))
    with pytest.raises(HazardError, match="quantity"):
        chemical("chlorine", -1)
    with pytest.raises(HazardError, match="alpha"):
        grade([], 1.7)
    with pytest.raises(HazardError, match="population"):
        alpha_of_population(-1)


def test_class_gives_q_and_beta_where_table_1_does_not_name() -> None:
    diesel = chemical("柴油", 6000, ["W5.4"])
    assert (diesel.critical_t, diesel.beta) == (5000, 1)
    several = chemical("something", 1, ["W5.3", "J3", "W2"])
    assert (several.critical_t, several.beta) == (10, 2)


def test_a_given_class_takes_the_place_of_the_one_in_the_data() -> None:
    assert chemical("petrol", 1).beta == 1
    hot = chemical("petrol", 1, ["W5.1"])
    assert (hot.critical_t, hot.beta) == (200, 1.5)
    assert chemical("chlorine", 1, ["J1"]).beta == 4
    assert chemical("fluorine", 1, ["J1"]).beta == 4
    assert chemical("fluorine", 1, ["J3"]).beta == 2


@pytest.mark.parametrize(
    ("name", "beta"),
    [
        ("环氧丙烷", 1.5),
        ("乙醚", 1.5),
        ("一氧化碳", 2),
        ("H2S", 5),
        ("NH₃", 2),
        ("7782-50-5", 4),
        ("HYDROGEN", 1.5),
    ],
)
def test_names_aliases_and_cas_numbers(name: str, beta: float) -> None:
    assert chemical(name, 1).beta == beta


def test_a_cas_number_of_several_rows_is_no_name() -> None:
    with pytest.raises(HazardError, match="unknown substance"):
        chemical("6484-52-2", 1)


def test_near_names() -> None:
    assert near_substances("clorine")[0] == "chlorine (氯)"
    assert near_substances("zzzzzzzzz") == []


def test_the_data_is_whole() -> None:
    known = tables()
    assert len(known.classes) == 24
    assert len(known.substances) >= 85
    assert known.alphas == (0.5, 1.0, 1.2, 1.5, 2.0)
    for row in known.substances:
        assert row.q_t > 0
        assert row.source
        assert set(row.classes) <= set(known.classes)
        assert not (row.beta is not None and row.classes), "table 3 by name needs no class"
    named = {row.en: row.beta for row in known.substances if row.beta is not None}
    assert len(named) == 14, "table 3 names fourteen gases"


def test_cas_check_digits() -> None:
    for row in tables().substances:
        if row.cas is not None:
            digits = row.cas.replace("-", "")
            weighted = sum(i * int(d) for i, d in enumerate(reversed(digits[:-1]), start=1))
            assert weighted % 10 == int(digits[-1]), row.en


@given(st.lists(st.floats(0, 1e6), max_size=6), st.sampled_from(tables().alphas))
def test_more_of_a_substance_never_lowers_the_grade(quantities: list[float], alpha: float) -> None:
    unit = [chemical("chlorine", q) for q in quantities]
    more = [chemical("chlorine", q * 2) for q in quantities]
    assert (grade(unit, alpha).grade or 0) <= (grade(more, alpha).grade or 0)


@given(st.text(max_size=30))
def test_any_name_is_known_or_refused(name: str) -> None:
    try:
        beta = chemical(name, 1).beta
    except HazardError:
        return
    assert folded(name) in tables().by_name
    assert beta >= 1
