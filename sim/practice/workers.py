"""One scenario run in one process or in several: the same blocks, in the same order, byte for byte."""

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from typing import TypeAlias

import numpy as np

from sim.plant.streams import BLOCK_S
from sim.practice.part import Block, Part
from sim.practice.scenario import Practice

Job: TypeAlias = tuple[Practice, int, int, int, tuple[int, ...]]
"""Scenario, seed, start in ns, seconds, numbers of the sources to run."""


def run(practice: Practice, seed: int, start_ns: int, seconds: int, workers: int = 1) -> Iterator[Block]:
    """Yield the blocks that cover so many seconds, from `workers` processes at most."""
    shares = [tuple(range(i, len(practice.site.sources), workers)) for i in range(workers)]
    jobs = [(practice, seed, start_ns, seconds, places) for places in shares if places]
    with ExitStack() as stack:
        parts = [_blocks(jobs[0])] if len(jobs) == 1 else [stack.enter_context(_process(job)) for job in jobs]
        for blocks in zip(*parts, strict=True):
            yield _merged(blocks)


def _blocks(job: Job) -> Iterator[Block]:
    practice, seed, start_ns, seconds, places = job
    part = Part(practice, seed, start_ns, seconds, places)
    for _ in range(-(-seconds // BLOCK_S)):
        yield part.block()


def _merged(blocks: Sequence[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    t_ms, point = (np.concatenate([getattr(block, name) for block in blocks]) for name in ("t_ms", "point"))
    order = np.lexsort((point, t_ms))
    crossings = [crossing for block in blocks for crossing in block.crossings]
    return Block(
        t_ms[order],
        point[order],
        np.concatenate([block.value for block in blocks])[order],
        np.concatenate([block.quality for block in blocks])[order],
        tuple(sorted(crossings, key=lambda c: (c.t_s, c.point, c.limit))),
    )


@contextmanager
def _process(job: Job) -> Iterator[Iterator[Block]]:
    """Give the blocks of a job that runs in a process of its own; the pipe holds it back when nobody reads."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(job, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield _received(ours)
    finally:
        ours.close()
        process.join(timeout=5)
        if process.is_alive():
            process.terminate()
            process.join()


def _received(ours: Connection) -> Iterator[Block]:
    while (block := ours.recv()) is not None:
        if isinstance(block, Exception):
            raise block
        yield block


def _send(job: Job, theirs: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt from the keyboard is the reader's to handle
    try:
        for block in _blocks(job):
            theirs.send(block)
        theirs.send(None)
    except BrokenPipeError:
        pass  # whoever read has stopped
    except Exception as exc:  # noqa: BLE001 - the reader raises it again
        theirs.send(exc)
