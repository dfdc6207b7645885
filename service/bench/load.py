"""The load generator, as a process of its own: everything is encoded beforehand, then bytes go over a bare socket.

It prints ``ready`` when all is encoded and connected, begins at a line on standard input, and ends with a `LoadDone`
in JSON when the broker has acknowledged everything. Times are of the machine's monotonic clock, the same for all of
its processes. With a rate, message j is to be sent at ``began_s + j / rate_hz``, whatever became of those before it.
"""

import select
import socket
import sys
import time
from itertools import accumulate
from typing import Literal

import msgspec
import numpy as np

from service.bench.packets import CONNACK, MAX_ID, PUBACK_BYTES, V311, connect, publish
from service.bench.workload import ALARM, GROUP, QUIET, TOPIC, sensor_name, single_payload

_CHUNK_BYTES = 1 << 17
_STALL_S = 30.0
_VARIANTS = 16
"""Different columns of values for each group of sensors; they come round again and again."""


class LoadSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What to send: `messages` of `shape` to a broker's `port`.

    `rate_hz` is messages per second, None as fast as they go. Each round of all `sensors` is `step_ms` later in event
    time, from `start_ms` on. `alarm_every` messages one sensor is beyond its high limits, each time another one.
    """

    port: int
    shape: Literal["columns", "single"]
    sensors: int
    messages: int
    start_ms: int
    step_ms: int
    rate_hz: float | None = None
    alarm_every: int | None = None
    window: int = 20_000


class LoadDone(msgspec.Struct, frozen=True, kw_only=True):
    """When it began and when everything was acknowledged, and how late the latest message left."""

    began_s: float
    ended_s: float
    latest_s: float


def alarms(spec: LoadSpec) -> dict[int, int]:
    """Return which sensor each alarming message (by its number) lifts beyond its limits; no sensor twice."""
    if spec.alarm_every is None:
        return {}
    groups = spec.sensors // GROUP
    last = min(spec.messages, spec.sensors)
    return {j: j % groups * GROUP + j // groups for j in range(0, last, spec.alarm_every)}


def payloads(spec: LoadSpec) -> list[tuple[str, bytes]]:
    """Return topic and payload of every message."""
    return _singles(spec) if spec.shape == "single" else _batches(spec)


def _singles(spec: LoadSpec) -> list[tuple[str, bytes]]:
    topics = [f"{TOPIC}/{sensor_name(i)}" for i in range(spec.sensors)]
    values = (QUIET + np.random.default_rng(1).normal(0, 0.5, spec.messages)).tolist()
    return [
        (topics[j % spec.sensors], single_payload(spec.start_ms + j // spec.sensors * spec.step_ms, value))
        for j, value in enumerate(values)
    ]


def _batches(spec: LoadSpec) -> list[tuple[str, bytes]]:
    """Only the time differs from message to message, so that encoding beforehand takes no minutes."""
    rng = np.random.default_rng(1)
    groups = spec.sensors // GROUP
    columns = [
        [[f"{v:.2f}".encode() for v in QUIET + rng.normal(0, 0.5, GROUP)] for _ in range(_VARIANTS)]
        for _ in range(groups)
    ]
    names = [
        b",".join(f'"{sensor_name(g * GROUP + k)}"'.encode() for k in range(GROUP)) for g in range(groups)
    ]
    tails = [[b',"s":[%b],"v":[%b]}' % (names[g], b",".join(v)) for v in columns[g]] for g in range(groups)]
    lifted = alarms(spec)
    made = []
    for j in range(spec.messages):
        group, turn = j % groups, j // groups
        tail = tails[group][turn % _VARIANTS]
        if j in lifted:
            values = list(columns[group][turn % _VARIANTS])
            values[lifted[j] % GROUP] = b"%.2f" % ALARM
            tail = b',"s":[%b],"v":[%b]}' % (names[group], b",".join(values))
        made.append((TOPIC, b'{"t":%d%b' % (spec.start_ms + turn * spec.step_ms, tail)))
    return made


def send(sock: socket.socket, packets: list[bytes], spec: LoadSpec) -> LoadDone:
    """Send all packets, never more than the window ahead of the acknowledgements, never before they are due."""
    ends = list(accumulate(map(len, packets)))
    data = memoryview(b"".join(packets))
    count = len(packets)
    sock.setblocking(False)
    at = left = acked_bytes = 0
    latest_s = 0.0
    began_s = time.monotonic()
    while acked_bytes < count * PUBACK_BYTES:
        acked = acked_bytes // PUBACK_BYTES
        now_s = time.monotonic()
        due = count if spec.rate_hz is None else min(count, 1 + int((now_s - began_s) * spec.rate_hz))
        until = min(due, acked + spec.window)
        limit = ends[until - 1] if until else 0
        wait_s = _STALL_S if spec.rate_hz is None or due == count else began_s + due / spec.rate_hz - now_s
        readable, writable, _ = select.select([sock], [sock] if at < limit else [], [], max(0.0, wait_s))
        if writable:
            at += sock.send(data[at : min(limit, at + _CHUNK_BYTES)])
            if spec.rate_hz is not None:
                while left < count and ends[left] <= at:
                    latest_s = max(latest_s, time.monotonic() - began_s - left / spec.rate_hz)
                    left += 1
        if readable:
            answer = sock.recv(1 << 16)
            if not answer:
                raise ConnectionError("the broker closed the connection")
            acked_bytes += len(answer)
        if not readable and not writable and wait_s == _STALL_S:
            raise TimeoutError(f"the broker acknowledged {acked} of {count} messages and then nothing")
    return LoadDone(began_s=began_s, ended_s=time.monotonic(), latest_s=latest_s)


def opened(port: int, client_id: str, version: int) -> socket.socket:
    """Return a socket on which the broker has accepted CONNECT."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=_STALL_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(connect(client_id, version))
    head = sock.recv(2, socket.MSG_WAITALL)
    rest = sock.recv(head[1], socket.MSG_WAITALL)
    if head[0] != CONNACK or rest[1] != 0:
        raise ConnectionError(f"the broker refused the connection: {(head + rest).hex()}")
    return sock


def main() -> None:
    """Run as a process; the argument is a `LoadSpec` in JSON."""
    spec = msgspec.json.decode(sys.argv[1], type=LoadSpec)
    packets = [publish(topic, payload, j % MAX_ID + 1) for j, (topic, payload) in enumerate(payloads(spec))]
    with opened(spec.port, "bench-load", V311) as sock:
        print("ready", flush=True)  # noqa: T201 - the protocol with the parent
        sys.stdin.readline()
        done = send(sock, packets, spec)
    print(msgspec.json.encode(done).decode(), flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    main()
