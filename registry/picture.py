"""Pictures of a site (PNG or JPEG) that a person named: known by what they hold, and bounded.

SVG is not taken: it can carry scripts and addresses of other machines. A site is drawn as GeoJSON instead.
"""

import struct
from pathlib import Path

import msgspec

from registry.drawing import Bounds
from registry.faults import Fault
from registry.files import read_bounded

MAX_PICTURE_BYTES = 4 * 1024 * 1024
MAX_PICTURE_PIXELS = 40_000_000
"""A browser holds 4 bytes a pixel: 160 MB."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_JPEG_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of the frame header, where a JPEG says its size; three of the range mean something else."""
_ALLOWED = "PNG or JPEG"


class Picture(msgspec.Struct, frozen=True, kw_only=True, tag="picture"):
    """A picture's bytes and what of the site's metres it covers."""

    media_type: str
    body: bytes
    bounds: Bounds


def load_picture(path: Path, bounds: Bounds) -> tuple[Picture | None, list[Fault]]:
    """Read a PNG or JPEG file that covers `bounds`; never raises for what is in it."""
    content = read_bounded(path, MAX_PICTURE_BYTES)
    if isinstance(content, Fault):
        return None, [content]
    media_type, size = _looked_at(content)
    if size is None:
        return None, [
            Fault(
                file=str(path), where="", message="the file is no picture that can be shown", allowed=_ALLOWED
            )
        ]
    width, height = size
    if not 0 < width * height <= MAX_PICTURE_PIXELS:
        message = f"the picture has {width} x {height} pixels"
        return None, [
            Fault(file=str(path), where="", message=message, allowed=f"1 to {MAX_PICTURE_PIXELS} in all")
        ]
    return Picture(media_type=media_type, body=content, bounds=bounds), []


def _looked_at(content: bytes) -> tuple[str, tuple[int, int] | None]:
    if content.startswith(_PNG) and content[12:16] == b"IHDR" and len(content) >= 24:  # noqa: PLR2004 - up to the size
        return "image/png", struct.unpack(">II", content[16:24])
    if content.startswith(_JPEG):
        return "image/jpeg", _jpeg_size(content)
    return "", None


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height from the frame header, None where the segments lead nowhere."""
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:  # noqa: PLR2004 - every segment begins so
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        if marker in _JPEG_SIZES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        if length < 2:  # noqa: PLR2004 - the length counts itself
            return None
        at += 2 + length
    return None
