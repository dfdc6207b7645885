"""How fast readings are simulated, sent on by gateways and written, each step on its own.

``python bench/sim_rates.py [--seconds N] [--broker URL] [--out FILE.md]``. One process; the steps' own processor time is told beside the
time on the clock, because other work on the machine lengthens only the latter.
"""

import argparse
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ingest.mqtt import MqttSettings  # noqa: E402 - the rooms are found from the checkout
from sim.city import CITY_SENSORS, city_readings, city_settings, city_truth  # noqa: E402 - the rooms are found from the checkout
from sim.csv_text import CsvText  # noqa: E402 - as above
from sim.demo import demo_points  # noqa: E402 - as above
from sim.outgoing import Addresses, Packer, Packing  # noqa: E402 - as above
from sim.publish import Publisher, connections, publish  # noqa: E402 - as above
from sim.recorded import Recorded  # noqa: E402 - as above
from sim.scenarios import DEMO_START_NS  # noqa: E402 - as above
from sim.sending.gateways import Gateways, delivered  # noqa: E402 - as above
from sim.sending.links import Gateway, draw_outages  # noqa: E402 - as above
from sim.sending.transmitters import Transmitters  # noqa: E402 - as above
from sim.sparkplug import SparkplugPacker  # noqa: E402 - as above
from sim.writing import time_texts, write_readings  # noqa: E402 - as above


@dataclass(frozen=True, slots=True)
class Rate:
    """Readings and the seconds they took: on the clock, and of this process's processors."""

    what: str
    readings: int
    wall_s: float
    cpu_s: float

    def row(self) -> str:
        """Return the line of the table."""
        m = self.readings / 1e6
        return f"| {self.what} | {m:.1f} | {m / self.wall_s:.2f} | {m / self.cpu_s:.2f} |"


def timed(what: str, work: Callable[[], int]) -> Rate:
    """Return how long some work took that returns how many readings it did."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    readings = work()
    rate = Rate(what, readings, time.perf_counter() - wall_s, time.process_time() - cpu_s)
    print(rate.row(), flush=True)
    return rate


def drained(chunks: Iterable[Recorded]) -> int:
    """Return how many readings there are."""
    return sum(len(chunk) for chunk in chunks)


def plainly(chunks: Iterable[Recorded]) -> int:
    """Make the lines of CSV by one f-string a reading, as is usual; return how many."""
    count = 0
    for chunk in chunks:
        moments, back = np.unique(chunk.t_ns, return_inverse=True)
        times = time_texts(moments.tolist())
        cells = zip(back.tolist(), chunk.column.tolist(), chunk.value.tolist(), strict=True)
        count += len(
            [f"{times[t]},{chunk.names[column]},{'' if v != v else repr(v)}\n" for t, column, v in cells]  # noqa: PLR0124 - NaN is not itself
        )
    return count


def at_once(chunks: Iterable[Recorded]) -> int:
    """Make the same lines many at once; return how many."""
    text = CsvText(quality=False)
    return sum(lines.count(b"\n") for chunk in chunks for lines in text.lines(chunk))


def transmitted(seconds: int) -> Iterator[Recorded]:
    """Yield what 192 transmitters make of values that stand still."""
    points = demo_points() * 3
    transmitters = Transmitters(points, 1, DEMO_START_NS)
    true = np.tile([(point.range_lo + point.range_hi) / 2 for point in points], (600, 1))
    for _ in range(0, seconds, 600):
        yield transmitters.step(true)


def through_gateways(chunks: Iterable[Recorded], seconds: int) -> Iterator[Recorded]:
    """Yield readings behind eight gateways whose links break every other hour."""
    columns = len(demo_points()) * 3
    gateways = [Gateway(id=str(i), unconfirmed_s=2, clock_drift_ppm=20) for i in range(8)]
    outages = draw_outages(8, 1, DEMO_START_NS, seconds, every_h=2, mean_s=60)
    return delivered(chunks, Gateways(gateways, [i % 8 for i in range(columns)], 1, DEMO_START_NS, outages))


def published(url: str, city: Sequence[Recorded]) -> Iterator[Rate]:
    """Yield how fast the city goes to a broker, as fast as it goes."""
    for wire, packer in (("JSON", Packer), ("Sparkplug B", SparkplugPacker)):
        for clients in (1, 8):
            packing = packer(Addresses(), lanes=clients)
            with connections(MqttSettings(url=url), packing, clients) as publishers:
                yield timed(
                    f"`city` published, {wire}, {clients} clients",
                    partial(sent_readings, city, publishers, packing),
                )


def sent_readings(city: Sequence[Recorded], publishers: Sequence[Publisher], packing: Packing) -> int:
    """Publish as fast as it goes; return how many readings."""
    return publish(city, publishers, packing).readings


def main() -> None:
    """Measure and print; with --out write the report too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=100, help="simulated seconds of the city")
    parser.add_argument("--broker", help="publishes to this broker too, mqtt://host:port")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    load = os.getloadavg()[0]
    city = list(city_readings(1, DEMO_START_NS, given.seconds))
    sent = list(transmitted(36_000))
    with TemporaryDirectory() as folder:
        files = {ending: Path(folder) / f"r{ending}" for ending in (".csv", ".csv.gz", ".parquet")}
        rates = [
            timed("`city` generated", lambda: drained(city_readings(1, DEMO_START_NS, given.seconds))),
            timed("`city` generated and written as CSV", lambda: write_readings(
                city_readings(1, DEMO_START_NS, given.seconds), files[".csv"])),
            *(timed(f"`city` written as {ending}", partial(write_readings, city, path))
              for ending, path in files.items()),
            timed("lines of CSV, one f-string each", lambda: plainly(city)),
            timed("lines of CSV, many at once", lambda: at_once(city)),
            timed("192 transmitters", lambda: drained(transmitted(36_000))),
            timed("their readings through 8 gateways", lambda: drained(through_gateways(sent, 36_000))),
        ]  # fmt: skip
    rates += published(given.broker, city[:2]) if given.broker else ()
    began = time.perf_counter()
    city_settings()
    settings_s = time.perf_counter() - began
    began = time.perf_counter()
    events = city_truth(1, DEMO_START_NS, 86_400)["events"]
    truth_s = time.perf_counter() - began
    digest = hashlib.sha256(b"".join(chunk.value.tobytes() for chunk in city[:2])).hexdigest()[:16]
    text = (
        "# Simulating, sending and writing\n\n"
        f"`python bench/sim_rates.py --seconds {given.seconds}`. Load average (1 min) {load:.1f} before and "
        f"{os.getloadavg()[0]:.1f} after, {os.cpu_count()} cores, Python {sys.version.split()[0]}, numpy {np.__version__}. "
        f"{CITY_SENSORS:,} sensors in the city; the values of its first 20 s have the SHA-256 {digest}….\n\n"
        "| what | M readings | M readings/s | M readings a processor second |\n|---|---|---|---|\n"
        + "\n".join(rate.row() for rate in rates)
        + f"\n\nThe city's settings are made in {settings_s:.2f} s, the truth of a day ({len(events)} events) in {truth_s:.2f} s.\n"
    )
    if given.out:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
