"""What the console sees of the running pipeline, and what an operator may do to it."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

import service.runtime as runtime_module
from alerting.commands import Comment, Confirm, Shelve, Unshelve
from console.backend import Accepted, Done, Refused
from console.feed import Feed
from console.scope import Scope
from registry.plant import Area, Enterprise, Plant, Text
from registry.sensors import SensorRegistry
from service.live import LiveConsole
from service.pipeline import Pipeline
from service.recovery import recover
from store.null import NullStore
from store.series import Series, TooMuchError
from tests.service.rig import Rig, running
from tests.service.site import DEAD_S, GT, LT, T0, FlakyLedger, S, plan, reading


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlakyLedger]:
    monkeypatch.setattr(runtime_module, "LEDGER_RETRY_S", 0.001)
    with FlakyLedger.open(tmp_path / "state") as opened:
        yield opened


@asynccontextmanager
async def console(
    ledger: FlakyLedger, pipe: Pipeline | None = None
) -> AsyncIterator[tuple[Rig, LiveConsole]]:
    rig = Rig(ledger, pipe=pipe)
    async with running(rig):
        yield rig, LiveConsole(rig.runtime, NullStore(), Feed(epoch="first"))


async def shown(live: LiveConsole) -> list[dict[str, object]]:
    """Return the alert rows that a page would have got, having seen frame 0."""
    frames: list[dict[str, object]] = []
    live._feed.close()
    async for chunk in live._feed.stream(Scope(None, None), "first-0", lambda: True):
        frames += [
            json.loads(frame.partition("\ndata: ")[2])
            for frame in chunk.decode().split("\n\n")
            if "event: alert" in frame
        ]
    return frames


def test_an_open_alert_is_listed_as_it_was_told(ledger: FlakyLedger) -> None:
    async def main() -> None:
        async with console(ledger) as (rig, live):
            assert live.open_alerts().rows == []
            assert live.newest_reading_age_s() is None
            rig.high()
            await rig.pass_by()
            (event,) = ledger.alert_events()
            (row,) = live.open_alerts().rows
            assert row.event.line() == event.line, "with who was told of it"
            assert row.event.why["told"]
            assert row.opened == row.event.time
            assert live.open_alerts().last_seq == 1
            assert live.alert(event.id) == row
            assert live.alert("0" * 16) is None
            assert live.newest_reading_age_s() is not None
            assert live.now_ns() == rig.clock()

    asyncio.run(main())


def test_a_sensor_that_falls_silent_is_shown_on_its_standing_alert_though_nothing_is_told_of_it(
    ledger: FlakyLedger,
) -> None:
    async def main() -> None:
        async with console(ledger) as (rig, live):
            rig.high()
            await rig.pass_by()
            live.show_untold()
            await rig.pass_by(DEAD_S + 1)
            assert [json.loads(event.line)["kind"] for event in ledger.alert_events()] == ["high", "dead"]
            live.show_untold()
            live.show_untold()
            frames = await shown(live)
            assert [frame["kind"] for frame in frames] == ["high", "dead", "high"]
            assert frames[2]["event"] == "opened", "the line as it was told"
            whys = [live.open_alerts().rows[0].event.why, frames[2]["why"]]
            for why in whys:
                assert isinstance(why, dict)
                assert why["blind"]["text"]["zh"]
                assert why["told"]

    asyncio.run(main())


def test_an_acknowledgement_is_accepted_once(ledger: FlakyLedger) -> None:
    async def main() -> None:
        async with console(ledger) as (rig, live):
            rig.high()
            await rig.pass_by()
            (row,) = live.open_alerts().rows
            accepted = await live.acknowledge(row.event.id, row.event.seq, "li", "seen")
            assert isinstance(accepted, Accepted)
            assert accepted.row.acknowledged_by == "li"
            assert accepted.row.event.state == "acked"
            assert accepted.row == live.alert(row.event.id)
            assert ledger.last_event_seq == 2, "durable when it returns"
            again = await live.acknowledge(row.event.id, None, "wang", None)
            assert isinstance(again, Refused)
            assert again.code == "already_acknowledged"
            assert "li" in again.text.en
            assert "li" in again.text.zh

    asyncio.run(main())


def test_an_acknowledgement_of_what_has_moved_on_is_refused(ledger: FlakyLedger) -> None:
    async def main() -> None:
        async with console(ledger) as (rig, live):
            rig.high()
            await rig.pass_by()
            (row,) = live.open_alerts().rows
            rig.source.put(reading("LT", 2, 91.0), reading("LT", 3, 92.0), token=1 << 16 | 9)
            await rig.pass_by()
            refused = await live.acknowledge(row.event.id, row.event.seq, "li", None)
            assert isinstance(refused, Refused)
            assert refused.code == "moved_on"
            (now,) = live.open_alerts().rows
            assert now.event.event == "escalated"
            assert isinstance(await live.acknowledge(row.event.id, now.event.seq, "li", None), Accepted)
            unknown = await live.acknowledge("0" * 16, None, "li", None)
            assert isinstance(unknown, Refused)

    asyncio.run(main())


def test_an_acknowledgement_that_cannot_be_kept_is_refused(ledger: FlakyLedger) -> None:
    async def main() -> None:
        async with console(ledger) as (rig, live):
            rig.high()
            await rig.pass_by()
            (row,) = live.open_alerts().rows
            ledger.down = True
            refused = await live.acknowledge(row.event.id, row.event.seq, "li", None)
            assert isinstance(refused, Refused)
            assert refused.code == "ledger"
            assert "no room" in refused.text.en
            assert "no room" in refused.text.zh

    asyncio.run(main())


def test_an_alert_that_an_acknowledgement_closes_is_told_whole(ledger: FlakyLedger) -> None:
    async def main() -> None:
        async with console(ledger) as (rig, live):
            rig.high()
            await rig.pass_by()
            rig.source.put(reading("LT", 2, 50.0), reading("LT", 3, 50.0), token=1 << 16 | 9)
            await rig.pass_by()
            (row,) = live.open_alerts().rows
            assert row.event.state == "rtnun"
            accepted = await live.acknowledge(row.event.id, row.event.seq, "li", None)
            assert isinstance(accepted, Accepted)
            assert accepted.row.event.event == "closed"
            assert (accepted.row.opened, accepted.row.acknowledged_by) == (row.opened, "li")
            assert live.open_alerts().rows == []
            late = await live.acknowledge(row.event.id, None, "wang", None)
            assert isinstance(late, Refused)
            assert late.code == "already_closed"
            assert [f["event"] for f in await shown(live)] == ["opened", "cleared", "closed"]

    asyncio.run(main())


def test_history_comes_from_the_ledger(ledger: FlakyLedger) -> None:
    async def main() -> None:
        async with console(ledger) as (rig, live):
            rig.high()
            await rig.pass_by()
            await live.acknowledge(live.open_alerts().rows[0].event.id, None, "li", None)
            kept = [event.line for event in ledger.alert_events()]
            assert [e.line() for e in await live.alert_lines(0, 10)] == kept
            assert [e.line() for e in await live.alert_lines(1, 10)] == kept[1:]
            assert [e.line() for e in await live.recent_events(10)] == kept[::-1]
            assert [e.line() for e in await live.recent_events(10, before_seq=2)] == kept[:1]

    asyncio.run(main())


@pytest.mark.parametrize("snapshot", [True, False])
def test_after_a_restart_who_was_told_is_still_shown(ledger: FlakyLedger, snapshot: bool) -> None:
    async def first() -> None:
        async with console(ledger) as (rig, live):
            rig.high()
            await rig.pass_by()
            await live.acknowledge(live.open_alerts().rows[0].event.id, None, "li", None)
            rig.source.put(reading("GT", 5, 30.0), reading("GT", 6, 30.0), token=1 << 16 | 9)
            await rig.pass_by()
            if snapshot:
                rig.sink.stored_seq = ledger.last_seq

    async def second() -> None:
        stored_seq = ledger.last_seq if snapshot else 0
        recovered = recover(ledger, plan(), stored_seq, lambda *_: None)
        assert recovered.snapshot_seq == stored_seq
        async with console(ledger, recovered.pipeline) as (_, live):
            rows = live.open_alerts().rows
            assert [(r.event.sensor, r.acknowledged_by) for r in rows] == [("e/LT", "li"), ("e/GT", None)]
            kept = {event.seq: event.line for event in ledger.alert_events()}
            assert [r.event.line() for r in rows] == [kept[r.event.seq] for r in rows]
            assert rows[1].event.why["told"], "the book does not know it; the ledger does"

    asyncio.run(first())
    asyncio.run(second())


def test_the_facts_of_a_sensor(ledger: FlakyLedger) -> None:
    async def main() -> None:
        async with console(ledger) as (_, live):
            facts = live.sensor("e/LT")
            assert facts is not None
            assert (facts.type, facts.unit, facts.range_lo, facts.range_hi) == ("level", "%", 0, 100)
            assert facts.limits == {"ll": 5, "l": 10, "h": 85, "hh": 90}
            assert facts.place.enterprise == "e"
            bare = live.sensor("e/PT")
            assert bare is not None
            assert (bare.range_lo, bare.limits) == (None, {"h": 1.2, "hh": 1.4})
            assert live.sensor("LT") is None

    asyncio.run(main())


def test_the_site_has_the_name_of_its_enterprise_or_its_area(ledger: FlakyLedger) -> None:
    def named(plant: Plant) -> str:
        async def main() -> str:
            async with console(ledger, Pipeline(plan(registry=SensorRegistry((LT, GT), plant)))) as (_, live):
                return live.site().en

        return asyncio.run(main())

    areas = {
        "33": Area(code="33", name=Text("浙江", "Zhejiang")),
        "3302": Area(code="3302", name=Text("宁波", "Ningbo"), parent="33"),
    }
    e, f = (Enterprise(id=i, name=Text(i, i.upper()), area="3302") for i in "ef")
    assert named(Plant(areas=areas, enterprises={"e": e})) == "E"
    assert named(Plant(areas=areas, enterprises={"e": e, "f": f})) == "Zhejiang"
    assert named(Plant()) == "Major hazard monitoring"


def test_a_trend_is_read_off_the_loop_one_at_a_time(ledger: FlakyLedger) -> None:
    class SlowStore(NullStore):
        readers = most = 0

        def read(self, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
            assert (sensor, end_ns) == ("e/LT", T0 + S)
            self.readers += 1
            self.most = max(self.most, self.readers)
            time.sleep(0.005)
            self.readers -= 1
            return Series.raw(np.array([start_ns]), np.array([float(max_points)]))

    async def main() -> None:
        rig, store = Rig(ledger), SlowStore()
        live = LiveConsole(rig.runtime, store, Feed())
        trends = await asyncio.gather(*(live.trend("e/LT", T0, T0 + S, k) for k in range(1, 6)))
        assert [t.mean[0] for t in trends] == [1, 2, 3, 4, 5]
        assert store.most == 1

    asyncio.run(main())


def test_a_trend_does_not_wait_for_ever_for_its_turn(
    ledger: FlakyLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()

    class StuckStore(NullStore):
        def read(self, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
            go.wait(20)
            return super().read(sensor, start_ns, end_ns, max_points)

    async def main() -> None:
        live = LiveConsole(Rig(ledger).runtime, StuckStore(), Feed())
        first = asyncio.create_task(live.trend("e/LT", T0, T0 + S, 1))
        await asyncio.sleep(0)
        with pytest.raises(TooMuchError):
            await live.trend("e/LT", T0, T0 + S, 1)
        go.set()
        await first
        await live.trend("e/LT", T0, T0 + S, 1)

    monkeypatch.setattr("service.live.TURN_S", 0.02)
    asyncio.run(main())


def test_a_person_shelves_comments_and_says_what_was_done(ledger: FlakyLedger) -> None:
    async def main() -> None:
        async with console(ledger) as (rig, live):
            rig.high()
            await rig.pass_by()
            [row] = live.open_alerts().rows
            name = row.event.id
            refused = await live.command(Comment(alert="none", by="li", comment="x"))
            assert isinstance(refused, Refused)
            done = await live.command(Shelve(by="li", reason="works", alert=name, for_s=600, second="bo"))
            assert isinstance(done, Done)
            assert [event.event for event in done.events] == ["shelved"]
            assert [one.by for one in live.arrangements()] == ["li"]
            shelved = live.alert(name)
            assert shelved is not None
            assert shelved.event.state == "shelved"
            assert isinstance(await live.command(Unshelve(by="li", alert=name)), Done)
            cause = next(iter(live.causes()))
            done = await live.command(Confirm(alert=name, by="li", cause=cause, action="closed the valve"))
            assert isinstance(done, Done)
            assert [event.event for event in live.alert_history(name, done.events[-1].seq)] == [
                "opened",
                "shelved",
                "unshelved",
                "confirmed",
            ]
            assert [one.alert for one in live.deliveries(name)][:1] == [name]
            assert live.silences() == ()
            assert list(live.incidents()) == [], "a sensor outside of every hazard source"
            assert live.on_duty() == {}

    asyncio.run(main())


def test_a_closed_alert_may_still_be_commented_on(ledger: FlakyLedger) -> None:
    async def main() -> None:
        async with console(ledger) as (rig, live):
            rig.high()
            await rig.pass_by()
            [row] = live.open_alerts().rows
            await live.acknowledge(row.event.id, None, "li", None)
            rig.source.put(*(reading("LT", at_s, 40.0) for at_s in (10, 20, 100)))
            await rig.pass_by()
            assert live.open_alerts().rows == []
            done = await live.command(Comment(alert=row.event.id, by="li", comment="late"))
            assert isinstance(done, Done)
            assert [event.event for event in done.events] == ["commented"]

    asyncio.run(main())
