"""Decimal numbers in a text, many at once and exactly: what `float` gives, without a Python object a number.

Theory of operation: the digits of a number are gathered into one whole number, a place at a time for all numbers, and
that is divided by a power of ten. Up to 2**53 by 10**22 both are exact as float64, so the one division rounds as it
should (W. Clinger, "How to read floating point numbers accurately", 1990). Up to 19 digits the same is done with 64
bits of mantissa where the machine has them; rounding twice can only go wrong where the first result lies in the middle
between two float64, and such a number is left to `float`, as is all that is written in another way.
"""

import numpy as np
from numpy.typing import NDArray

PAD = 24
"""So many bytes must stand before the first number in the text."""

_MOST_PLACES = PAD
_MOST_DIGITS = 19
_EXACT = np.uint64(2**53)
_AT_ONCE = 1 << 14
"""So many numbers are read together: their columns stay in the processor's cache."""
_POWERS = 10.0 ** np.arange(23)
_LONG_POWERS = np.longdouble(10) ** np.arange(_MOST_DIGITS + 1)
_LONG_IS_64_BITS = np.finfo(np.longdouble).nmant == 63  # noqa: PLR2004 - x87's; others have none or another
_HALF, _BELOW = np.uint64(0x400), np.uint64(0x7FF)
_MINUS, _PLUS, _ZERO = (np.uint8(ord(sign)) for sign in "-+0")


def read_decimals(
    text: NDArray[np.uint8], start: NDArray[np.intp], end: NDArray[np.intp], point: str = "."
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the numbers that stand in [start, end) of `text`, and which of them are plain; the others are NaN.

    Plain is a sign or none, digits, and with `point` more digits or none; at least one digit.
    """
    value = np.empty(len(start))
    plain = np.empty(len(start), np.bool_)
    for first in range(0, len(start), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        value[part], plain[part] = _part(text, start[part], end[part], np.uint8(ord(point)))
    return value, plain


def _part(
    text: NDArray[np.uint8], start: NDArray[np.intp], end: NDArray[np.intp], point: np.uint8
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    length = end - start
    places = min(int(length.max()), _MOST_PLACES)
    unused = np.clip(places - length, 0, _MOST_PLACES).astype(np.uint8)
    mantissa = np.zeros(len(start), np.uint64)
    digits, points, decimals = (np.zeros(len(start), np.uint8) for _ in range(3))
    at = end - places
    for place in range(places):
        char = np.take(text, at, mode="clip")
        at += 1
        inside = unused <= place
        is_point = (char == point) & inside
        char -= _ZERO
        is_digit = (char <= 9) & inside  # noqa: PLR2004 - ten digits
        points += is_point
        digits += is_digit
        decimals += is_digit & (points != 0)
        mantissa *= is_digit * np.uint8(9) + np.uint8(1)
        mantissa += char * is_digit
    first = np.take(text, start, mode="clip")
    negative = first == _MINUS
    signs = negative | (first == _PLUS)
    plain = (points <= 1) & (digits >= 1) & (digits <= _MOST_DIGITS) & (digits + points + signs == length)
    value = mantissa.astype(np.float64)
    value /= _POWERS[np.minimum(decimals, len(_POWERS) - 1)]
    long = np.flatnonzero(plain & (mantissa > _EXACT))
    if len(long):
        value[long], plain[long] = _of_many_digits(mantissa[long], decimals[long])
    np.negative(value, out=value, where=negative)
    value[~plain] = np.nan
    return value, plain


def _of_many_digits(
    mantissa: NDArray[np.uint64], decimals: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the quotients and which of them are rounded as they should be."""
    if not _LONG_IS_64_BITS:
        return np.full(len(mantissa), np.nan), np.zeros(len(mantissa), np.bool_)
    quotient = mantissa.astype(np.longdouble) / _LONG_POWERS[decimals]
    bits = np.ascontiguousarray(quotient).view(np.uint64).reshape(len(mantissa), -1)[:, 0]
    return quotient.astype(np.float64), (bits & _BELOW) != _HALF
