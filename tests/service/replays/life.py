"""A life of the small site, lived once and journalled: alerts that open, are acknowledged and close, a silence, a start."""

from pathlib import Path

from alerting.commands import Acknowledge, encode_command
from ledger.ledger import Ledger
from ledger.records import JournalEntry
from service.effects import commit_of
from service.pipeline import Outcome, Pipeline, pack_messages
from tests.service.site import T0, S, plan, reading

SECONDS = 600
RISES = (60, 200, 340, 480)
"""When the level rises above its limit, for a minute each time."""


def level(at_s: int) -> float:
    """Return the level at a second."""
    return 87.0 if any(rise <= at_s < rise + 60 for rise in RISES) else 50.0


def live(ledger: Ledger, snapshots: tuple[int, ...] = ()) -> None:
    """Live it: a reading of two sensors a second, the second alert acknowledged; keep snapshots after these seconds."""
    pipe = Pipeline(plan())

    def keep(kind: str, body: bytes, at_s: float, outcome: Outcome) -> None:
        entry = JournalEntry(now_ns=T0 + round(at_s * S), kind=kind, body=body)  # type: ignore[arg-type]
        ledger.commit(commit_of(entry, outcome, ledger.last_seq))

    keep("start", b"{}", 0, pipe.entry(JournalEntry(now_ns=T0, kind="start", body=b"{}")))
    for at_s in range(1, SECONDS):
        messages = [reading("LT", at_s, level(at_s)), reading("GT", at_s, 1.0)]
        keep("messages", pack_messages(messages), at_s, pipe.messages(messages, T0 + at_s * S))
        if at_s == RISES[1] + 20:
            (view,) = pipe.desk.book.open_alerts()
            command = Acknowledge(alert=view.id, by="li", comment="seen")
            keep(
                "command", encode_command(command), at_s + 0.5, pipe.command(command, T0 + at_s * S + S // 2)
            )
        if at_s in snapshots:
            ledger.save_snapshot(ledger.last_seq, pipe.snapshot())


def lived(folder: Path, snapshots: tuple[int, ...] = ()) -> Ledger:
    """Return the open ledger of it."""
    ledger = Ledger.open(folder)
    live(ledger, snapshots)
    return ledger


def lines(ledger: Ledger) -> list[bytes]:
    """Return what was told."""
    return [event.line for event in ledger.alert_events()]
