"""A pipeline with what stands around it, as the console looks at it: live, or in a replay of the past."""

from typing import Protocol

from alerting.commands import Command
from ledger.reader import LedgerReader
from service.pipeline import Outcome, Pipeline
from service.runtime import Hooks


class Shown(Protocol):
    """What the console's pages are made from."""

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline itself."""

    @property
    def ledger(self) -> LedgerReader:
        """What was told up to now."""

    @property
    def hooks(self) -> Hooks:
        """Whom to tell of what happens."""

    def now_ns(self) -> int:
        """Return the time that it is there."""

    def message_age_s(self) -> float | None:
        """Return how long ago, in the time that it is there, the newest message arrived; None before the first."""

    def command(self, command: Command) -> Outcome:
        """Carry out a command; raises `CommandRefused`, `LedgerError`."""
