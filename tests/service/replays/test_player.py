"""A replay runs a past at a pace and to places: what it tells is what was told, however one jumps about; time is an argument."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.ledger import Ledger
from service.pipeline import Outcome
from service.replays.past import JournalPast, Past, StorePast
from service.replays.player import Player, is_activation
from service.tuning.feed import Span
from store.scan import Stretch
from tests.service.replays.life import RISES, SECONDS, level, lines, lived
from tests.service.site import T0, S, plan

WHOLE = Span(start_ns=T0, end_ns=T0 + SECONDS * S)


class Watched:
    """A player, a clock that stands still unless it is moved, and what was told by now."""

    def __init__(self, past: Past, span: Span = WHOLE) -> None:
        self.told: dict[int, bytes] = {}
        self.now_s = 0.0
        self.player = Player(past, span, self._heard, self._went_back, is_activation)

    def _heard(self, outcome: Outcome, now_ns: int) -> None:
        assert now_ns < WHOLE.end_ns
        self.told |= {event.seq: event.line() for event in outcome.events}

    def _went_back(self, event_seq: int) -> None:
        self.told = {seq: line for seq, line in self.told.items() if seq <= event_seq}

    def turn(self) -> float | None:
        return self.player.turn(lambda: self.now_s, np.inf)

    def state(self) -> str:
        return self.player.state

    def at_s(self) -> float:
        """Return the second that is shown."""
        return (self.player.shown_ns(self.now_s) - T0) / S

    def lines(self) -> list[bytes]:
        return [self.told[seq] for seq in sorted(self.told)]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with lived(tmp_path_factory.mktemp("lived")) as kept:
        yield kept


def journal(ledger: Ledger, span: Span = WHOLE) -> JournalPast:
    return JournalPast(plan=plan(), ledger=ledger, state_dir=ledger.path.parent, span=span)


def test_the_journal_tells_again_what_was_told_byte_for_byte(ledger: Ledger) -> None:
    watched = Watched(journal(ledger))
    watched.player.seek(WHOLE.end_ns)
    assert watched.turn() is None
    assert watched.state() == "ended"
    assert watched.lines() == lines(ledger)
    events = [json.loads(line) for line in watched.lines()]
    assert sum(e["event"] in {"opened", "reopened"} for e in events) == len(RISES)
    assert [e["why"]["acknowledged"]["by"] for e in events if e["event"] == "acknowledged"] == ["li"]


def test_it_goes_at_its_pace_and_shows_the_time_between_readings(ledger: Ledger) -> None:
    watched = Watched(journal(ledger))
    assert watched.turn() == pytest.approx(1.0), "the next second's readings"
    assert watched.at_s() == 0
    watched.now_s = 0.4
    assert watched.turn() == pytest.approx(0.6)
    assert watched.at_s() == pytest.approx(0.4)
    watched.player.pacing.set_speed(10)
    watched.turn()
    watched.now_s += 1.0
    watched.turn()
    assert watched.at_s() == pytest.approx(11, abs=1)
    watched.player.pacing.pause(paused=True)
    before = watched.at_s()
    watched.now_s += 100
    assert watched.turn() is None
    assert watched.at_s() == before
    assert watched.state() == "paused"


def test_to_the_next_alert_and_back_to_the_one_before(ledger: Ledger) -> None:
    watched = Watched(journal(ledger))
    opened = []
    for rise in RISES:
        watched.player.seek_next_alert()
        assert watched.state() == "seeking"
        assert watched.turn() is None
        assert watched.state() == "paused", "it stands where the alert opened"
        assert rise <= watched.at_s() <= rise + 5
        opened.append((max(watched.told), watched.at_s()))
    watched.player.seek_next_alert()
    watched.turn()
    assert watched.state() == "ended", "there is no fifth"
    seq, at_s = opened[1]
    watched.player.seek_event(seq, T0 + RISES[1] * S)
    watched.turn()
    assert watched.state() == "paused"
    assert (max(watched.told), watched.at_s()) == (seq, at_s)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.integers(0, SECONDS), min_size=1, max_size=4))
def test_however_one_jumps_about_it_has_told_what_was_told_by_then(ledger: Ledger, places: list[int]) -> None:
    watched = Watched(journal(ledger))
    watched.player.pacing.pause(paused=True)
    for place in places:
        watched.player.seek(T0 + place * S)
        watched.turn()
    told = [line for line in lines(ledger) if json.loads(line)["time"] < _rfc3339(places[-1])]
    assert watched.lines() == told


def _rfc3339(at_s: int) -> str:
    moment = np.datetime64(T0 + at_s * S, "ns").astype("datetime64[ms]")
    return f"{moment}Z"


def test_without_its_beginning_a_journal_is_told_exactly_from_a_snapshot_on(tmp_path: Path) -> None:
    with lived(tmp_path, snapshots=(30, 150, 300, 450, 590)) as ledger:
        while ledger.prune(older_than_ns=T0 + 100 * S):
            pass
        assert ledger.first_seq > 1
        late = Span(start_ns=T0 + 190 * S, end_ns=WHOLE.end_ns)
        exact = journal(ledger, late)
        watched = Watched(exact, late)
        watched.player.seek(late.end_ns)
        watched.turn()
        assert exact.exact
        assert watched.lines() == lines(ledger)[-len(watched.lines()) :]
        assert len(watched.lines()) > 3

        early = Span(start_ns=T0 + 110 * S, end_ns=WHOLE.end_ns)
        cold = journal(ledger, early)
        watched = Watched(cold, early)
        watched.player.seek(early.end_ns)
        watched.turn()
        assert not cold.exact, "the state of then is gone, and it says so"
        assert min(watched.told) > 1, "no number of then is given to something else"


def test_readings_of_the_store_are_judged_anew() -> None:
    at_s = np.arange(1, SECONDS)

    def scan(start_ns: int, end_ns: int) -> Stretch:
        t_ns = T0 + at_s * S
        inside = (t_ns >= start_ns) & (t_ns < end_ns)
        return Stretch(
            names=("e/LT", "e/unknown"),
            sensor=np.zeros(inside.sum(), np.int32),
            t_ns=t_ns[inside],
            value=np.array([level(int(s)) for s in at_s[inside]], float),
            quality=np.zeros(inside.sum(), np.uint8),
        )

    past = StorePast(plan=plan(), scan=scan, span=WHOLE)
    assert not past.exact
    watched = Watched(past)
    for rise in RISES:
        watched.player.seek_next_alert()
        watched.turn()
        assert rise <= watched.at_s() <= rise + 5, "not overrun, though a store gives much at once"
    straight = watched.lines()
    watched.player.seek(T0 + 10 * S)
    watched.turn()
    assert watched.lines() == []
    watched.player.seek(T0 + (RISES[-1] + 5) * S)
    watched.turn()
    assert watched.lines() == straight
