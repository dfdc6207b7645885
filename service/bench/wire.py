"""`hazwatch bench wire`: decoding, beside msgspec alone on the same bytes."""

from collections.abc import Callable, Sequence

import msgspec

from ingest.messages import Message
from ingest.wire import WireDecoder
from service.bench.figures import Figure, Peer, Target
from service.bench.timing import best_s
from service.bench.workload import GROUP, T0_NS, batch_messages, plant, single_messages

SENSORS = 10_000
BATCHES = 200
SINGLES = 10_000
NOW_NS = T0_NS + 3_600_000_000_000
UNIT = "readings/s"


class _Columns(msgspec.Struct, gc=False):
    t: int
    s: list[str]
    v: list[float]


class _Row(msgspec.Struct, gc=False):
    s: str
    t: int
    v: float


class _Single(msgspec.Struct, gc=False):
    t: int
    v: float


def measure(seconds: float, say: Callable[[str], None]) -> list[Figure]:
    """Measure for about `seconds`."""
    decoder = WireDecoder(plant(SENSORS))
    cases = (
        ("columns", f"batch JSON of {GROUP}, columns", batch_messages(SENSORS, BATCHES, "columns"), _Columns),
        (
            "objects",
            f"batch JSON of {GROUP}, objects",
            batch_messages(SENSORS, BATCHES, "objects"),
            list[_Row],
        ),
        ("single", "single JSON", single_messages(SENSORS, SINGLES), _Single),
    )
    figures = []
    for shape, what, messages, kind in cases:
        say(f"wire: {what}")
        count = len(messages) * (1 if shape == "single" else GROUP)
        ours_s = best_s(lambda m=messages: decoder.decode(m, NOW_NS), seconds / 6)  # type: ignore[misc]  # binds the loop's value
        figures.append(
            Figure(
                name=f"decode, {what}",
                value=count / ours_s,
                unit=UNIT,
                beside=Peer(name="msgspec alone", value=count / best_s(_alone(messages, kind), seconds / 6)),
                target=Target(limit=3e6) if shape == "columns" else None,
            )
        )
    return figures


def _alone(messages: Sequence[Message], kind: object) -> Callable[[], None]:
    decode = msgspec.json.Decoder(kind).decode
    payloads = [message.payload for message in messages]

    def all_of_them() -> None:
        for payload in payloads:
            decode(payload)

    return all_of_them
