"""`hazwatch bench e2e`: a real broker, a real `hazwatch run`, and beside it a bare socket and a plain loop.

Journal (synchronous FULL), every detector and the embedded store are on. All processes share this machine.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from service.bench.figures import Figure, Peer, Target
from service.bench.load import LoadSpec
from service.bench.runs import alert_latencies, hazwatch_rate, percentile, receiver_rate
from service.bench.workload import GROUP

SENSORS = 10_000
UNIT = "readings/s"
BATCHES_PER_S, SINGLES_PER_S = 6_000, 12_000
"""How many messages a run sends for each second that it may take."""
LATENCY_HZ = 10_000 / GROUP
ALARM_EVERY = 3
STEP_MS = 1000


def measure(seconds: float, say: Callable[[str], None]) -> list[Figure]:
    """Measure; each of the runs takes about half of `seconds`, and its start.

    Raises:
        ServerMissing: there is no Mosquitto on this machine.
        MeasureError: a run did not do what was to be measured.
    """
    run_s = seconds / 2
    batches, singles = (
        load("columns", round(run_s * BATCHES_PER_S)),
        load("single", round(run_s * SINGLES_PER_S)),
    )
    with tempfile.TemporaryDirectory(prefix="hazwatch-bench-") as name:
        folder = Path(name)
        say("e2e: batches of 100, hazwatch")
        taken = hazwatch_rate(folder / "batches", batches)
        say("e2e: batches of 100, plain loop")
        plain = receiver_rate(folder / "batches-plain", "plain", batches)
        say("e2e: batches of 100, bare subscriber")
        bare = receiver_rate(folder / "batches-bare", "drain", batches)
        say("e2e: one reading a message, hazwatch")
        taken_single = hazwatch_rate(folder / "singles", singles)
        say("e2e: one reading a message, bare subscriber")
        bare_single = receiver_rate(folder / "singles-bare", "drain", singles)
        say("e2e: one reading a message, plain loop")
        plain_single = receiver_rate(folder / "singles-plain", "plain", singles)
        say("e2e: from publication to the webhook and to the console's stream")
        latencies = alert_latencies(folder / "latency", latency_load(run_s))
    together = "end to end, batches of 100"
    alone = "end to end, one reading a message"
    return [
        Figure(
            name=together, value=taken.rate, unit=UNIT, target=Target(limit=1e6),
            beside=Peer(name="paho + json + deque, one statistic, nothing kept", value=plain),
        ),
        Figure(name=together, value=taken.rate, unit=UNIT, beside=Peer(name="bare subscriber", value=bare)),
        Figure(
            name=alone, value=taken_single.rate, unit=UNIT, target=Target(limit=0.6, of="ratio"),
            beside=Peer(name="bare subscriber", value=bare_single),
        ),
        Figure(
            name=alone, value=taken_single.rate, unit=UNIT,
            beside=Peer(name="paho + json + deque, one statistic, nothing kept", value=plain_single),
        ),
        *_latency_figures("at a webhook", latencies.webhook_ms),
        *_latency_figures("on the console's stream", latencies.stream_ms),
        Figure(
            name=f"memory, {SENSORS:,} sensors, at its peak", value=taken.memory_mb, unit="MB",
            target=Target(limit=600.0, at_least=False),
        ),
    ]  # fmt: skip


def _latency_figures(where: str, latency_ms: list[float]) -> list[Figure]:
    return [
        Figure(
            name=f"publication to alert {where}, p{share}", value=percentile(latency_ms, share), unit="ms",
            target=Target(limit=limit_ms, at_least=False),
        )
        for share, limit_ms in ((50, 10.0), (99, 50.0))
    ]  # fmt: skip


def load(shape: str, messages: int) -> LoadSpec:
    """Return a load as fast as it goes, whose event times end a minute ago."""
    per_round = SENSORS // GROUP if shape == "columns" else SENSORS
    rounds = messages // per_round + 1
    return LoadSpec(
        port=0,
        shape="columns" if shape == "columns" else "single",
        sensors=SENSORS,
        messages=messages,
        start_ms=time.time_ns() // 1_000_000 - rounds * STEP_MS - 60_000,
        step_ms=STEP_MS,
    )


def latency_load(seconds: float) -> LoadSpec:
    """Return 10 000 readings a second, each sensor once a second, some of them alarming."""
    return LoadSpec(
        port=0, shape="columns", sensors=SENSORS, messages=round(seconds * LATENCY_HZ), start_ms=0, step_ms=STEP_MS,
        rate_hz=LATENCY_HZ, alarm_every=ALARM_EVERY,
    )  # fmt: skip
