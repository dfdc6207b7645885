import math
import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from store.lineprotocol import LineEncoder, alert_line, escape_tag, string_field, tag_text, time_ns
from store.series import StoreBatch
from tests.store.batches import alert, batch, site

_FIELD = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^,"]+)(?:,|$)')


def parse(line: str) -> tuple[str, dict[str, str], dict[str, str], int]:
    """The slow, obvious reader of a line: measurement, tags, fields as they stand, time. Quotes mean nothing in tags."""
    key, rest = re.split(r"(?<!\\) ", line, maxsplit=1)
    fields, time = rest.rsplit(" ", 1)
    measurement, *tags = re.split(r"(?<!\\),", key)
    pairs = dict(re.split(r"(?<!\\)=", tag) for tag in tags)
    found = _FIELD.findall(fields)
    assert ",".join(f"{name}={value}" for name, value in found) == fields
    return measurement, {k: re.sub(r"\\([,= ])", r"\1", v) for k, v in pairs.items()}, dict(found), int(time)


def lines_of(encoder: LineEncoder, b: StoreBatch) -> list[tuple[str, dict[str, str], dict[str, str], int]]:
    text = encoder.encode(b).decode()
    assert text.endswith("\n")
    return [parse(line) for line in text[:-1].split("\n")]


def test_every_reading_and_score_is_one_line_with_exact_numbers() -> None:
    registry = site()
    b = batch(1, 40)
    lines = lines_of(LineEncoder(registry), b)
    readings = {(tags["sensor"], t): fields for name, tags, fields, t in lines if name == "readings"}
    scores = {(tags["sensor"], t): fields for name, tags, fields, t in lines if name == "scores"}
    assert len(readings) == 40
    assert len(lines) == 40 + np.isfinite(b.score).sum()
    for i in range(40):
        key = (tag_text(registry.specs[b.block.sensor[i]].id), int(b.block.t_ns[i]))
        fields = readings[key]
        assert fields["quality"] == f"{b.block.quality[i]}i"
        if math.isnan(b.block.value[i]):
            assert "value" not in fields
        else:
            assert float(fields["value"]) == b.block.value[i]
        assert (key in scores) == math.isfinite(b.score[i])
        if key in scores:
            assert float(scores[key]["score"]) == b.score[i]


def test_tags_of_a_sensor_without_enterprise_or_source_are_left_out() -> None:
    registry = SensorRegistry((SensorSpec(id="x", sensor="x", enterprise="", type=SensorType.OTHER),))
    b = StoreBatch(seq=1, block=ReadingBlock.of([0], [5], [1.0]), score=np.array([math.nan]))
    assert LineEncoder(registry).encode(b) == b"readings,sensor=x,type=other value=1.0,quality=0i 5\n"


def test_infinity_is_kept_as_its_quality_alone() -> None:
    b = StoreBatch(seq=1, block=ReadingBlock.of([0], [5], [math.inf], [2]), score=np.array([math.nan]))
    assert b"quality=2i 5" in LineEncoder(site()).encode(b)
    assert b"inf" not in LineEncoder(site()).encode(b)


def test_an_alert_line() -> None:
    assert alert_line(alert(7)) == (
        "alerts,sensor=e1/LT-101,kind=high,grade=red,event=opened "
        'id="a1b2",seq=7i,state="unack",value=12.5,'
        'title_zh="液位\\"超高\\"",title_en="Level high, see \\\\ manual now" '
        f"{time_ns('2025-11-24T16:00:00.123Z') + 7}"
    )
    assert alert_line(alert(7, sensor=None)).startswith("alerts,sensor=_system,")


def test_times_are_exact() -> None:
    assert time_ns("1970-01-01T00:00:00.001Z") == 1_000_000
    assert time_ns("2262-04-11T23:47:16.854775Z") == 9_223_372_036_854_775_000
    assert time_ns("1969-12-31T23:59:59.999Z") == -1_000_000


@given(st.text(min_size=1, max_size=30))
def test_any_name_survives_as_a_tag(name: str) -> None:
    if name.encode(errors="ignore").decode() != name:
        return  # a lone surrogate is no text
    line = f"m,sensor={escape_tag(name)} f=1i 5"
    assert "\n" not in line
    assert parse(line) == ("m", {"sensor": tag_text(name)}, {"f": "1i"}, 5)


@given(st.text(max_size=20), st.text(max_size=20))
def test_different_names_stay_different(a: str, b: str) -> None:
    assert (a == b) == (tag_text(a) == tag_text(b))


@given(
    st.sampled_from(["\\", "%5C", "%", "5C", "%25", "\n", "a"]),
    st.lists(st.sampled_from("\\%5C2\n"), max_size=6),
)
def test_different_odd_names_stay_different(a: str, rest: list[str]) -> None:
    b = "".join(rest)
    assert (a == b) == (tag_text(a) == tag_text(b))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_text_survives_as_a_field(text: str) -> None:
    line = f"m f={string_field(text)} 5"
    assert "\n" not in line
    (_, _, fields, _) = parse(line)
    back = fields["f"][1:-1].replace('\\"', '"').replace("\\\\", "\0").replace("\0", "\\")
    if "\\" not in text and "\0" not in text:
        assert back == text.replace("\r", " ").replace("\n", " ")
