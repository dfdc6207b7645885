"""The distinct texts of a column, numbered as they were first met, and fast to find again: a hash table over bytes."""

import numpy as np
from numpy.typing import NDArray

PAD = 8
"""So many bytes must stand behind the last field in the text."""

LONGEST = 64
"""So many bytes a text may have."""

_WORD = 8
_MASKS = np.array([(1 << (8 * n)) - 1 for n in range(_WORD + 1)], np.uint64)
_MIX = np.uint64(0x9E3779B97F4A7C15)
"""2**64 by the golden ratio: spreads neighbours (Knuth, The Art of Computer Programming 3, 6.4)."""
_FIRST_BITS = 8
_FREE = -1


class Vocabulary:
    """Numbers texts of at most `LONGEST` bytes; open addressing, at most half full, all texts of a call at once."""

    def __init__(self) -> None:
        self.texts: list[bytes] = []
        self._words = np.empty((0, LONGEST // _WORD), np.uint64)
        self._size = np.empty(0, np.intp)
        self._bits = _FIRST_BITS
        self._number = np.full(1 << _FIRST_BITS, _FREE, np.int32)

    def numbers(
        self, text: NDArray[np.uint8], start: NDArray[np.intp], end: NDArray[np.intp]
    ) -> NDArray[np.int32]:
        """Return the number of each field [start, end), new texts getting new ones in their order."""
        size = end - start
        longest = int(size.max(initial=0))
        assert longest <= LONGEST
        words = _words(text, start, size, max(1, -(-longest // _WORD)))
        number, missing = self._found(words, size)
        while len(missing):
            self._learn(text, start, end, missing)
            number, missing = self._found(words, size)
        return number

    def _found(
        self, words: list[NDArray[np.uint64]], size: NDArray[np.intp]
    ) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
        """Return the numbers, and the rows whose text is not known."""
        slot = _slots(words, size, self._bits)
        number = self._number[slot]
        wrong = np.flatnonzero(~self._same(number, words, size))
        missing = []
        while len(wrong):
            free = number[wrong] == _FREE
            missing.append(wrong[free])
            wrong = wrong[~free]
            slot[wrong] = (slot[wrong] + 1) & (len(self._number) - 1)
            number[wrong] = self._number[slot[wrong]]
            wrong = wrong[~self._same(number[wrong], [word[wrong] for word in words], size[wrong])]
        return number, np.concatenate(missing) if missing else np.empty(0, np.intp)

    def _same(
        self, number: NDArray[np.int32], words: list[NDArray[np.uint64]], size: NDArray[np.intp]
    ) -> NDArray[np.bool_]:
        """Return where the text of a number is this text; a number that is `_FREE` is none."""
        if not self.texts:
            return np.zeros(len(number), np.bool_)
        same: NDArray[np.bool_] = (number != _FREE) & (self._size[number] == size)
        for place, word in enumerate(words):
            same &= self._words[number, place] == word
        return same

    def _learn(
        self, text: NDArray[np.uint8], start: NDArray[np.intp], end: NDArray[np.intp], rows: NDArray[np.intp]
    ) -> None:
        """Take in new texts in their order."""
        known = dict.fromkeys(text[start[i] : end[i]].tobytes() for i in np.sort(rows).tolist())
        self.texts.extend(known)
        sizes = np.array([len(new) for new in known], np.intp)
        joined = np.frombuffer(b"".join(known) + bytes(PAD), np.uint8)
        words = _words(joined, np.cumsum(sizes) - sizes, sizes, LONGEST // _WORD)
        self._words = np.concatenate([self._words, np.column_stack(words)])
        self._size = np.concatenate([self._size, sizes])
        first = len(self.texts) - len(known)
        while 2 * len(self.texts) > 1 << self._bits:
            self._bits += 1
        if 1 << self._bits > len(self._number):
            self._number = np.full(1 << self._bits, _FREE, np.int32)
            first = 0
        self._put(first)

    def _put(self, first: int) -> None:
        """Give the texts from number `first` on their slots."""
        slots = _slots(list(self._words[first:].T), self._size[first:], self._bits)
        for number, slot in enumerate(slots.tolist(), first):
            at = slot
            while self._number[at] != _FREE:
                at = (at + 1) & (len(self._number) - 1)
            self._number[at] = number


def _words(
    text: NDArray[np.uint8], start: NDArray[np.intp], size: NDArray[np.intp], count: int
) -> list[NDArray[np.uint64]]:
    """Return the first `count` words of eight bytes of each field, with nothing behind its end."""
    eights = np.ndarray((len(text) - _WORD + 1,), "V8", text, 0, (1,))
    words = []
    for place in range(count):
        at = np.minimum(start + _WORD * place, len(eights) - 1) if place else start
        word = eights[at].view("<u8")
        words.append(word & _MASKS[np.clip(size - _WORD * place, 0, _WORD)])
    return words


def _slots(words: list[NDArray[np.uint64]], size: NDArray[np.intp], bits: int) -> NDArray[np.intp]:
    mixed = size.astype(np.uint64)
    for place, word in enumerate(words):
        mixed += word * (_MIX + np.uint64(2 * place))
    mixed ^= mixed >> np.uint64(32)
    mixed *= _MIX
    return (mixed >> np.uint64(64 - bits)).astype(np.intp)
