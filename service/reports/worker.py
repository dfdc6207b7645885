"""A program of its own that makes one report: so that a year of alert lines takes nothing from the pipeline's process.

It reads a `Task` from standard input and writes the report to standard output. Where that cannot be, it writes the reason to
standard error and ends with 1.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ledger.errors import LedgerError
from ledger.reader import LedgerReader, open_readonly
from registry.faults import InputError
from service.reports.lines import lines_in_ledger
from service.reports.making import Format, Order, document_of, written

NICE = 10
"""So much the pipeline goes before."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """An order with where the lines are and how the report is to be written."""

    ledger: str
    order: Order
    format: Format
    language: str


def packed(task: Task) -> bytes:
    """Return a task as the worker reads it."""
    return msgspec.json.encode(task, enc_hook=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(f"{type(value).__name__} cannot be packed")


def _watched_from_ns(ledger: LedgerReader) -> int | None:
    """Return since when this ledger tells anything: alert lines outlive the journal."""
    first_line = next((line.t_ns for line in lines_in_ledger(ledger)), None)
    return min((t_ns for t_ns in (ledger.begins_ns, first_line) if t_ns is not None), default=None)


def main() -> None:
    """Make one report."""
    os.nice(NICE)
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    try:
        with open_readonly(Path(task.ledger)) as ledger:
            order = msgspec.structs.replace(task.order, watched_from_ns=_watched_from_ns(ledger))
            document, report = document_of(order, lines_in_ledger(ledger), ledger.path.name)
    except (LedgerError, InputError) as error:
        sys.stderr.write(str(error))
        sys.exit(1)
    sys.stdout.buffer.write(written(document, report, task.format, task.language))


if __name__ == "__main__":
    main()
