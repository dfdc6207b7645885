"""Replays in memory, for tests: those that were begun, each answered by whatever listens on `socket`."""

from collections.abc import Callable, Sequence
from pathlib import Path

from console.accounts import Account
from console.replay_backend import OpenReplay, Period, ReplayOrder, ReplayRefused


class FakeReplays:
    """Takes every order but those of `refused`."""

    def __init__(self) -> None:
        self.span = Period(journal_ns=None, exact_from_ns=None, store=False)
        self.refused: str | None = None
        self.socket = Path("/nowhere")
        self.running: dict[str, OpenReplay] = {}
        self.allowed: dict[str, Callable[[], bool]] = {}

    async def period(self) -> Period:
        """Return the period kept."""
        return self.span

    async def open(self, account: Account, order: ReplayOrder, allowed: Callable[[], bool]) -> OpenReplay:
        """Note the order."""
        if self.refused is not None:
            raise ReplayRefused(self.refused)
        name = f"r{len(self.allowed) + 1}"
        self.running[name] = OpenReplay(id=name, account=account.name, order=order, socket=self.socket)
        self.allowed[name] = allowed
        return self.running[name]

    def find(self, replay: str) -> OpenReplay | None:
        """Return one that was begun and not ended."""
        return self.running.get(replay)

    def of(self, account: str) -> Sequence[OpenReplay]:
        """Return those of an account."""
        return [one for one in self.running.values() if one.account == account]

    async def end(self, replay: str) -> None:
        """Forget it."""
        self.running.pop(replay, None)
