"""Reading ahead gives the same items in the same order, and the same errors."""

import threading
from collections.abc import Iterator

import pytest

from service.ahead import ahead


def test_items_in_their_order() -> None:
    assert list(ahead(range(1000))) == list(range(1000))
    assert list(ahead([])) == []


def test_an_error_comes_after_what_came_before_it() -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise ValueError("broken")

    seen: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        seen.extend(ahead(items()))
    read = ahead(items())
    assert [next(read) for _ in range(5)] == list(range(5))
    with pytest.raises(ValueError, match="broken"):
        next(read)


def test_no_more_is_read_than_is_allowed_and_a_closed_reader_closes_its_source() -> None:
    read: list[int] = []
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            for k in range(1000):
                read.append(k)
                yield k
        finally:
            closed.set()

    reader = ahead(items(), 2)
    assert next(reader) == 0
    reader.close()
    assert closed.is_set()
    assert len(read) < 10
    assert not any(thread.name == "read-ahead" for thread in threading.enumerate())
