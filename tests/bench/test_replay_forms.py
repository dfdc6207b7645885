"""The recordings of bench/replay.py hold the same readings in every format."""

from pathlib import Path

from bench.replay import FORMS, write
from sim.recorded import Recorded
from sim.recording import open_recording


def test_every_form_holds_the_same_readings(tmp_path: Path) -> None:
    read = {form: Recorded.concat(open_recording(write(form, tmp_path, 3, 120))) for form in FORMS}
    first = next(iter(read.values()))
    assert len(first) == 120
    assert first.names == ("T-0", "T-1", "T-2")
    for form, other in read.items():
        assert other.names == first.names, form
        for column in ("column", "t_ns", "value"):
            assert getattr(other, column).tolist() == getattr(first, column).tolist(), form
