"""Reports of the running service: each is made by a process of its own, and goes after the pipeline in everything."""

import asyncio
import os
import sys
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import structlog

from console.reports_backend import Asked, ReportRefused, ShiftTime, place_of_note
from console.scope import UNLIMITED, Scope
from ledger.errors import LedgerError
from ledger.handover import HandoverNote, HandoverNotes
from registry.plant import Plant
from service.naming import site_name
from service.newest import place_of_sensor
from service.reports.document import About, Kind
from service.reports.handover import Duty, Known
from service.reports.making import Format, Order, scope_text
from service.reports.report import By
from service.reports.shifts import Hours, Shift, Shifts, shift_at, shifts_from
from service.reports.worker import Task, packed
from service.runtime import Runtime
from service.settings_parts import ReportsPart

_log = structlog.get_logger(__name__)

LONGEST_S = 120.0
"""A report that takes longer is given up: the command line makes it without a bound."""
_TOLD_CHARS = 2000


class LiveReports:
    """The console's reports over one runtime; `notes` is owned by who made this."""

    def __init__(self, runtime: Runtime, notes: HandoverNotes, settings: ReportsPart) -> None:
        self._runtime = runtime
        self._notes = notes
        self._settings = settings
        self._busy: set[str] = set()
        self._turn = asyncio.Semaphore(1)

    @property
    def zone(self) -> str:
        """The zone of the settings."""
        return self._settings.time_zone

    def shifts(self, t_ns: int, days: int) -> Sequence[ShiftTime]:
        """Return the shifts around a time."""
        return [
            ShiftTime(name=one.name, start_ns=one.start_ns, end_ns=one.end_ns)
            for one in self._shifts().around(t_ns, days)
        ]

    async def make(self, asked: Asked) -> bytes:
        """Return a report; accounts wait for each other, and one account has one at a time."""
        name = asked.account
        if name in self._busy:
            raise ReportRefused("report_busy")
        self._busy.add(name)
        try:
            async with self._turn:
                return await self._made(asked)
        finally:
            self._busy.discard(name)

    async def notes(self, from_ns: int, to_ns: int) -> Sequence[HandoverNote]:
        """Return notes of the state folder."""
        return await asyncio.to_thread(self._notes.of_shifts, from_ns, to_ns)

    async def note(self, note: int) -> HandoverNote | None:
        """Return a note of the state folder."""
        return await asyncio.to_thread(self._notes.find, note)

    async def write_note(self, note: HandoverNote) -> HandoverNote | None:
        """Keep a note in the state folder."""
        return await asyncio.to_thread(self._notes.write, note)

    async def take_over(self, note: int, by: str, now_ns: int, answer: str) -> bool:
        """Note in the state folder who took a note over."""
        return await asyncio.to_thread(self._notes.take_over, note, by, now_ns, answer)

    async def _made(self, asked: Asked) -> bytes:
        task = Task(
            ledger=str(self._runtime.ledger.path),
            order=await self._order(asked),
            format=Format(asked.format),
            language=asked.language,
        )
        return await _worked(packed(task))

    def _plant(self) -> Plant:
        return self._runtime.pipeline.plan.registry.plant

    def _shifts(self) -> Shifts:
        hours = Hours(zone=ZoneInfo(self._settings.time_zone), starts_min=self._settings.starts_min)
        schedules = self._runtime.pipeline.plan.routes.escalation.schedules
        return shifts_from(list(schedules.values()), hours)

    async def _order(self, asked: Asked) -> Order:
        plant, scope = self._plant(), asked.scope
        kind = Kind(asked.kind)
        about = About(
            site=site_name(plant),
            scope=scope_text(scope, plant),
            made_by=asked.account,
            made_ns=self._runtime.now_ns(),
        )
        return Order(
            kind=kind,
            start_ns=asked.start_ns,
            end_ns=asked.end_ns,
            zone=self.zone,
            about=about,
            plant=Plant(areas=plant.areas, enterprises=plant.enterprises, sources=plant.sources),
            scope=scope,
            sensors=self._sensors(scope),
            by=tuple(By(one) for one in asked.by),
            known=await self._known(asked) if kind is Kind.HANDOVER else Known(),
        )

    def _sensors(self, scope: Scope) -> int:
        registry = self._runtime.pipeline.plan.registry
        if scope == UNLIMITED:
            return len(registry)
        return sum(scope.sees(place_of_sensor(registry, i)) for i in range(len(registry)))

    async def _known(self, asked: Asked) -> Known:
        shifts = self._shifts()
        shift = shift_at(shifts, asked.start_ns)
        following = None if shift is None else shift_at(shifts, shift.end_ns)
        return Known(
            shift=shift,
            next=following,
            duty=self._duty(asked.start_ns, shift) if asked.scope == UNLIMITED else None,
            notes=await self._notes_for(asked),
            arrangements=asked.arrangements,
            ahead=asked.ahead,
        )

    async def _notes_for(self, asked: Asked) -> list[HandoverNote] | None:
        """Return the notes that the account may read, None where they cannot be read: all else is told even so."""
        try:
            notes = await self.notes(asked.start_ns, asked.end_ns)
        except LedgerError as error:
            _log.error("notes_unread", reason=str(error))
            return None
        return [note for note in notes if asked.scope.sees(place_of_note(note))]

    def _duty(self, start_ns: int, shift: Shift | None) -> list[Duty]:
        """Return who is on duty by each schedule; schedules belong to no enterprise."""
        escalation = self._runtime.pipeline.desk.escalation
        after = escalation.on_duty(start_ns if shift is None else shift.end_ns)
        return [
            Duty(
                name,
                tuple(escalation.name_of(one) for one in duty.people),
                tuple(escalation.name_of(one) for one in after[name].people),
            )
            for name, duty in escalation.on_duty(start_ns).items()
        ]


async def _worked(task: bytes) -> bytes:
    """Return what the worker makes of a task; raise `ReportRefused` where it cannot, or takes too long.

    It imports from where this process does, and never from the folder in which it happens to be started.
    """
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "service.reports.worker"),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LONGEST_S):
            made, said = await worker.communicate(task)
    except TimeoutError:
        raise ReportRefused("report_too_much") from None
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
    if worker.returncode:
        words = said.decode(errors="replace").strip()[-_TOLD_CHARS:]
        _log.error("report_failed", reason=words)
        raise ReportRefused("report_failed")
    return made
