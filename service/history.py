"""An alert's events out of the ledger."""

from collections.abc import Sequence

import msgspec

from alerting.events import AlertEvent
from ledger.reader import LedgerReader

MAX_EVENTS = 1000
"""Of an alert that chatters for days, the first event and the newest ones."""
_LINE = msgspec.json.Decoder(AlertEvent)


class AlertHistory:
    """Reads one ledger."""

    def __init__(self, ledger: LedgerReader) -> None:
        self._ledger = ledger

    def events(self, alert: str, until_seq: int) -> Sequence[AlertEvent]:
        """Return an alert's first event and its newest ones up to `until_seq`, oldest first."""
        return [_LINE.decode(kept.line) for kept in self._ledger.events_of(alert, until_seq, MAX_EVENTS)]
