"""What to do: the hazard source's own measures first, else the packaged defaults by kind and sensor type."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml

from alerting.events import Kind
from registry.plant import HazardSource, Text
from registry.sensors import SensorType

ANY = "any"

_ENDS = (
    (re.compile(r"\n"), re.compile(r"\n")),
    (re.compile(r"[；。;\n]"), re.compile(r"[;\n]|\.(?=\s|$)")),
    (re.compile(r"[，,]"), re.compile(r",\s")),
)
"""What ends a measure, in Chinese and in English: lines, else sentences, else the parts of a single sentence."""


def advice_for(kind: Kind, sensor_type: SensorType | None, source: HazardSource | None) -> Text:
    """Return the advice for an alert; there always is one."""
    if source is not None:
        own = source.measures.get(kind) or source.measures.get(ANY)
        if own is not None:
            return own
    defaults = default_advice()[kind]
    return defaults.get(sensor_type or ANY) or defaults[ANY]


def measures_of(advice: Text) -> tuple[Text, ...]:
    """Return the single measures of an advice, in their order; it is one measure where the languages do not agree.

    Whoever writes measures decides by line ends; without these, sentences are measures, and of a single sentence its parts.
    """
    for in_zh, in_en in _ENDS:
        zh, en = _parts(in_zh, advice.zh), _parts(in_en, advice.en)
        if len(zh) == len(en) > 1:
            return tuple(map(Text, zh, en))
    return (advice,)


def _parts(end: re.Pattern[str], text: str) -> list[str]:
    return [part for piece in end.split(text) if (part := piece.strip())]


@cache
def default_advice() -> Mapping[Kind, Mapping[str, Text]]:
    """Return the packaged advice: by kind, then by sensor type or ``any``, which every kind has."""
    text = files("alerting").joinpath("data/advice.yaml").read_text("utf-8")
    rows = yaml.load(text, Loader=yaml.CSafeLoader)
    return {
        Kind(kind): {name: Text(cell["zh"], cell["en"]) for name, cell in row.items()}
        for kind, row in rows.items()
    }
