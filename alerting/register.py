"""The register of open alerts: one of a key, known by their ids as well, oldest opening first."""

from collections.abc import Iterable, Iterator, Mapping

from alerting.alert import Alert, Key
from alerting.book_state import RecentlyClosed
from alerting.events import Family, Kind
from alerting.lines import alert_id
from detectors.findings import Method

BLINDING = frozenset({Method.DEAD, Method.QUALITY})
"""While a finding of one of these stands, nothing of the sensor's process can be seen."""


class Register:
    """Every open alert, and the newest closed ones; ids are never given twice.

    `silent` says since when each silent sensor is, whatever alert that is part of; it is kept up by its owner.
    """

    def __init__(
        self,
        silent: Mapping[str, int],
        alerts: Iterable[Alert] = (),
        closed: Iterable[Alert] = (),
    ) -> None:
        self._silent = silent
        self._open = {alert.key: alert for alert in alerts}
        self._key_of_id = {alert.id: key for key, alert in self._open.items()}
        self.closed = RecentlyClosed(closed)

    def __iter__(self) -> Iterator[Alert]:
        return iter(self._open.values())

    def __len__(self) -> int:
        return len(self._open)

    def get(self, key: Key) -> Alert | None:
        """Return the open alert of a key."""
        return self._open.get(key)

    def find(self, alert: str) -> Alert | None:
        """Return an open alert by its id."""
        key = self._key_of_id.get(alert)
        return None if key is None else self._open[key]

    def process_of(self, sensor: str) -> Alert | None:
        """Return the open alert of a sensor's process."""
        return self._open.get((sensor, Family.PROCESS))

    def silent_since_ns(self, alert: Alert) -> int | None:
        """Return since when the sensor of a process alert says nothing that counts (event time), None where it does.

        It is silent, or says itself that what it sends is bad.
        """
        if alert.kind.family is not Family.PROCESS:
            return None
        bad = self._open.get((alert.subject, Kind.BAD_QUALITY))
        onsets = [c.onset_ns for c in bad.conditions.values() if c.method in BLINDING] if bad else []
        silent_ns = self._silent.get(alert.subject)
        return min(onsets if silent_ns is None else [*onsets, silent_ns], default=None)

    def mint(self, subject: str, kind: Kind, now_ns: int) -> Alert:
        """Put a new occurrence in; its opening is told by the move that follows in the same call.

        Its id is made from the kind that it opens with, whatever it becomes later.
        """
        again = 0
        while (fresh := alert_id(subject, kind, now_ns, again)) in self.closed:
            again += 1
        alert = Alert(id=fresh, subject=subject, kind=kind, opened_ns=now_ns)
        assert alert.key not in self._open, "one alert of a key"
        self._open[alert.key] = alert
        self._key_of_id[fresh] = alert.key
        return alert

    def close(self, alert: Alert) -> None:
        """Take an alert out that is over."""
        del self._open[alert.key]
        del self._key_of_id[alert.id]
        self.closed.add(alert)
