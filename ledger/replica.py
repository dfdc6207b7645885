"""The ledger of a replay: what was told up to the moment that it shows, in a folder of its own; it can go back in time."""

from ledger.ledger import Ledger


class Replica(Ledger):
    """Takes what a pipeline tells, as the real one does; nobody sends its notifications, and it is thrown away in the end."""

    def back_to(self, event_seq: int) -> None:
        """Forget all alert events after a number, and the notifications that they caused."""
        with self._transaction() as db:
            db.execute("DELETE FROM alert_events WHERE seq > ?", (event_seq,))
            db.execute("DELETE FROM alert_openings WHERE seq > ?", (event_seq,))
            db.execute(
                "DELETE FROM outbox_alerts WHERE n IN (SELECT n FROM outbox WHERE event_seq > ?)",
                (event_seq,),
            )
            db.execute("DELETE FROM outbox WHERE event_seq > ?", (event_seq,))
