"""Reading ahead: a recording is read on a thread of its own while the pipeline judges what was read before."""

from collections.abc import Generator, Iterable, Iterator
from queue import Empty, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")

DEPTH = 2
_PATIENCE_S = 0.05


class _End:
    """Nothing more comes, because of `error` or because all is read."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(items: Iterable[T], depth: int = DEPTH) -> Generator[T]:
    """Yield the items in their order, at most `depth` of them read before they are asked for.

    What the items raise is raised here, after all that came before it. Closing this generator ends the thread.
    """
    queue: Queue[T | _End] = Queue(depth)
    ended = Event()
    thread = Thread(target=_read, args=(iter(items), queue, ended), name="read-ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        ended.set()
        while thread.is_alive():
            try:
                queue.get(timeout=_PATIENCE_S)
            except Empty:
                continue
        thread.join()


def _read(items: Iterator[T], queue: "Queue[T | _End]", ended: Event) -> None:
    error = None
    try:
        for item in items:
            queue.put(item)
            if ended.is_set():
                break
    except BaseException as caught:  # noqa: BLE001 - raised on the thread that reads on
        error = caught
    finally:
        if isinstance(items, Generator):
            items.close()  # here and not wherever it is collected: what it has open belongs to this thread
    queue.put(_End(error))
