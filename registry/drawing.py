"""GeoJSON (RFC 7946) files that a person named, as drawings of an area or a site: checked, bounded, and nothing else kept.

What leaves here is written anew: geometries, a name and a known kind of each feature. Whatever else a file carries
(properties, foreign members, heights) never reaches a page.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from registry.faults import Fault
from registry.files import read_bounded
from registry.suggest import shown
from registry.texts import ALLOWED_TEXT, one_line, text_problem

MAX_DRAWING_BYTES = 4 * 1024 * 1024
MAX_FEATURES = 5_000
MAX_POSITIONS = 50_000
MAX_NAME_CHARS = 200
MAX_METRES = 1e6
DRAWING_KINDS = ("water", "green", "building", "dike", "road", "rail", "fence", "pipe", "boundary")
"""Kinds of feature that a page draws each in its own way; any other is drawn as a plain outline."""

_DEPTH: Mapping[str, int] = {
    "Point": 0,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
"""How deep lists of positions are nested, by type of geometry."""
_DATUMS = ("CRS84", "EPSG::4326", "EPSG:4326", "EPSG::4490", "EPSG:4490")
"""WGS-84 and CGCS2000, which differ by less than a drawing shows; a file without `crs` is in WGS-84 (RFC 7946)."""

_ANY_POSITION = 1e15
"""A number beyond it is no position of any kind, and not every whole number can be told as a float."""

Bounds = tuple[float, float, float, float]
"""The least x and y, the greatest x and y."""


class Drawing(msgspec.Struct, frozen=True, kw_only=True, tag="drawing"):
    """A feature collection as GeoJSON text, and what it covers: degrees east and north, or a site's metres."""

    geojson: bytes
    bounds: Bounds


def load_drawing(path: Path, *, degrees: bool) -> tuple[Drawing | None, list[Fault]]:
    """Read a GeoJSON file; never raises for what is in it.

    Args:
        path: the file.
        degrees: positions are degrees east and north; without, they are a site's own metres, as ``x`` and ``y`` of the points table.
    """
    content = read_bounded(path, MAX_DRAWING_BYTES)
    if isinstance(content, Fault):
        return None, [content]
    try:
        data = json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        return None, [Fault(file=str(path), where=where, message=f"not valid JSON: {error.msg}")]
    except (ValueError, RecursionError) as error:
        return None, [Fault(file=str(path), where="", message=f"not valid JSON: {error}")]
    reading = _Reading(str(path), degrees=degrees)
    try:
        features = reading.features(data)
    except _UnfitError as unfit:
        return None, [unfit.fault]
    return Drawing(
        geojson=msgspec.json.encode({"type": "FeatureCollection", "features": features}),
        bounds=reading.bounds,
    ), []


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


class _UnfitError(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class _Reading:
    """One walk over a file's features; ends at the first fault."""

    def __init__(self, file: str, *, degrees: bool) -> None:
        self._file = file
        self._degrees = degrees
        self._positions = 0
        self.bounds: Bounds = (math.inf, math.inf, -math.inf, -math.inf)

    def features(self, data: Any) -> list[dict[str, Any]]:
        if not isinstance(data, dict) or data.get("type") != "FeatureCollection":
            raise self._unfit(
                "", "the file is no GeoJSON feature collection", '{"type": "FeatureCollection", …}'
            )
        self._check_datum(data.get("crs"))
        features = data.get("features")
        if not isinstance(features, list) or not features:
            raise self._unfit("features", "there are no features", f"1 to {MAX_FEATURES}")
        if len(features) > MAX_FEATURES:
            raise self._unfit("features", f"there are {len(features)} features", f"at most {MAX_FEATURES}")
        return [self._feature(f"features[{i}]", feature) for i, feature in enumerate(features)]

    def _check_datum(self, crs: Any) -> None:
        if crs is not None and self._degrees and not any(name in str(crs) for name in _DATUMS):
            raise self._unfit(
                "crs", f"the positions are in {shown(crs)}", "WGS-84 or CGCS2000 (EPSG 4326, 4490)"
            )

    def _feature(self, where: str, feature: Any) -> dict[str, Any]:
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        if not isinstance(geometry, dict):
            raise self._unfit(where, "the feature has no geometry", "a feature with a geometry")
        kind = geometry.get("type")
        depth = _DEPTH.get(kind) if isinstance(kind, str) else None
        if depth is None:
            raise self._unfit(f"{where}.geometry", f"the type is {shown(kind)}", ", ".join(_DEPTH))
        return {
            "type": "Feature",
            "properties": self._properties(f"{where}.properties", feature.get("properties")),
            "geometry": {
                "type": kind,
                "coordinates": self._lists(
                    f"{where}.geometry.coordinates", geometry.get("coordinates"), depth
                ),
            },
        }

    def _properties(self, where: str, given: Any) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        if isinstance(given, dict):
            if given.get("kind") in DRAWING_KINDS:
                kept["kind"] = given["kind"]
            names = given.get("name")
            texts = names if isinstance(names, dict) else {"zh": names, "en": names}
            name = {
                language: text
                for language in ("zh", "en")
                if isinstance(told := texts.get(language), str)
                and (text := self._name(f"{where}.name", told))
            }
            if name:
                kept["name"] = name
        return kept

    def _name(self, where: str, given: str) -> str:
        text = one_line(given)[:MAX_NAME_CHARS]
        if problem := text_problem(text):
            raise self._unfit(where, f"the name {problem}", ALLOWED_TEXT)
        return text

    def _lists(self, where: str, given: Any, depth: int) -> list[Any]:
        if not isinstance(given, list) or not given:
            raise self._unfit(
                where, "the coordinates are missing or no list", "positions as the type has them"
            )
        if depth == 0:
            return self._position(where, given)
        return [self._lists(f"{where}[{i}]", item, depth - 1) for i, item in enumerate(given)]

    def _position(self, where: str, given: list[Any]) -> list[float]:
        self._positions += 1
        if self._positions > MAX_POSITIONS:
            raise self._unfit(where, "the file has too many positions", f"at most {MAX_POSITIONS}")
        if len(given) < 2 or not (_is_number(given[0]) and _is_number(given[1])):  # noqa: PLR2004 - x and y
            raise self._unfit(where, f"{shown(given)} is no position", "two finite numbers")
        x, y = float(given[0]), float(given[1])
        if self._degrees and not (abs(x) <= 180 and abs(y) <= 90):  # noqa: PLR2004 - degrees of the globe
            raise self._unfit(
                where, f"{shown(given)} is off the globe", "degrees east -180 to 180, north -90 to 90"
            )
        if not self._degrees and not (abs(x) <= MAX_METRES and abs(y) <= MAX_METRES):
            raise self._unfit(
                where, f"{shown(given)} is far off", f"metres, at most {MAX_METRES:g} either way"
            )
        low_x, low_y, high_x, high_y = self.bounds
        self.bounds = (min(low_x, x), min(low_y, y), max(high_x, x), max(high_y, y))
        return [x, y]

    def _unfit(self, where: str, message: str, allowed: str) -> _UnfitError:
        return _UnfitError(Fault(file=self._file, where=where, message=message, allowed=allowed))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _ANY_POSITION
