"""What the live process hands to the process of a replay, through its standard input.

It is pickled: both ends are this program, the pipe is their own, and a plan is a tree of some dozen kinds of facts.
"""

import copyreg
import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from console.replay_backend import SourceName
from service.plan import Loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A replay: settings of now, a period [start_ns, end_ns), and where everything is.

    `folder` is the replay's own, `socket` lies in it; `door` is the socket on which the live process serves its embedded store.
    """

    loaded: Loaded
    source: SourceName
    start_ns: int
    end_ns: int
    folder: Path
    socket: Path
    door: Path | None


def _proxy(items: Mapping[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(items)


def packed(task: Task) -> bytes:
    """Return a task as `unpacked` reads it; read-only mappings, which pickle does not know, are told to it."""
    out = io.BytesIO()
    pickler = pickle.Pickler(out)
    pickler.dispatch_table = copyreg.dispatch_table | {MappingProxyType: lambda m: (_proxy, (dict(m),))}
    pickler.dump(task)
    return out.getvalue()


def unpacked(body: bytes) -> Task:
    """Return the task."""
    task: Task = pickle.loads(body)  # noqa: S301 - from our own process, see the module
    return task
