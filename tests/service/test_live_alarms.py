"""What the alarms page sees of the running pipeline beside the alerts."""

import asyncio
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from alerting.commands import Assign
from alerting.escalation.settings import EscalationSettings, Person
from console.backend import Done
from console.feed import Feed
from registry.plant import Text
from service.live import LiveConsole
from service.pipeline import Pipeline
from store.null import NullStore
from tests.service.rig import Rig, running
from tests.service.site import ROUTES, FlakyLedger, plan


def person(name: str, *enterprises: str) -> Person:
    return Person(
        id=name, name=Text(f"{name}师傅", f"Mr {name}"), receivers=(), enterprises=frozenset(enterprises)
    )


def test_an_alert_goes_to_who_answers_for_it_and_its_row_names_them(tmp_path: Path) -> None:
    staff = {one.id: one for one in (person("zhang"), person("li", "e"), person("wu", "elsewhere"))}
    routes = replace(ROUTES, escalation=EscalationSettings(people=MappingProxyType(staff)))

    async def main() -> None:
        with FlakyLedger.open(tmp_path / "state") as ledger:
            rig = Rig(ledger, pipe=Pipeline(replace(plan(), routes=routes)))
            async with running(rig):
                live = LiveConsole(rig.runtime, NullStore(), Feed())
                rig.high()
                await rig.pass_by()
                (row,) = live.open_alerts().rows
                assert (row.sensor_type, row.assigned_to) == ("level", None)
                assert [one.id for one in live.alarms.people(row.event)] == ["zhang", "li"]
                assert isinstance(await live.command(Assign(alert=row.event.id, by="bo", to="li")), Done)
                (row,) = live.open_alerts().rows
                assert row.assigned_to == Text("li师傅", "Mr li")
                assert row.event.why["assigned"]["by"] == "bo"
                assert live.alarms.floods() == []

    asyncio.run(main())
