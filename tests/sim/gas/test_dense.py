"""The dense cloud: SLAB's own figures, the mass that was let out, its times, and what is refused."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from slabx.post.concentration import concentration_field

import sim.gas.dense
from sim.gas.dense import (
    Air,
    DenseCloud,
    DenseGasError,
    DenseSource,
    dense_cloud,
    density_matters,
    downwind_m,
    flashed_area_m2,
)
from sim.gas.puffs import Puffs
from sim.gas.substances import substances
from sim.gas.units import fraction_of

CHLORINE, AMMONIA, PROPANE, METHANE = (
    substances()[key] for key in ("chlorine", "ammonia", "propane", "methane")
)
AIR = Air(wind_m_s=3.0, stability="D")
POOL = DenseSource(of=CHLORINE, kind="pool", rate_kg_s=1.0, duration_s=600.0, area_m2=20.0)
JET = DenseSource(
    of=AMMONIA, kind="jet", rate_kg_s=5.0, duration_s=600.0, area_m2=0.35, height_m=1.0, liquid_fraction=0.82
)


def _along(cloud: DenseCloud, down_m: list[float], t_s: float, up_m: float = 1.0) -> NDArray[np.float64]:
    return cloud.at_kg_m3([[x, 0.0, up_m] for x in down_m], t_s)


@pytest.mark.parametrize("source", [POOL, JET])
def test_the_steady_cloud_is_what_slab_reports(source: DenseSource) -> None:
    atmosphere = sim.gas.dense._atmosphere(AIR)
    run = sim.gas.dense._run(source, math.inf, atmosphere, 2000.0)
    field = concentration_field(run, atmosphere, z=1.0, t_avg=20.0, t_release=600.0)
    rows = np.flatnonzero((run.x > 5) & (run.x < 500))
    cloud = dense_cloud(source, AIR)
    felt = _along(cloud, run.x[rows].tolist(), 599.0)
    assert fraction_of(felt, source.of.molar_kg) == pytest.approx(field.peak[rows], rel=1e-6)


def test_all_the_gas_goes_through_every_section_of_the_plume() -> None:
    cloud = dense_cloud(POOL, AIR)
    row = cloud._plume.read(np.array([100.0]))
    y, z = np.arange(-150, 150, 1.0), np.arange(0.05, 30, 0.1)
    places = np.stack(np.meshgrid([100.0], y, z, indexing="ij"), -1).reshape(-1, 3)
    held = fraction_of(cloud.at_kg_m3(places, 500.0), CHLORINE.molar_kg).sum() * 0.1
    assert held == pytest.approx(float(2 * (row["half_width"] * row["thick"] * row["fraction"])[0]), rel=0.01)


def test_the_drifting_cloud_holds_what_slab_says_it_does() -> None:
    cloud = dense_cloud(replace(POOL, duration_s=20.0), AIR)
    assert cloud._puff is not None
    row = cloud._puff.read(120.0)
    whole = 4 * row["half_length"] * row["half_width"] * row["thick"] * row["fraction"]
    x, y, z = np.arange(16, 700, 4.0), np.arange(-150, 150, 4.0), np.arange(0.25, 40, 0.5)
    assert cloud.hands_over_m < 20
    places = np.stack(np.meshgrid(x, y, z, indexing="ij"), -1).reshape(-1, 3)
    held = fraction_of(cloud.at_kg_m3(places, 120.0), CHLORINE.molar_kg).sum() * 4 * 4 * 0.5
    assert held == pytest.approx(float(whole), rel=0.02)


def test_gas_comes_later_further_out_and_goes_later() -> None:
    cloud = dense_cloud(POOL, AIR)
    times = np.arange(0.0, 900.0, 2.0)
    there = np.array([_along(cloud, [20.0, 100.0, 300.0], t) for t in times]) > 0
    first, last = times[there.argmax(0)], times[len(times) - 1 - there[::-1].argmax(0)]
    assert 0 < first[0] < first[1] < first[2] < 300
    assert last - first == pytest.approx([600.0] * 3, abs=4.0)


def test_a_short_release_drifts_and_thins() -> None:
    cloud = dense_cloud(replace(POOL, duration_s=60.0), AIR)
    assert cloud.hands_over_m < 100
    times = np.arange(0.0, 600.0, 5.0)
    felt = np.array([_along(cloud, [150.0, 300.0, 600.0], t) for t in times])
    peaks = times[felt.argmax(0)]
    assert peaks[0] < peaks[1] < peaks[2]
    assert felt.max(0)[0] > 3 * felt.max(0)[1] > 9 * felt.max(0)[2] > 0


def test_it_is_thickest_on_the_ground_and_the_same_on_both_sides() -> None:
    cloud = dense_cloud(POOL, AIR)
    low, high, left, right, back = cloud.at_kg_m3(
        [[100, 0, 0], [100, 0, 5], [100, 8, 0], [100, -8, 0], [-50, 0, 0]], 300.0
    )
    assert low > left == pytest.approx(right)
    assert low > high
    assert back == 0.0


def test_a_source_without_end_stays() -> None:
    cloud = dense_cloud(replace(POOL, duration_s=math.inf), AIR)
    assert _along(cloud, [50.0], 1e6) == pytest.approx(_along(cloud, [50.0], 500.0))
    assert cloud.hands_over_m == math.inf


def test_weight_makes_the_cloud_wider_and_lower_than_a_light_gas() -> None:
    dense = dense_cloud(replace(POOL, rate_kg_s=10.0, area_m2=200.0), AIR)
    light = Puffs([[0.0, 0.0, 0.0]])
    for _ in range(200):
        light.step(1.0, 10.0, (0.0, 0.0, 0.5), (3.0, 0.0), "D")

    def spread(of: DenseCloud | Puffs, axis: int) -> float:
        steps = np.arange(0.0, 120.0, 0.25)
        places = np.zeros((len(steps), 3))
        places[:, 0] = 100.0
        places[:, axis] = steps
        felt = of.at_kg_m3(places, 200.0) if isinstance(of, DenseCloud) else of.concentration_kg_m3(places)
        return float(steps[felt < felt[0] / 10][0])

    assert spread(dense, 1) > 2 * spread(light, 1)
    assert spread(dense, 2) < spread(light, 2) / 1.5


def test_a_little_gas_spreads_alike_in_both_models() -> None:
    source = replace(POOL, rate_kg_s=1e-3, area_m2=1.0, duration_s=math.inf)
    assert not density_matters(source, Air(wind_m_s=8.0, stability="D"))
    dense = _along(dense_cloud(source, Air(wind_m_s=8.0, stability="D")), [50.0, 100.0, 200.0], 1e4)
    light = Puffs([[50.0, 0.0, 1.0], [100.0, 0.0, 1.0], [200.0, 0.0, 1.0]], source_m=0.5)
    for _ in range(100):
        felt = light.step(1.0, 1e-3, (0.0, 0.0, 0.0), (8.0, 0.0), "D")
    assert (np.abs(np.log(felt / dense)) < math.log(3)).all()


def test_weight_matters_by_rate_and_wind() -> None:
    assert density_matters(POOL, AIR)
    assert density_matters(JET, AIR)
    assert not density_matters(replace(POOL, rate_kg_s=1e-3), Air(wind_m_s=8.0, stability="D"))
    warm = replace(POOL, of=replace(METHANE, boiling_k=290.0))
    assert not density_matters(warm, AIR)


def test_a_flashed_jet_is_mostly_vapour_by_volume() -> None:
    # propane at 231 K is 2.33 kg/m3: 0.35 kg of it in 1 kg make 0.150 m3, its drops 0.0011 m3
    assert flashed_area_m2(5.0, 50.0, PROPANE, 0.65) == pytest.approx(5 * 0.1515 / 50, rel=0.01)


def test_receptors_are_turned_into_the_wind() -> None:
    turned = downwind_m([[110.0, 20.0, 1.5], [100.0, 10.0, 2.0]], (100.0, 20.0), 270.0)
    assert turned == pytest.approx(np.array([[10.0, 0.0, 1.5], [0.0, 10.0, 2.0]]), abs=1e-9)


def test_the_same_arguments_give_the_same_table_without_another_run() -> None:
    assert dense_cloud(POOL, AIR) is dense_cloud(replace(POOL), replace(AIR))


def test_it_is_told_where_slab_was_not_compared_with_anything() -> None:
    assert dense_cloud(POOL, AIR).notes == ()
    (note,) = dense_cloud(POOL, replace(AIR, roughness_m=0.5)).notes
    assert "z0" in note


@pytest.mark.parametrize(
    ("source", "air"),
    [
        (POOL, replace(AIR, wind_m_s=0.0)),
        (replace(POOL, rate_kg_s=-1.0), AIR),
        (replace(POOL, area_m2=0.0), AIR),
        (replace(JET, liquid_fraction=1.0), AIR),
        (POOL, replace(AIR, humidity_percent=140.0)),
    ],
)
def test_what_slab_cannot_do_is_refused_with_its_reason(source: DenseSource, air: Air) -> None:
    with pytest.raises(DenseGasError, match=r"SLAB has no answer: .+"):
        dense_cloud(source, air)
