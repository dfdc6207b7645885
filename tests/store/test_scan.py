"""Ranges of all sensors at once: what each kind of server answers becomes the same readings."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from registry.sensors import SensorRegistry
from store.duck import DuckStore
from store.reading import Flavour, Target
from store.scan import DuckFile, Stretch, scan_server
from store.series import StoreError, TooMuchError
from tests.store.batches import NAMES, START_NS, batch

MS = 10**6


def rows(stretch: Stretch) -> list[tuple[str, int, float | None, int]]:
    columns = (
        stretch.sensor.tolist(),
        stretch.t_ns.tolist(),
        stretch.value.tolist(),
        stretch.quality.tolist(),
    )
    return [
        (stretch.names[s], t, None if math.isnan(v) else v, q) for s, t, v, q in zip(*columns, strict=True)
    ]


INFLUX1 = {
    "results": [
        {
            "series": [
                {"tags": {"sensor": "e/b"}, "values": [[1 * MS, 2.5, 0], [3 * MS, None, 2]]},
                {"tags": {"sensor": "e/a, x"}, "values": [[1 * MS, 1.5, None], [2 * MS, -1, 1]]},
            ]
        }
    ]
}
FLUX_VALUES = (
    f'result,table,s,t,v\n,0,e/b,{1 * MS},2.5\n,0,"e/a, x",{1 * MS},1.5\n,0,"e/a, x",{2 * MS},-1\n\n'
)
FLUX_QUALITIES = f'result,table,s,t,v\n,0,e/b,{1 * MS},0\n,0,e/b,{3 * MS},2\n,0,"e/a, x",{2 * MS},1\n'
VICTORIA = [
    ("readings_value", "e/b", [1], [2.5]),
    ("readings_quality", "e/b", [1, 3], [0, 2]),
    ("readings_value", "e/a, x", [2, 1], [-1, 1.5]),
    ("readings_quality", "e/a, x", [2], [1]),
]
EXPECTED = [
    ("e/a, x", 1 * MS, 1.5, 0),
    ("e/b", 1 * MS, 2.5, 0),
    ("e/a, x", 2 * MS, -1.0, 1),
    ("e/b", 3 * MS, None, 2),
]


def answers(
    method: str, path: str, fields: dict[str, str] | None = None, body: bytes | None = None, **_: str
) -> tuple[int, dict[str, str], bytes]:
    fields = fields or {}
    if path == "/query":
        assert "time >= 5 AND time < 9000000" in fields["q"]
        return 200, {}, json.dumps(INFLUX1).encode()
    if path == "/api/v2/query":
        assert method == "POST"
        assert body is not None
        asked = json.loads(body)["query"]
        assert "range(start: time(v: 5), stop: time(v: 9000000))" in asked
        return 200, {}, (FLUX_VALUES if '_field == "value"' in asked else FLUX_QUALITIES).encode()
    assert (fields["start"], fields["end"]) == ("0.001", "0.008")
    lines = [
        {"metric": {"__name__": name, "sensor": sensor}, "timestamps": times, "values": values}
        for name, sensor, times, values in VICTORIA
    ]
    return 200, {}, b"\n".join(json.dumps(line).encode() for line in lines)


@pytest.mark.parametrize("flavour", ["influx1", "influx2", "victoria"])
def test_what_a_server_answers(flavour: Flavour) -> None:
    stretch = scan_server(flavour, Target(answers, "o", "b"), 5, 9 * MS)
    assert rows(stretch) == EXPECTED
    ranked = stretch.ranked({"e/b": 0, "e/a, x": 1})
    assert [row[0] for row in rows(ranked)] == ["e/b", "e/a, x", "e/a, x", "e/b"]
    assert sorted(rows(ranked)) == sorted(EXPECTED)


@pytest.mark.parametrize(
    ("flavour", "body"), [("influx1", b'{"results":[{}]}'), ("influx2", b"\r\n"), ("victoria", b"")]
)
def test_nothing_there(flavour: Flavour, body: bytes) -> None:
    def nothing(*_: Any, **__: Any) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, body

    stretch = scan_server(flavour, Target(nothing, "o", "b"), 0, 9)
    assert (len(stretch), stretch.names) == (0, ())
    assert len(stretch.ranked({"a": 0})) == 0


@pytest.mark.parametrize(
    "answer",
    [
        b'{"results":[{"error":"max-select-point limit exceeded: (9/8)"}]}',
        b'{"results":[{"series":[{"tags":{"sensor":"x"},"values":[[1,2.5,0]],"partial":true}]}]}',
    ],
)
def test_what_a_limit_cuts_off_is_not_taken_for_all(answer: bytes) -> None:
    with pytest.raises(TooMuchError):
        scan_server("influx1", Target(lambda *_, **__: (200, {}, answer), "o", "b"), 0, 9)


def test_a_refused_query_says_why() -> None:
    def refuses(*_: Any, **__: Any) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, b'{"results":[{"error":"database not found"}]}'

    with pytest.raises(StoreError, match="database not found"):
        scan_server("influx1", Target(refuses, "o", "b"), 0, 9)


def test_a_file_is_scanned_as_it_was_written(tmp_path: Path, registry: SensorRegistry) -> None:
    path = tmp_path / "r.duckdb"
    store = DuckStore(path, registry, "x")
    batches = [batch(1), batch(2)]
    store.write(batches)
    store.close()
    file = DuckFile(path)
    wanted = [
        (f"e1/{NAMES[s]}", t, None if math.isnan(v) else v, q)
        for b in batches
        for s, t, v, q in zip(
            *(c.tolist() for c in (b.block.sensor, b.block.t_ns, b.block.value, b.block.quality)), strict=True
        )
    ]
    bounds = file.bounds_ns()
    assert bounds == (wanted[0][1], wanted[-1][1] + 1)
    assert rows(file.scan(*bounds)) == wanted
    assert rows(file.scan(wanted[3][1], wanted[7][1])) == wanted[3:7]
    assert len(file.scan(0, START_NS)) == 0
    file.close()


def test_an_empty_file_has_no_bounds(tmp_path: Path, registry: SensorRegistry) -> None:
    DuckStore(tmp_path / "r.duckdb", registry, "x").close()
    file = DuckFile(tmp_path / "r.duckdb")
    assert file.bounds_ns() is None
    file.close()
