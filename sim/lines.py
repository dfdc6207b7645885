"""Text files as blocks of whole lines with their numbers: plain or gzip, bounded memory."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from registry.faults import Fault, InputError

BLOCK_BYTES = 1 << 20
_LONGEST_LINE_BYTES = 64 << 20
SAMPLE_BYTES = 1 << 18
BOM = b"\xef\xbb\xbf"


def open_bytes(path: Path) -> gzip.GzipFile | BufferedReader:
    """Open a file, through gzip where its first bytes say so."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        return gzip.GzipFile(path) if packed else path.open("rb")
    except OSError as exc:
        raise InputError(
            [Fault(file=str(path), where="", message=f"cannot be read: {exc.strerror}")]
        ) from exc


def byte_blocks(path: Path, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Yield the file in blocks that end at a line's end (the last one where the file ends)."""
    rest = b""
    with open_bytes(path) as file:
        while True:
            try:
                block = file.read(block_bytes)
            except (OSError, EOFError, zlib.error) as exc:
                raise InputError(
                    [Fault(file=str(path), where="", message=f"the gzip stream is broken: {exc}")]
                ) from exc
            if not block:
                break
            cut = block.rfind(b"\n") + 1
            if cut:
                yield rest + block[:cut]
                rest = block[cut:]
            else:
                rest += block
            if len(rest) > _LONGEST_LINE_BYTES:
                raise InputError(
                    [
                        Fault(
                            file=str(path),
                            where="",
                            message="a line is longer than 64 MiB",
                            allowed="a text file",
                        )
                    ]
                )
    if rest:
        yield rest


def sample(path: Path) -> bytes:
    """Return the file's first whole lines, about `SAMPLE_BYTES` of them."""
    for block in byte_blocks(path, SAMPLE_BYTES):
        return block
    raise InputError([Fault(file=str(path), where="", message="the file is empty")])


def encoding_of(head: bytes, path: Path) -> str:
    """Return ``utf-8-sig`` or ``gb18030``, which is what spreadsheets in China write; refuse what is no text."""
    if b"\0" in head:
        raise InputError(
            [
                Fault(
                    file=str(path), where="", message="this is no text file", allowed="CSV, NDJSON or Parquet"
                )
            ]
        )
    try:
        head.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"


def text_lines(block: bytes, encoding: str) -> list[str]:
    """Return the lines of a block without their ends; bytes that do not fit become replacement characters."""
    text = block.decode("utf-8" if encoding == "utf-8-sig" else encoding, errors="replace")
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return lines


def cells_of(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line of CSV; a line that cannot be quoted as it is has cells by its delimiters alone."""
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)
