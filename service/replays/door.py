"""The door through which a replay's process reads the live process's embedded store: nobody else can open its file.

Over a local socket: a length, then MessagePack. One reading at a time, on a thread, so that the live loop never waits.
"""

import asyncio
import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from store.duck import DuckStore
from store.scan import Stretch
from store.series import Series, StoreError

_LENGTH = struct.Struct(">Q")
_MOST_BYTES = 1 << 30


class _Ask(msgspec.Struct, frozen=True):
    """`sensor` and `max_points` for a series; without them every reading of the range."""

    start_ns: int
    end_ns: int
    sensor: str | None = None
    max_points: int = 0


class _Answer(msgspec.Struct, frozen=True):
    error: str = ""
    names: tuple[str, ...] = ()
    columns: tuple[tuple[str, bytes], ...] = ()


_ASK = msgspec.msgpack.Decoder(_Ask)
_ANSWER = msgspec.msgpack.Decoder(_Answer)


class StoreDoor:
    """Serves a store to the replays of this process, on a socket in a folder that only its owner can enter."""

    def __init__(self, store: DuckStore, path: Path) -> None:
        self.path = path
        self._store = store
        self._turn = asyncio.Lock()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Begin to serve."""
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def close(self) -> None:
        """Serve no more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, msgspec.MsgspecError):
            while True:
                (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
                ask = _ASK.decode(await reader.readexactly(length))
                async with self._turn:
                    answer = await asyncio.to_thread(self._answered, ask)
                writer.write(_LENGTH.pack(len(answer)))
                writer.write(answer)
                await writer.drain()
        writer.close()

    def _answered(self, ask: _Ask) -> bytes:
        try:
            return msgspec.msgpack.encode(self._read(ask))
        except StoreError as error:
            return msgspec.msgpack.encode(_Answer(error=str(error)))

    def _read(self, ask: _Ask) -> _Answer:
        if ask.sensor is not None:
            found = self._store.read(ask.sensor, ask.start_ns, ask.end_ns, ask.max_points)
            return _Answer(columns=_packed(found.t_ns, found.mean, found.low, found.high))
        scanned = self._store.scan(ask.start_ns, ask.end_ns)
        return _Answer(
            names=scanned.names,
            columns=_packed(scanned.sensor, scanned.t_ns, scanned.value, scanned.quality),
        )


def _packed(*columns: np.typing.NDArray[Any]) -> tuple[tuple[str, bytes], ...]:
    return tuple((column.dtype.str, column.tobytes()) for column in columns)


class DoorStore:
    """The other side of the door: reads, from any thread."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._turn = threading.Lock()

    def read(self, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
        """Return a series; raises `StoreError`."""
        answer = self._asked(_Ask(start_ns, end_ns, sensor, max_points))
        t_ns, mean, low, high = _unpacked(answer)
        return Series(t_ns, mean, low, high)

    def scan(self, start_ns: int, end_ns: int) -> Stretch:
        """Return every reading of a range; raises `StoreError`."""
        answer = self._asked(_Ask(start_ns, end_ns))
        sensor, t_ns, value, quality = _unpacked(answer)
        return Stretch(names=answer.names, sensor=sensor, t_ns=t_ns, value=value, quality=quality)

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()

    def _asked(self, ask: _Ask) -> _Answer:
        body = msgspec.msgpack.encode(ask)
        try:
            with self._turn:
                self._socket.sendall(_LENGTH.pack(len(body)) + body)
                (length,) = _LENGTH.unpack(self._received(_LENGTH.size))
                assert length <= _MOST_BYTES, "our own process asks for fair parts"
                answer = _ANSWER.decode(self._received(length))
        except OSError as error:
            raise StoreError(f"the live process does not answer: {error}", retry=False) from error
        if answer.error:
            raise StoreError(answer.error, retry=False)
        return answer

    def _received(self, length: int) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            part = self._socket.recv(min(1 << 20, length - len(parts)))
            if not part:
                raise ConnectionResetError("the socket was closed")
            parts += part
        return bytes(parts)


def _unpacked(answer: _Answer) -> list[np.typing.NDArray[Any]]:
    return [np.frombuffer(body, dtype=dtype) for dtype, body in answer.columns]
