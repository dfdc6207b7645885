"""What to do: the hazard source's own measures first, else the packaged defaults by kind and sensor type."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml

from alerting.events import Kind
from registry.plant import HazardSource, Text
from registry.sensors import SensorType

ANY = "any"


def advice_for(kind: Kind, sensor_type: SensorType | None, source: HazardSource | None) -> Text:
    """Return the advice for an alert; there always is one."""
    if source is not None:
        own = source.measures.get(kind) or source.measures.get(ANY)
        if own is not None:
            return own
    defaults = default_advice()[kind]
    return defaults.get(sensor_type or ANY) or defaults[ANY]


@cache
def default_advice() -> Mapping[Kind, Mapping[str, Text]]:
    """Return the packaged advice: by kind, then by sensor type or ``any``, which every kind has."""
    text = files("alerting").joinpath("data/advice.yaml").read_text("utf-8")
    rows = yaml.load(text, Loader=yaml.CSafeLoader)
    return {
        Kind(kind): {name: Text(cell["zh"], cell["en"]) for name, cell in row.items()}
        for kind, row in rows.items()
    }
