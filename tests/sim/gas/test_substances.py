"""The substances of the package, and what is told of a bad file."""

import pytest

from registry.faults import InputError
from registry.marks import parse_marked
from sim.gas.substances import load_substances, substances

GOOD = """
sources:
  book: {text: A book, verified: true}
substances:
  water:
    zh: 水
    en: water
    cas: 7732-18-5
    molar_kg: {value: 0.018015, source: book}
    boiling_k: {value: 373.15, source: book}
    critical_k: {value: 647.1, source: book}
    gamma: {value: 1.33, source: book}
    liquid_kg_m3: {value: 958, source: book}
    latent_j_kg: {value: 2257000, source: book}
    liquid_j_kg_k: {value: 4217, source: book}
    vapour_j_kg_k: {value: 2080, source: book}
    antoine: {a: 10.19621, b: 1730.63, c: -39.724, low_k: 274, high_k: 373, source: book}
"""


def _faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_substances(parse_marked(text, "mine.yaml"))
    return [str(fault) for fault in caught.value.faults]


def test_every_substance_that_the_plant_may_hold_is_there() -> None:
    assert set(substances()) == {
        *("ammonia", "chlorine", "propane", "butane", "lpg", "methane", "hydrogen", "hydrogen_sulfide"),
        *("vinyl_chloride", "hexane", "gasoline", "methyl_isocyanate"),
    }


def test_what_is_only_remembered_is_told_from_what_was_read() -> None:
    chlorine = substances()["chlorine"]
    assert chlorine.sources["latent_j_kg"].verified is True
    assert chlorine.sources["oel_mg_m3"].verified is False
    assert "GBZ 2.1" in chlorine.sources["oel_mg_m3"].text
    assert set(chlorine.sources) > {"molar_kg", "antoine", "idlh_ppm"}


def test_gasoline_is_hexane_but_for_its_limits() -> None:
    gasoline, hexane = substances()["gasoline"], substances()["hexane"]
    assert (gasoline.molar_kg, gasoline.lel_percent) == (hexane.molar_kg, hexane.lel_percent)
    assert (gasoline.oel_mg_m3, hexane.oel_mg_m3) == (300, 100)
    assert gasoline.name.zh == "汽油"


@pytest.mark.parametrize(
    ("key", "temp_k", "pa"),
    [("ammonia", 293.15, 857_000), ("propane", 293.15, 836_000), ("chlorine", 273.15, 370_000)],
)
def test_vapour_pressures_at_usual_temperatures(key: str, temp_k: float, pa: float) -> None:
    assert substances()[key].antoine.pa(temp_k) == pytest.approx(pa, rel=0.01)


def test_density_is_a_line_and_one_number_for_a_permanent_gas() -> None:
    propane, methane = substances()["propane"], substances()["methane"]
    assert propane.density_kg_m3(293.15) == pytest.approx(500.1)
    assert propane.density_kg_m3(propane.boiling_k) == pytest.approx(580.9)
    assert methane.density_kg_m3(293.15) == 422.4


def test_a_file_of_ones_own_is_read() -> None:
    water = load_substances(parse_marked(GOOD, "mine.yaml"))["water"]
    assert (water.lel_percent, water.oel_mg_m3, water.liquid_20c_kg_m3) == (None, None, None)
    assert water.antoine.pa(373.15) == pytest.approx(101_325, rel=0.01)


def test_all_faults_are_told_with_their_lines() -> None:
    bad = (
        GOOD.replace("gamma: {value: 1.33", "gama: {value: 1.33")
        .replace("value: 958", "value: -958")
        .replace("4217, source: book", "4217, source: bok")
        .replace("    cas: 7732-18-5\n", "")
        .replace("b: 1730.63", "b: .nan")
    )
    told = _faults(bad)
    assert len(told) == 6
    assert (
        "mine.yaml: line 11: unknown key 'gama'; did you mean 'gamma'? (allowed: zh, en, cas, molar_kg"
        in told[0]
    )
    assert "water needs cas" in told[1]
    assert "water needs gamma (allowed: value and source)" in told[2]
    assert "mine.yaml: line 12: value is '-958' (allowed: a number above 1, at most 20000)" in told[3]
    assert "mine.yaml: line 14: unknown source 'bok'; did you mean 'book'? (allowed: book)" in told[4]
    assert "line 16: b is 'nan' (allowed: a number)" in told[5]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("value: 647.1", "value: 300", "critical_k is not above boiling_k (allowed: above 373.15)"),
        ("b: 1730.63", "b: 1630.63", "the vapour pressure at boiling_k is"),
        (
            "    antoine",
            "    lel_percent: {value: 4, source: book}\n    antoine",
            "lel_percent and uel_percent do not fit",
        ),
        ("verified: true", "verified: perhaps", "a source needs text and verified"),
        ("zh: 水", "zh: 7", "water needs zh"),
        ("    antoine: {a", "    antoine: [a]\n    x: {a", "antoine is no mapping"),
    ],
)
def test_what_cannot_be_is_refused(old: str, new: str, message: str) -> None:
    assert any(message in fault for fault in _faults(GOOD.replace(old, new)))


@pytest.mark.parametrize(
    "text", ["", "[]", "sources: 1\nsubstances: 2", "substances: {water: 1}", "a: [", "sources: {x: }"]
)
def test_no_shape_of_file_is_a_traceback(text: str) -> None:
    assert _faults(text)
