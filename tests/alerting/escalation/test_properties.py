"""What holds of the calls whatever happens: red is on somebody's chain, nothing is told twice, a restart changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.escalation import Escalation
from alerting.events import AlertEvent
from alerting.notification import Notification
from registry.plant import Text
from tests.alerting.escalation.works import PLANT, T0, S, event
from tests.alerting.escalation.works import settings as works_settings

ALERTS = ("a", "b", "c")
GRADES = ("blue", "yellow", "orange", "red")
RANKS = {grade: rank for rank, grade in enumerate(GRADES)}
WORKS = works_settings()

# what can happen to an alert in a state, and where it leads: a coarse sketch of the lifecycle, holds included
MOVES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "none": (("opened", "unack"), ("opened", "suppressed")),
    "unack": (
        ("acknowledged", "acked"),
        ("cleared", "rtnun"),
        ("cleared", "lunak"),
        ("escalated", "unack"),
        ("deescalated", "unack"),
        ("commented", "unack"),
        ("shelved", "shelved"),
        ("suppressed", "suppressed"),
        ("out_of_service", "out_of_service"),
    ),
    "acked": (("escalated", "unack"), ("reopened", "unack"), ("cleared", "closed"), ("shelved", "shelved")),
    "rtnun": (("reopened", "unack"), ("acknowledged", "closed")),
    "lunak": (("reopened", "unack"), ("acknowledged", "lackd")),
    "lackd": (("reset", "closed"), ("reopened", "unack")),
    "shelved": (
        ("unshelved", "unack"),
        ("unshelved", "acked"),
        ("escalated", "shelved"),
        ("cleared", "closed"),
    ),
    "suppressed": (("unsuppressed", "unack"), ("escalated", "suppressed")),
    "out_of_service": (("in_service", "unack"),),
}
MUST_CALL = {"unack", "lunak"}


@dataclass
class World:
    """The alerts as they are, the stage beside them, and all that it told."""

    silenced: set[str] = field(default_factory=set)
    state: dict[str, str] = field(default_factory=dict)
    grade: dict[str, str] = field(default_factory=dict)
    since_ns: dict[str, int] = field(default_factory=dict)
    told: list[Notification] = field(default_factory=list)
    told_ns: dict[str, int] = field(default_factory=dict)
    now_ns: int = T0
    seq: int = 0

    def __post_init__(self) -> None:
        self.stage = self.made()

    def made(self) -> Escalation:
        return Escalation(WORKS, PLANT.areas, lambda _: None, self.why_held)

    def why_held(self, alert: str, _now_ns: int) -> Text | None:
        return Text("静默", "silenced") if alert in self.silenced else None

    def note(self, told: list[Notification], at_ns: int) -> None:
        self.told += told
        self.told_ns |= {one.alert: at_ns for one in told if "back to normal" not in one.reason.en}

    def wait(self, seconds: float) -> None:
        self.now_ns += round(seconds * S)
        while (due_ns := self.stage.next_deadline_ns()) is not None and due_ns <= self.now_ns:
            self.note(self.stage.tick(due_ns), due_ns)

    def happen(self, alert: str, pick: int, grade: str) -> None:
        before = self.state.get(alert, "none")
        moves = MOVES[before]
        what, state = moves[pick % len(moves)]
        self.seq += 1
        old = self.grade.get(alert, grade)
        graver, milder = RANKS[grade] > RANKS[old], RANKS[grade] < RANKS[old]
        if (what == "escalated" and not graver) or (what == "deescalated" and not milder):
            what = "commented" if before == state else "escalated"
        now = grade if what in {"opened", "escalated", "deescalated", "reopened"} else old
        self.grade[alert] = now
        if state in MUST_CALL and (before not in MUST_CALL or RANKS[now] > RANKS[old]):
            self.since_ns[alert] = self.now_ns
        self.state[alert] = state
        self.offer(event(alert, self.seq, what, state, grade=now, incident="i1" if alert != "a" else None))
        if state == "closed":
            self.seq += 1
            self.offer(event(alert, self.seq, "closed", "closed", grade=now))
            self.state[alert] = "none"
            self.told_ns.pop(alert, None)

    def offer(self, one: AlertEvent) -> None:
        self.note(self.stage.offer([one], self.now_ns), self.now_ns)

    def check(self) -> None:
        """An unacknowledged red alert that nothing holds was told to somebody, or is about to be within ten seconds."""
        due_ns = self.stage.next_deadline_ns()
        for alert, state in self.state.items():
            if state not in MUST_CALL or self.grade[alert] != "red" or alert in self.silenced:
                continue
            asked = self.told_ns.get(alert, -1) >= 0
            about_to = due_ns is not None and due_ns <= self.now_ns + 10 * S
            assert asked or about_to, (alert, state)


_steps = st.lists(
    st.one_of(
        st.tuples(st.just("happen"), st.sampled_from(ALERTS), st.integers(0, 8), st.sampled_from(GRADES)),
        st.tuples(st.just("wait"), st.sampled_from((0.5, 5.0, 30.0, 61.0, 700.0, 5000.0))),
        st.tuples(st.just("silence"), st.sampled_from(ALERTS)),
    ),
    max_size=40,
)
Steps = list[tuple[object, ...]]


def played(steps: Steps, *, restarts: bool = False) -> World:
    world = World()
    for step in steps:
        match step:
            case ("happen", str() as alert, int() as pick, str() as grade):
                world.happen(alert, pick, grade)
            case ("wait", float() as seconds):
                world.wait(seconds)
            case ("silence", str() as alert):
                world.silenced ^= {alert}
        if restarts:
            body = world.stage.snapshot()
            world.stage = world.made()
            world.stage.restore(body)
            assert world.stage.snapshot() == body
        world.check()
    return world


@settings(max_examples=300, deadline=None)
@given(_steps)
def test_an_unacknowledged_red_alert_that_nothing_holds_is_always_on_somebodys_chain(steps: Steps) -> None:
    world = played(steps)
    world.silenced = set()
    world.wait(100_000)
    for alert, state in world.state.items():
        if state in MUST_CALL and world.grade[alert] == "red":
            assert world.told_ns[alert] >= world.since_ns[alert], "somebody was asked since it is unanswered"
    assert len({one.id for one in world.told}) == len(world.told), "nothing is told twice for one reason"


@settings(max_examples=100, deadline=None)
@given(_steps)
def test_a_restart_after_every_step_changes_nothing(steps: Steps) -> None:
    assert played(steps, restarts=True).told == played(steps).told


@settings(max_examples=100, deadline=None)
@given(_steps)
def test_nobody_is_called_for_what_is_answered_or_held(steps: Steps) -> None:
    world = World()
    for step in steps:
        before = len(world.told)
        match step:
            case ("happen", str() as alert, int() as pick, str() as grade):
                world.happen(alert, pick, grade)
            case ("wait", float() as seconds):
                world.wait(seconds)
            case ("silence", str() as alert):
                world.silenced ^= {alert}
        for one in world.told[before:]:
            if "back to normal" not in one.reason.en:
                assert world.state[one.alert] in {*MUST_CALL, "rtnun"}
                assert one.alert not in world.silenced
