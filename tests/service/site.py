"""A small site for the tests of this room: its plan, its files, its messages, and shells' other ends that are no servers."""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alerting.events import Event
from alerting.grades_file import default_grades
from alerting.notify.settings import LogSettings
from alerting.routes import Routes
from alerting.routing import Matcher, Op, Route
from detectors.clock import Clock
from detectors.profile import Methods, Profile
from ingest.messages import Message
from ingest.mqtt.inbox import Received
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.records import Commit
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from service.pipeline import Outcome, Pipeline, Plan
from store.series import StoreBatch

S = 1_000_000_000
T0 = 1_764_000_000 * S
DEAD_S = 30.0

LT = SensorSpec(
    id="e/LT", sensor="LT", enterprise="e", type=SensorType.LEVEL, unit="%", range_lo=0, range_hi=100, ll=5, l=10,
    h=85, hh=90, deadband=1, scan_s=10, description="罐 1 液位 / Tank 1 level",
)  # fmt: skip
GT = SensorSpec(
    id="e/GT", sensor="GT", enterprise="e", type=SensorType.GAS_COMBUSTIBLE, unit="%LEL", range_lo=0, range_hi=100,
    h=25, hh=50, deadband=2,
)  # fmt: skip
PT = SensorSpec(
    id="e/PT", sensor="PT", enterprise="e", type=SensorType.PRESSURE, topic="plc/7/pt", h=1.2, hh=1.4
)
REGISTRY = SensorRegistry((LT, GT, PT))
PROFILE = Profile({SensorType.LEVEL: Methods(dead_min_s=DEAD_S), SensorType.GAS_COMBUSTIBLE: Methods()})
ROUTES = Routes(
    Route(
        path="route",
        receiver="board",
        children=(
            Route(
                path="route.routes[0]",
                receiver="siren",
                matchers=(Matcher("grade", Op.LIKE, "red|orange"),),
                carry_on=True,
            ),
            Route(path="route.routes[1]", receiver="board"),
        ),
    ),
    {"board": LogSettings(events=frozenset(Event)), "siren": LogSettings(events=frozenset(Event))},
)


def plan(clock: Clock = Clock.WALL, registry: SensorRegistry = REGISTRY) -> Plan:
    return Plan(registry=registry, profile=PROFILE, grades=default_grades(), routes=ROUTES, clock=clock)


def reading(sensor: str, at_s: float, value: float) -> Message:
    t_ms = round(T0 / 1e6 + at_s * 1000)
    shown = "null" if math.isnan(value) else repr(float(value))
    return Message(f"hazwatch/v1/e/{sensor}", f'{{"t": {t_ms}, "v": {shown}}}'.encode())


def bare(value: float) -> Message:
    return Message("plc/7/pt", str(value).encode())


def told(outcome: Outcome) -> bytes:
    """All of an outcome that counts, as bytes."""
    return b"\n".join(
        [
            outcome.block.sensor.tobytes(), outcome.block.t_ns.tobytes(), outcome.block.value.tobytes(),
            outcome.block.quality.tobytes(), outcome.status.tobytes(), outcome.score.tobytes(),
            outcome.findings.rows.tobytes(), *(e.line() for e in outcome.events),
            *(f"{n.id} {n.receiver} {n.reason}".encode() + n.body for n in outcome.notifications),
            *(f"{r.reason} {r.detail} {r.topic} {r.count}".encode() + r.payload for r in outcome.rejects),
        ]
    )  # fmt: skip


def lines(outcomes: Iterable[Outcome]) -> list[bytes]:
    return [event.line() for outcome in outcomes for event in outcome.events]


def pipeline(clock: Clock = Clock.WALL) -> Pipeline:
    return Pipeline(plan(clock))


POINTS = """\
sensor,enterprise,type,unit,range_lo,range_hi,ll,l,h,hh,scan_s
LT,e,level,%,0,100,5,10,85,90,10
GT,e,gas_combustible,%LEL,0,100,,,25,50,
"""


def write_site(folder: Path, extra: str = "", points: str = POINTS) -> Path:
    """Write settings, without a console and a store, and their points table; return the settings' path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "points.csv").write_text(points, encoding="utf-8")
    config = folder / "hazwatch.yaml"
    config.write_text(f"points: points.csv\nstore: {{kind: none}}\nconsole: false\n{extra}", encoding="utf-8")
    return config


@dataclass
class FakeSource:
    """A broker's other end: what is put in is drained, what is acknowledged is noted."""

    inbox: deque[Received] = field(default_factory=deque)
    acked: list[int] = field(default_factory=list)

    def put(self, *messages: Message, token: int = 1 << 16) -> list[int]:
        """Let messages arrive on the connection that `token` names; return their tokens."""
        tokens = [token + k for k in range(len(messages))]
        self.inbox += [Received(m, t) for m, t in zip(messages, tokens, strict=True)]
        return tokens

    def drain(self, max_count: int) -> Sequence[Received]:
        return [self.inbox.popleft() for _ in range(min(max_count, len(self.inbox)))]

    def ack(self, tokens: Sequence[Any]) -> None:
        self.acked += tokens


@dataclass
class FakeSink:
    """A store that takes everything and says how far it is."""

    stored_seq: int = 0
    batches: list[StoreBatch] = field(default_factory=list)

    def offer(self, batch: StoreBatch) -> None:
        self.batches.append(batch)


@dataclass
class FakeClock:
    """A wall clock that a test moves."""

    now_ns: int = T0

    def __call__(self) -> int:
        return self.now_ns

    def advance(self, seconds: float) -> None:
        """Move it forward."""
        self.now_ns += round(seconds * S)


class FlakyLedger(Ledger):
    """A real ledger whose disk is full while `down`."""

    down = False

    def commit(self, commit: Commit) -> int:
        if self.down:
            raise LedgerError("no room")
        return super().commit(commit)

    def prune(self, *, older_than_ns: int | None = None, above_bytes: int | None = None) -> int:
        if self.down:
            raise LedgerError("no room")
        return super().prune(older_than_ns=older_than_ns, above_bytes=above_bytes)

    def save_snapshot(self, seq: int, body: bytes) -> None:
        if self.down:
            raise LedgerError("no room")
        super().save_snapshot(seq, body)
