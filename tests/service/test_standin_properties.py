"""Whatever two receivers answer, and whenever the program ends: every notification reaches somebody, none twice."""

import asyncio
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.notify.receiver import Failed, Outcome, Retry, Sent
from alerting.notify.settings import Fallback, LogSettings, ReceiverSettings
from ledger.ledger import Ledger
from registry.plant import Text
from tests.service.outbox import FakeReceiver, put, sending, settle
from tests.service.site import FakeClock

SETTINGS: dict[str, ReceiverSettings] = {
    "duty": LogSettings(fallback=Fallback("mail", 60.0)),
    "mail": LogSettings(),
}
ANSWERS: dict[str, Outcome] = {
    "s": Sent(),
    "r": Retry(reason=Text("断", "down")),
    "f": Failed(reason=Text("拒", "refused")),
}
# what happens: a notification of one of three alerts, some time, the program ends and begins
STEPS = st.lists(st.sampled_from(["a", "b", "c", "1", "30", "61", "400", "end"]), min_size=1, max_size=14)
SCRIPT = st.lists(st.sampled_from("srf"), max_size=10)


@settings(max_examples=60, deadline=None)
@given(STEPS, SCRIPT, SCRIPT)
def test_every_notification_reaches_somebody_and_is_handed_on_at_most_once(
    steps: list[str], duty_says: list[str], mail_says: list[str]
) -> None:
    duty = FakeReceiver([*(ANSWERS[name] for name in duty_says), Sent()])
    mail = FakeReceiver([*(ANSWERS[name] for name in mail_says), Sent()])
    clock = FakeClock()
    runs: list[list[str]] = [[]]
    for step in steps:
        if step == "end":
            runs.append([])
        else:
            runs[-1].append(step)
    made = Counter(step for step in steps if step in "abc")

    async def run(ledger: Ledger, number: int, todo: list[str], *, to_the_end: bool) -> None:
        receivers = {"duty": duty, "mail": mail}
        async with sending(ledger, receivers, clock, settings=SETTINGS) as sender:
            await settle(sender)
            for i, step in enumerate(todo):
                if step in "abc":
                    put(ledger, (f"{step}{number}.{i}", "duty", step))
                else:
                    clock.advance(float(step))
                await settle(sender)
            for _ in range(25 if to_the_end else 0):
                clock.advance(400)
                await settle(sender)

    with TemporaryDirectory() as folder:
        for number, todo in enumerate(runs):
            with Ledger.open(Path(folder)) as ledger:
                asyncio.run(run(ledger, number, todo, to_the_end=number == len(runs) - 1))
        with Ledger.open(Path(folder)) as ledger:
            assert ledger.next_due_ns() is None, "nothing is left over"
            for alert in "abc":
                rows = ledger.deliveries(alert)
                own = [row for row in rows if row.receiver == "duty"]
                instead = {row.instead_of: row for row in rows if row.receiver == "mail"}
                assert len(own) == made[alert]
                assert len(instead) == len(rows) - len(own), "handed on at most once"
                for row in own:
                    assert (row.handed_to is not None) == (row.id in instead)
                    assert row.state == "sent" or row.id in instead, "what one refuses the other hears of"
