"""What the page of one alert sees of the running pipeline: its record, also after a restart, and what stands around it."""

import asyncio
import json
from pathlib import Path

from alerting.commands import Acknowledge, Check, Confirm
from console.alert_story import checklist
from console.feed import Feed
from ledger.reader import open_readonly
from registry.plant import Text
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from service.live import LiveConsole
from service.live_alert import SIMILAR, record_of
from service.pipeline import Pipeline
from store.null import NullStore
from tests.service.rig import Rig, running
from tests.service.site import FlakyLedger, plan, reading

STEP = Text("处置", "act")


def test_a_tick_is_in_the_record_also_after_a_restart_and_of_a_closed_alert(tmp_path: Path) -> None:
    async def main(ledger: FlakyLedger) -> str:
        rig = Rig(ledger)
        async with running(rig):
            live = LiveConsole(rig.runtime, NullStore(), Feed())
            rig.high()
            await rig.pass_by()
            (row,) = live.open_alerts().rows
            name = row.event.id
            await live.command(Check(alert=name, by="li", step=STEP, done=True))
            record = await live.alerts.record(name)
            assert [event.event for event in record.events] == ["opened", "commented"]
            ticked = checklist(record.events)[-1]
            assert (ticked.text, ticked.done, ticked.by) == (STEP, True, "li")
            assert record.events[-1].why["person"]["words"] == "\u2713 处置 / act"
            await live.command(Acknowledge(alert=name, by="li"))
            await live.command(Check(alert=name, by="wang", step=STEP, done=False))
            assert (await live.alerts.record("nobody")).events == ()
            return name

    with FlakyLedger.open(tmp_path) as ledger:
        name = asyncio.run(main(ledger))
    with open_readonly(tmp_path) as kept:
        ticked = checklist(record_of(kept, name).events)[-1]
    assert (ticked.done, ticked.by) == (False, "wang")


def test_earlier_alerts_of_the_sensor_come_with_what_was_done_about_them(tmp_path: Path) -> None:
    async def main(ledger: FlakyLedger) -> None:
        rig = Rig(ledger)
        async with running(rig):
            live = LiveConsole(rig.runtime, NullStore(), Feed())
            for at_s in range(0, 20 * (SIMILAR + 3), 20):
                rig.high(at_s)
                await rig.pass_by()
                (row,) = live.open_alerts().rows
                await live.command(Acknowledge(alert=row.event.id, by="li"))
                await live.command(Confirm(alert=row.event.id, by="li", cause="other", action="x"))
                rig.source.put(reading("LT", at_s + 2, 50.0))
                await rig.pass_by()
            lines = [json.loads(event.line) for event in ledger.alert_events()]
            opened = [line["id"] for line in lines if line["event"] == "opened"]
            record = await live.alerts.record(opened[-1])
            assert [events[0].id for events in record.similar] == opened[-2 : -2 - SIMILAR : -1]
            assert record.similar[0][-1].why["confirmed"]["cause"] == "other"

    with FlakyLedger.open(tmp_path) as ledger:
        asyncio.run(main(ledger))


def spec(name: str, kind: SensorType, source: str, equipment: str | None = None) -> SensorSpec:
    return SensorSpec(
        id=f"e/{name}", sensor=name, enterprise="e", type=kind, source=source, equipment=equipment
    )


AROUND = SensorRegistry(
    (
        spec("LT", SensorType.LEVEL, "farm", "V-1"),
        spec("GT", SensorType.GAS_COMBUSTIBLE, "farm"),
        spec("PT", SensorType.PRESSURE, "farm", "V-1"),
        spec("far", SensorType.PRESSURE, "dock"),
        spec("WS-farm", SensorType.WIND_SPEED, "farm"),
        spec("WS", SensorType.WIND_SPEED, "mast"),
        spec("WD", SensorType.WIND_DIRECTION, "mast"),
    )
)


def test_what_stands_around_a_sensor(tmp_path: Path) -> None:
    async def main(ledger: FlakyLedger) -> None:
        rig = Rig(ledger, pipe=Pipeline(plan(registry=AROUND)))
        async with running(rig):
            live = LiveConsole(rig.runtime, NullStore(), Feed())
            rig.source.put(reading("WD", 0, 210.0))
            await rig.pass_by()
            around = live.alerts.surroundings("e/LT")
            assert [(n.reading.facts.id, n.by) for n in around.neighbours] == [
                ("e/PT", "equipment"),
                ("e/GT", "source"),
            ]
            assert around.wind_speed is not None
            assert around.wind_direction is not None
            assert around.wind_speed.facts.id == "e/WS", "both of one mast"
            assert (around.wind_direction.value, around.wind_speed.value) == (210.0, None)
            assert live.alerts.surroundings("nobody").neighbours == ()
            assert live.alerts.outlook("nobody") is None
            assert live.alerts.outlook("e/LT") is not None
            assert live.alerts.upcoming("nobody") is None

    with FlakyLedger.open(tmp_path) as ledger:
        asyncio.run(main(ledger))
