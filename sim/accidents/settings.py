"""The settings that an accident's plant would have had, as files: what the plant knew, and hazwatch's defaults."""

from collections.abc import Mapping

from sim.accidents.model import LIMITS, Accident, Sensor

_COLUMNS = (
    *("sensor", "enterprise", "source", "equipment", "type", "unit", "range_lo", "range_hi"),
    *LIMITS,
    *("scan_s", "group", "description"),
)

_HAZWATCH = """\
# Every method and every delay by its default.
plant: plant.yaml
points: points.csv
routes: routes.yaml
mqtt: {url: "mqtt://127.0.0.1:1883", topics: ["hazwatch/v1/#"]}
store: {kind: none}
state_dir: state
clock: event
console: {listen: "127.0.0.1:8080"}
"""

_ROUTES = """\
receivers:
  control-room: {kind: log}
route:
  receiver: control-room
"""


def settings_of(accident: Accident) -> Mapping[str, str]:
    """Return the text of each settings file by its name; limits are those that the plant had."""
    return {
        "hazwatch.yaml": _HAZWATCH,
        "plant.yaml": accident.plant,
        "points.csv": _points(accident),
        "routes.yaml": _ROUTES,
    }


def _points(accident: Accident) -> str:
    lines = [",".join(_COLUMNS)]
    lines += [",".join(_row(accident, sensor)) for sensor in accident.sensors]
    return "\n".join(lines) + "\n"


def _row(accident: Accident, sensor: Sensor) -> list[str]:
    low, high = sensor.range
    limits = [f"{sensor.limits[name]:g}" if name in sensor.limits else "-" for name in LIMITS]
    text = f"{sensor.text.zh} / {sensor.text.en}".replace(",", ";").replace('"', "'")
    return [
        *(sensor.id, accident.enterprise, accident.source, sensor.equipment),
        *(sensor.type, sensor.unit, f"{low:g}", f"{high:g}"),
        *limits,
        *(str(sensor.scan_s), sensor.group, text),
    ]
