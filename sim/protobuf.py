"""The wire form of Protocol Buffers, as far as it is needed to write messages: varints, doubles, texts, messages."""

import struct
from typing import Final

_VARINT, _I64, _LEN = 0, 1, 2
_MORE: Final = 0x80

pack_double: Final = struct.Struct("<d").pack


def varint(number: int) -> bytes:
    """Return a whole number, seven bits a byte; not below 0."""
    assert number >= 0
    out = bytearray()
    while number >= _MORE:
        out.append(number & 0x7F | _MORE)
        number >>= 7
    out.append(number)
    return bytes(out)


def number_field(field: int, number: int) -> bytes:
    """Return a field that holds a whole number or a boolean."""
    return varint(field << 3 | _VARINT) + varint(number)


def double_tag(field: int) -> bytes:
    """Return what stands before a double's eight bytes."""
    return varint(field << 3 | _I64)


def bytes_field(field: int, content: bytes) -> bytes:
    """Return a field that holds a text, bytes or a message."""
    return varint(field << 3 | _LEN) + varint(len(content)) + content
