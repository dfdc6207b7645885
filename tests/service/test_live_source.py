"""One hazard source over the running pipeline: what it shows, and that it looks at no other part of the plant."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np

from alerting.commands import Place as CommandPlace
from alerting.commands import TakeOutOfService
from console.backend import SensorCount
from console.feed import Feed
from console.scope import Place
from console.source_backend import Wind
from ledger.limits import LoadedFrom
from registry.plant import Enterprise, Equipment, HazardSource, Plant, Text
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from service.live import LiveConsole
from service.pipeline import Pipeline
from store.null import NullStore
from store.series import Series
from tests.service.rig import Rig, running
from tests.service.site import GT, LT, T0, FlakyLedger, S, plan, reading


class Counting(tuple[SensorSpec, ...]):  # noqa: SLOT001 - it counts
    """The specs of a registry, counting how often somebody looks at one."""

    looks = 0

    def __getitem__(self, i: SupportsIndex | slice) -> Any:
        self.looks += 1
        return super().__getitem__(i)

    def __iter__(self) -> Iterator[SensorSpec]:
        self.looks += len(self)
        return super().__iter__()


def source(key: str, enterprise: str) -> HazardSource:
    return HazardSource(
        id=key, enterprise=enterprise, name=Text.same(key), alpha=1, chemicals=(), r=1, s=1, grade=None
    )


PLANT = Plant(
    enterprises={
        "e": Enterprise(id="e", name=Text.same("e"), area="330211"),
        "o": Enterprise(id="o", name=Text.same("o")),
    },
    sources={"S": source("S", "e"), "O": source("O", "o")},
    equipment={"T": Equipment(id="T", source="S", name=Text.same("T"), kind="tank")},
)
WIND = SensorSpec(id="e/WS", sensor="WS", enterprise="e", type=SensorType.WIND_SPEED, unit="m/s")
VANE = SensorSpec(id="e/WD", sensor="WD", enterprise="e", type=SensorType.WIND_DIRECTION, unit="°")


def registry(others: int = 0) -> tuple[SensorRegistry, Counting]:
    """Return a registry of one source with two sensors, a wind mast, and many sensors elsewhere."""
    own = (
        replace(LT, source="S", equipment="T", x=1, y=2),
        replace(GT, source="S", x=3, y=6),
        WIND,
        VANE,
    )
    rest = (
        SensorSpec(id=f"o/X{i}", sensor=f"X{i}", enterprise="o", type=SensorType.OTHER, source="O")
        for i in range(others)
    )
    specs = Counting((*own, *rest))
    return SensorRegistry(specs, PLANT), specs


def with_console(folder: Path, sensors: SensorRegistry, scenario: Any, store: Any = None) -> None:
    async def main() -> None:
        with FlakyLedger.open(folder / "state") as ledger:
            rig = Rig(ledger, pipe=Pipeline(replace(plan(), registry=sensors)))
            async with running(rig):
                await scenario(rig, LiveConsole(rig.runtime, store or NullStore(), Feed(epoch="first")))

    asyncio.run(main())


def test_what_a_source_and_the_counts_cost_does_not_depend_on_the_rest_of_the_plant(tmp_path: Path) -> None:
    looks: list[tuple[int, int]] = []
    for others in (10, 1_000):
        sensors, specs = registry(others)

        async def scenario(rig: Rig, live: LiveConsole, specs: Counting = specs) -> None:
            rig.high()
            await rig.pass_by()
            specs.looks = 0
            shown = live.source.sensors("e", "S", 0, 100)
            assert [one.id for one in shown] == ["e/LT", "e/GT"]
            live.source.wind("e")
            live.source.alerts("e", "S", 10)
            live.source.arrangements("e", "S")
            of_a_source, specs.looks = specs.looks, 0
            live.sensor_counts()
            live.alert_counts()
            looks.append((of_a_source, specs.looks))

        with_console(tmp_path / str(others), sensors, scenario)
    assert looks[0] == looks[1]
    assert max(looks[0]) < 20, "some at each sensor and place that is shown"


def test_sensors_are_found_by_words_among_the_places_that_one_sees(tmp_path: Path) -> None:
    sensors, specs = registry(1_000)

    async def scenario(_: Rig, live: LiveConsole) -> None:
        found = live.find_sensors(["o/x", "99"], lambda _: True, 1, 3)
        assert [one.id for one in found] == ["o/X199", "o/X299", "o/X399"]
        specs.looks = 0
        found = live.find_sensors([], lambda place: place.enterprise == "e", 0, 3)
        assert [one.id for one in found] == ["e/LT", "e/GT", "e/WS"]
        assert live.find_sensors(["x99"], lambda place: place.enterprise == "e", 0, 3) == []
        assert specs.looks < 30, "of other enterprises none, of the others those that are shown"

    with_console(tmp_path, sensors, scenario)


def test_a_source_shows_its_readings_alerts_and_arrangements(tmp_path: Path) -> None:
    sensors, _ = registry(3)

    async def scenario(rig: Rig, live: LiveConsole) -> None:
        rig.high()
        await rig.pass_by()
        assert live.source.count("e", "S") == 2
        level, gas = live.source.sensors("e", "S", 0, 10)
        assert (level.value, level.alive, gas.t_ns) == (87.0, True, None)
        assert live.source.sensors("e", "S", 1, 10) == [gas]
        assert live.source.sensors("e", "O", 0, 10) == [], "of another enterprise"
        [row] = live.source.alerts("e", "S", 10)
        assert row == live.open_alerts().rows[0]
        assert live.source.alerts("o", "O", 10) == []
        order = TakeOutOfService(
            place=CommandPlace(kind="equipment", id="T"),
            permit="P-1",
            by="li",
            reason="x",
            until_ns=T0 + 10**13,
        )
        await live.command(order)
        [held] = live.source.arrangements("e", "S")
        assert (held.place, held.name) == ("T", "P-1")
        assert live.source.arrangements("o", "O") == []
        assert live.source.centres("e") == {"S": (2.0, 4.0)}

    with_console(tmp_path, sensors, scenario)


def test_places_are_counted_as_sensors_speak_and_alerts_come_and_go(tmp_path: Path) -> None:
    sensors, _ = registry(3)
    here, there = Place("e", "330211"), Place("o")

    async def scenario(rig: Rig, live: LiveConsole) -> None:
        rig.high()
        rig.high(2)
        await rig.pass_by()
        assert list(live.sensor_counts()) == [
            SensorCount(place=here, source="S", sensors=2, alive=1),
            SensorCount(place=here, source=None, sensors=2, alive=0),
            SensorCount(place=there, source="O", sensors=3, alive=0),
        ]
        [count] = live.alert_counts()
        assert (count.place, count.source, count.unacknowledged) == (here, "S", 1)
        [row] = live.open_alerts().rows
        assert count.open == {row.event.grade: 1}
        await live.acknowledge(row.event.id, None, "li", None)
        assert [one.unacknowledged for one in live.alert_counts()] == [0]
        rig.source.put(*(reading("LT", at_s, 50.0) for at_s in (5, 30, 90, 200)))
        await rig.pass_by(300)
        await rig.pass_by()
        assert [one.event.kind for one in live.open_alerts().rows] == [
            kind for one in live.alert_counts() for kind in ["dead"] * sum(one.open.values())
        ], "what is closed is counted no more"

    with_console(tmp_path, sensors, scenario)


def test_the_wind_is_that_of_a_sensor_that_lives(tmp_path: Path) -> None:
    sensors, _ = registry()

    async def scenario(rig: Rig, live: LiveConsole) -> None:
        assert live.source.wind("e") == Wind()
        rig.source.put(reading("WS", 0, 3.4), reading("WD", 0, 270.0))
        await rig.pass_by()
        assert live.source.wind("e") == Wind(speed=3.4, unit="m/s", from_deg=270.0)
        assert live.source.wind("o") == Wind()

    with_console(tmp_path, sensors, scenario)


def test_curves_come_from_the_store_and_changes_from_the_ledger(tmp_path: Path) -> None:
    sensors, _ = registry()
    asked: list[tuple[str, int, int, int]] = []

    class Store(NullStore):
        def read(self, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
            asked.append((sensor, start_ns, end_ns, max_points))
            return Series.raw(np.array([start_ns]), np.array([1.0]))

    async def scenario(rig: Rig, live: LiveConsole) -> None:
        found = await live.source.sparklines(["e/LT", "e/GT"], T0, T0 + S, 60)
        assert asked == [("e/LT", T0, T0 + S, 60), ("e/GT", T0, T0 + S, 60)]
        assert found["e/LT"].mean.tolist() == [1.0]
        for at_ns, h in ((1, 85.0), (2, 80.0)):
            loaded = LoadedFrom(at_ns=at_ns, file="points.csv", file_ns=0)
            rig.ledger.note_limits([replace(LT, h=h), replace(WIND, h=h)], loaded)
        [change] = await live.source.limit_changes("e", "S", 10)
        assert (change.sensor, change.old, change.new) == ("e/LT", 85.0, 80.0)

    with_console(tmp_path, sensors, scenario, Store())
