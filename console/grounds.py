"""What maps and plans are drawn on, as a page gets it."""

import hashlib
from functools import lru_cache

from registry.drawing import Drawing
from registry.picture import Picture

Ground = Drawing | Picture


def body_of_ground(ground: Ground) -> bytes:
    """Return the GeoJSON text or the picture."""
    return ground.geojson if isinstance(ground, Drawing) else ground.body


def version_of_ground(ground: Ground) -> str:
    """Return what tells it from another: a page that has drawn this version need not ask again."""
    return _digest(body_of_ground(ground))


@lru_cache(maxsize=512)
def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=8).hexdigest()
