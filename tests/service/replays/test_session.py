"""A replay's console: what it answers, what it refuses, and whether it tells what was told then."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerting.commands import Comment
from console.backend import ConsoleBackend, Refused
from console.scope import Place
from ledger.ledger import Ledger
from ledger.replica import Replica
from service.pipeline import Plan
from service.plan import load
from service.replays.past import JournalPast
from service.replays.session import ReplayFeed, Session
from service.replays.task import Task, packed, unpacked
from service.tuning.feed import Span
from store.null import NullStore
from tests.service.replays.life import RISES, SECONDS, lines, lived
from tests.service.site import T0, S, plan, write_site

SPAN = Span(start_ns=T0 + 100 * S, end_ns=T0 + SECONDS * S)


class Shown:
    """A session that is run by hand, and the backend that it shows."""

    def __init__(self, folder: Path, ledger: Ledger, by: Plan) -> None:
        (folder / "replay").mkdir()
        self.replica = Replica.open(folder / "replay")
        past = JournalPast(plan=by, ledger=ledger, state_dir=ledger.path.parent, span=SPAN)
        task = Task(
            loaded=load(write_site(folder / "site")),
            source="journal",
            start_ns=SPAN.start_ns,
            end_ns=SPAN.end_ns,
            folder=folder,
            socket=folder / "socket",
            door=None,
        )
        self.task = task
        self.backends: list[ConsoleBackend] = []
        self.session = Session(
            task, past, ledger, self.replica, NullStore(), ReplayFeed(), self.backends.append
        )
        self.session.begin()
        self.session.pause(paused=True)

    def go(self) -> None:
        """Run until nothing is to be done."""
        while self.session.turn() == 0:
            pass

    @property
    def backend(self) -> ConsoleBackend:
        return self.backends[-1]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with lived(tmp_path / "state") as kept:
        yield kept


def test_it_shows_the_alerts_of_then_and_takes_no_command(tmp_path: Path, ledger: Ledger) -> None:
    shown = Shown(tmp_path, ledger, plan())
    with shown.replica:
        shown.go()
        (before,) = shown.backend.open_alerts().rows
        assert before.event.line() == lines(ledger)[0], "what stood when the period began"
        assert shown.session.jump("next", lambda _: True)
        shown.go()
        (row,) = shown.backend.open_alerts().rows
        assert row.event.line() in lines(ledger)
        assert RISES[1] <= (shown.backend.now_ns() - T0) / S <= RISES[1] + 5
        outcome = asyncio.run(shown.backend.acknowledge(row.event.id, None, "li", None))
        assert isinstance(outcome, Refused)
        assert outcome.code == "replay"
        refused = asyncio.run(shown.backend.command(Comment(alert=row.event.id, by="li", comment="x")))
        assert isinstance(refused, Refused)
        assert shown.backend.alert(row.event.id) == row
        shown.session.seek(SPAN.end_ns)
        shown.go()
        status = shown.session.status()
        assert (status["state"], status["exact"], status["differ"]) == ("ended", True, 0)
        assert status["told"] == len(lines(ledger))
        assert [event.line for event in shown.replica.alert_events()] == lines(ledger)
        assert shown.replica.deliveries(row.event.id), "who was told then"


def test_back_in_time_nothing_of_the_future_is_known(tmp_path: Path, ledger: Ledger) -> None:
    shown = Shown(tmp_path, ledger, plan())
    with shown.replica:
        shown.session.seek(SPAN.end_ns)
        shown.go()
        assert not shown.session.jump("previous", lambda place: place == Place("another")), "not in the scope"
        assert shown.session.jump("previous", lambda _: True)
        shown.go()
        assert RISES[3] <= (shown.backend.now_ns() - T0) / S <= RISES[3] + 5
        assert len(shown.backends) == 2, "another backend, for the pipeline is another one"
        assert shown.session.jump("previous", lambda _: True)
        shown.go()
        assert RISES[2] <= (shown.backend.now_ns() - T0) / S <= RISES[2] + 5, "not the one at which it stands"
        last = shown.backend.open_alerts().last_seq
        told = [event.line for event in shown.replica.alert_events()]
        assert told == lines(ledger)[:last]


def test_other_settings_than_then_are_told(tmp_path: Path, ledger: Ledger) -> None:
    by = plan()
    changed = replace(by, routes=replace(by.routes, root=replace(by.routes.root, children=())))
    shown = Shown(tmp_path, ledger, changed)
    with shown.replica:
        shown.session.seek(SPAN.end_ns)
        shown.go()
        status = shown.session.status()
        assert 0 < status["differ"] <= status["told"]


def test_a_task_goes_through_a_pipe_whole(tmp_path: Path, ledger: Ledger) -> None:
    shown = Shown(tmp_path, ledger, plan())
    with shown.replica:
        again = unpacked(packed(shown.task))
        assert again.start_ns == SPAN.start_ns
        assert again.loaded.settings == shown.task.loaded.settings
        assert [spec.id for spec in again.loaded.plan.registry.specs] == ["e/LT", "e/GT"]
