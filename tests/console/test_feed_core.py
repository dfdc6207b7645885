"""The stream's rules, without an event loop."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from console.feed_core import Frame, Ring, ViewerBuffer, encode_frame
from console.scope import NOWHERE, UNLIMITED, Place, Scope, lies_in


def test_a_frame_is_a_server_sent_event() -> None:
    assert encode_frame("alert", b'{"a":1}', "e-7") == b'id: e-7\nevent: alert\ndata: {"a":1}\n\n'
    assert encode_frame("beat", b"{}") == b"event: beat\ndata: {}\n\n"


@given(capacity=st.integers(1, 20), sent=st.integers(0, 50), seen=st.integers(0, 60))
def test_resume_gives_exactly_what_was_missed_or_says_that_it_cannot(
    capacity: int, sent: int, seen: int
) -> None:
    ring = Ring("e", capacity)
    for _ in range(sent):
        ring.append("alert", b"{}", None)
    missed = ring.since(f"e-{seen}")
    if seen > sent or sent - seen > capacity:
        assert missed is None
    else:
        assert missed is not None
        assert [frame.number for frame in missed] == list(range(seen + 1, sent + 1))


@given(st.one_of(st.none(), st.text(max_size=40)))
def test_a_strange_id_is_no_resume(last_id: str | None) -> None:
    ring = Ring("an epoch that no text has", 4)
    ring.append("alert", b"{}", None)
    assert ring.since(last_id) is None


def test_another_start_of_the_program_is_no_resume() -> None:
    assert Ring("new", 4).since("old-0") is None
    assert Ring("new", 4).since("new-0") == []
    assert Ring("new", 4).since("new-²") is None


class SlowViewer(RuleBasedStateMachine):
    """Against an obvious model: what a viewer got, plus a resync wherever something is missing."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = Ring("e", 1000)
        self.buffer = ViewerBuffer(Scope(enterprise="a"), max_frames=4, max_bytes=400)
        self.owed: list[int] = []
        self.known = 0

    @rule(place=st.sampled_from([None, Place("a"), Place("b"), NOWHERE]), size=st.integers(0, 150))
    def publish(self, place: Place | None, size: int) -> None:
        frame = self.ring.append("alert", b'"' + b"x" * size + b'"', place)
        self.buffer.offer(frame)
        if place is None or place.enterprise == "a":
            self.owed.append(self.ring.last)

    @rule()
    def beat(self) -> None:
        self.buffer.offer(Frame(None, encode_frame("beat", b"{}")))

    @rule()
    def read(self) -> None:
        chunks = self.buffer.take(self.ring.position)
        got: list[int] = []
        for chunk in chunks:
            if b"event: resync" in chunk:
                assert chunk is chunks[0]
                got = []
                self.owed = []
            elif b"event: alert" in chunk:
                got.append(int(chunk.split(b"\n")[0].removeprefix(b"id: e-")))
        assert got == self.owed
        self.owed = []

    @invariant()
    def bounded(self) -> None:
        assert len(self.buffer._waiting) <= 4
        assert self.buffer._bytes == sum(len(f.data) for f in self.buffer._waiting) <= 400


TestSlowViewer = SlowViewer.TestCase


def test_a_dropped_backlog_is_counted_once_a_resync() -> None:
    buffer = ViewerBuffer(UNLIMITED, max_frames=2)
    ring = Ring("e", 100)
    told = [buffer.offer(ring.append("alert", b"{}", None)) for _ in range(10)]
    assert told == [True, True, False, *[True] * 7]
    assert (buffer.resyncs, buffer.dropped) == (1, 10)
    assert buffer.take(ring.position) == [b"id: e-10\nevent: resync\ndata: {}\n\n"]
    assert buffer.take(ring.position) == []


def test_scope() -> None:
    cases: list[tuple[Any, Place, bool]] = [
        (UNLIMITED, NOWHERE, True),
        (Scope(enterprise="a"), Place("a", "370211"), True),
        (Scope(enterprise="a"), Place("b", "370211"), False),
        (Scope(enterprise="a"), NOWHERE, False),
        (Scope(area="370000"), Place("b", "370211"), True),
        (Scope(area="370200"), Place("b", "370211"), True),
        (Scope(area="370300"), Place("b", "370211"), False),
        (Scope(area="370211"), Place("b", "370200"), False),
        (Scope(area="370211"), NOWHERE, False),
        (Scope(area="370200", enterprise="a"), Place("b", "370211"), False),
    ]
    for scope, place, sees in cases:
        assert scope.sees(place) is sees, (scope, place)


def test_an_area_that_is_no_code_matches_itself_only() -> None:
    assert lies_in("north", "north")
    assert not lies_in("north-east", "north")
    assert not lies_in("", "00")
