"""Reports of a running pipeline: made by the real worker from the real ledger, within the account's scope, one at a time."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from alerting.escalation.schedule import Crew, Schedule
from alerting.escalation.schedule import Shift as Turn
from alerting.escalation.settings import EscalationSettings, Person
from console.reports_backend import Asked, ReportRefused
from console.scope import UNLIMITED, Scope
from ledger.handover import FILE_NAME, HandoverNote, HandoverNotes
from registry.plant import Text
from service import live_reports
from service.live_reports import LiveReports
from service.pipeline import Pipeline
from service.settings_parts import ReportsPart
from tests.service.rig import Rig, running
from tests.service.site import ROUTES, FlakyLedger, S, plan

HOUR = 3600 * S
ROTA = Schedule(
    name="operators",
    zone="UTC",
    first_day=date(2025, 11, 1),
    shifts={"night": Turn(name="night", start_min=720, end_min=1440)},
    cycle=(("night",), ()),
    crews=(Crew(name="A", people=("wang",), first=1), Crew(name="B", people=("li",), first=0)),
    otherwise=("zhao",),
)
PEOPLE = {"wang": Person(id="wang", name=Text("王工", "Wang"), receivers=("board",))}


def asked(rig: Rig, kind: str = "handover", scope: Scope = UNLIMITED, **more: Any) -> Asked:
    now_ns = rig.runtime.now_ns()
    made = Asked(
        kind=kind,
        start_ns=now_ns - HOUR,
        end_ns=now_ns + S,
        format="json",
        language="zh",
        by=(),
        account="li",
        scope=scope,
    )
    return replace(made, **more)


def table(body: bytes, name: str) -> list[list[str]]:
    found = next(one for one in json.loads(body)["tables"] if one["name"] == name)
    return [[cell["en"] for cell in row] for row in found["rows"]]


@asynccontextmanager
async def site(folder: Path, pipe: Pipeline | None = None) -> AsyncIterator[tuple[Rig, LiveReports]]:
    with FlakyLedger.open(folder) as ledger, HandoverNotes(folder) as notes:
        rig = Rig(ledger, pipe=pipe)
        async with running(rig):
            yield rig, LiveReports(rig.runtime, notes, ReportsPart(time_zone="UTC"))


def test_the_worker_tells_what_the_pipeline_told_in_every_format(tmp_path: Path) -> None:
    async def main() -> None:
        async with site(tmp_path) as (rig, reports):
            rig.high()
            await rig.pass_by()
            (open_alert,) = table(await reports.make(asked(rig)), "open_process")
            assert open_alert[0] == "▼ yellow"
            assert "level" in open_alert[1]
            assert (await reports.make(asked(rig, format="pdf")))[:5] == b"%PDF-"
            assert (await reports.make(asked(rig, format="xlsx")))[:2] == b"PK"
            assert (
                "e/LT high" in (await reports.make(asked(rig, "daily", format="csv", language="en"))).decode()
            )
            alarms = await reports.make(asked(rig, "alarms", by=("source",)))
            assert table(alarms, "source")
            assert "nothing was watched before" in alarms.decode(), "this ledger is younger than the period"

    asyncio.run(main())


def test_another_enterprise_is_told_of_nothing_and_counts_none_of_the_sensors(tmp_path: Path) -> None:
    async def main() -> None:
        async with site(tmp_path) as (rig, reports):
            rig.high()
            await rig.pass_by()
            foreign = await reports.make(asked(rig, scope=Scope(enterprise="other")))
            assert table(foreign, "open_process") == table(foreign, "happened") == []
            assert b"e/LT" not in foreign
            daily = await reports.make(asked(rig, "daily", scope=Scope(enterprise="other")))
            assert table(daily, "trends")[-1][:2] == ["availability of sensors", "–"]
            own = await reports.make(asked(rig, "daily", scope=Scope(enterprise="e")))
            assert table(own, "trends")[-1][:2] == ["availability of sensors", "100 %"]

    asyncio.run(main())


def test_duty_is_of_this_shift_and_the_next_and_not_for_accounts_with_a_scope(tmp_path: Path) -> None:
    duty = EscalationSettings(people=PEOPLE, schedules={"operators": ROTA})
    pipe = Pipeline(replace(plan(), routes=replace(ROUTES, escalation=duty)))

    async def main() -> None:
        async with site(tmp_path, pipe) as (rig, reports):
            shift = next(
                one
                for one in reports.shifts(rig.runtime.now_ns(), 1)
                if one.start_ns <= rig.runtime.now_ns() < one.end_ns
            )
            assert (shift.name, shift.end_ns - shift.start_ns) == ("night", 12 * HOUR)
            body = await reports.make(asked(rig, start_ns=shift.start_ns))
            ((_, now, following),) = table(body, "duty")
            assert (now, following) == ("Wang", "zhao")
            limited = await reports.make(asked(rig, start_ns=shift.start_ns, scope=Scope(enterprise="e")))
            assert "duty" not in {one["name"] for one in json.loads(limited)["tables"]}

    asyncio.run(main())


def test_notes_are_in_the_report_of_those_who_may_read_them(tmp_path: Path) -> None:
    async def main() -> None:
        async with site(tmp_path) as (rig, reports):
            start_ns = rig.runtime.now_ns() - HOUR
            note = HandoverNote(0, start_ns, None, None, start_ns, "wang", "of the plant")
            assert await reports.write_note(note)
            assert await reports.take_over(1, "zhao", start_ns, "")
            (told,) = table(await reports.make(asked(rig)), "handover_notes")
            assert (told[0], told[2][:4]) == ("of the plant", "zhao")
            assert table(await reports.make(asked(rig, scope=Scope(enterprise="e"))), "handover_notes") == []

    asyncio.run(main())


def test_a_handover_says_so_where_its_notes_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"nothing of that kind " * 100)

    async def main() -> None:
        async with site(tmp_path) as (rig, reports):
            body = await reports.make(asked(rig))
            assert "cannot be read" in json.loads(body)["warnings"][0]["en"]
            assert "handover_notes" not in {one["name"] for one in json.loads(body)["tables"]}

    asyncio.run(main())


def test_an_account_has_one_report_at_a_time_and_the_next_after_it(tmp_path: Path) -> None:
    async def main() -> None:
        async with site(tmp_path) as (rig, reports):
            first = asyncio.create_task(reports.make(asked(rig)))
            await asyncio.sleep(0)
            with pytest.raises(ReportRefused, match="report_busy"):
                await reports.make(asked(rig))
            assert await reports.make(asked(rig, account="wang")), "others wait for their turn"
            assert await first
            assert await reports.make(asked(rig))

    asyncio.run(main())


def test_what_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_reports, "LONGEST_S", 0.0)

    async def main() -> None:
        async with site(tmp_path) as (rig, reports):
            with pytest.raises(ReportRefused, match="report_too_much"):
                await reports.make(asked(rig))

    asyncio.run(main())


def test_no_worker_outlives_who_waited_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: asyncio.Queue[asyncio.subprocess.Process] = asyncio.Queue()
    begin = asyncio.create_subprocess_exec

    async def noted(*args: Any, **options: Any) -> asyncio.subprocess.Process:
        worker = await begin(*args, **options)
        begun.put_nowait(worker)
        return worker

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)

    async def main() -> None:
        async with site(tmp_path) as (rig, reports):
            making = asyncio.create_task(reports.make(asked(rig)))
            worker = await begun.get()
            making.cancel()
            await asyncio.wait([making])
            assert making.cancelled()
            assert worker.returncode is not None

    asyncio.run(main())


def test_a_ledger_that_cannot_be_read_is_a_refusal_and_no_traceback(tmp_path: Path) -> None:
    async def main() -> None:
        async with site(tmp_path) as (rig, reports):
            rig.runtime.ledger.path = tmp_path / "nowhere"
            with pytest.raises(ReportRefused, match="report_failed"):
                await reports.make(asked(rig))

    asyncio.run(main())
