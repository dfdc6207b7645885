"""The bank of hazwatch as a detector: by its combined score, and by what it would have told."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.truth.recordings import Table
from bench.truth.rivals import Detector
from detectors.bank import DetectorBank, Judged
from detectors.clock import Clock
from detectors.findings import Edge
from detectors.profile import Profile
from detectors.profile_file import load_profile
from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType


def packaged(changed: Mapping[str, float] | None = None) -> Profile:
    """Return the packaged profile, with settings of type `other` changed for a trial."""
    profile, _, faults = load_profile(None)
    assert not faults
    if not changed:
        return profile
    base = profile.types[SensorType.OTHER]
    typed = {key: type(getattr(base, key))(value) for key, value in changed.items()}
    return Profile({**profile.types, SensorType.OTHER: replace(base, **typed)}, profile.sensors)


def bank_detectors(profile: Profile) -> tuple[Detector, Detector, Detector]:
    """Return the bank by score, by the moments at which it raises, and by whether anything is raised."""

    def score(table: Table, _learn: int) -> NDArray[np.float64]:
        judged = _judge(profile, table)
        return np.asarray(np.nan_to_num(judged.score).reshape(table.values.shape).max(axis=1), np.float64)

    def raised(table: Table, _learn: int) -> NDArray[np.float64]:
        return _told(_judge(profile, table), table, lasting=False)

    def standing(table: Table, _learn: int) -> NDArray[np.float64]:
        return _told(_judge(profile, table), table, lasting=True)

    return (
        Detector("hazwatch, score", score),
        Detector("hazwatch, findings as they are raised", raised),
        Detector("hazwatch, findings while they stand", standing),
    )


def _judge(profile: Profile, table: Table) -> Judged:
    """Feed a recording row by row, every channel a sensor of type `other` without limits or range."""
    n, channels = table.values.shape
    specs = tuple(
        SensorSpec(id=f"{i}", sensor=f"{i}", enterprise="", type=SensorType.OTHER) for i in range(channels)
    )
    bank = DetectorBank(SensorRegistry(specs), profile, Clock.EVENT)
    block = ReadingBlock(
        sensor=np.tile(np.arange(channels, dtype=np.int32), n),
        t_ns=np.repeat(table.t_ns, channels),
        value=table.values.ravel(),
        quality=np.zeros(n * channels, np.uint8),
    )
    return bank.step(block, 0)


def _told(judged: Judged, table: Table, *, lasting: bool) -> NDArray[np.float64]:
    """Return 1 at the rows of an edge up, or at all rows at which at least one condition stands."""
    # a time that comes a second time is judged no more, so a finding belongs to the first row of its time
    row_of: dict[int, int] = {}
    for row, t in enumerate(table.t_ns.tolist()):
        row_of.setdefault(t, row)
    edges = np.zeros(len(table.t_ns) + 1)
    ups = np.zeros(len(table.t_ns))
    for finding in judged.findings:
        row = row_of[int(finding["t_ns"])]
        up = finding["edge"] == Edge.RAISED
        edges[row] += 1 if up else -1
        if up:
            ups[row] = 1.0
    return np.asarray(np.cumsum(edges)[:-1] > 0, np.float64) if lasting else ups
