"""hazwatch's own figures as the console's system page shows them."""

import platform
import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from alerting.notify.trial import why_not
from alerting.texts import both
from ingest.mqtt import MqttSource
from service.plan import Loaded
from service.runtime import Runtime
from service.sender import Sender
from store.writer import StoreWriter


def figures(
    loaded: Loaded, runtime: Runtime, source: MqttSource, writer: StoreWriter, sender: Sender
) -> Mapping[str, Any]:
    """Return versions, counts, queues, receivers and what was refused, ready for JSON.

    Counts are those since the start of the program, but for ``rejects``, which the ledger keeps.
    """
    counts, gauges, ledger = runtime.pipeline.counts, runtime.gauges, runtime.ledger
    store, receivers = writer.health(), loaded.plan.routes.receivers
    return {
        "versions": {
            "hazwatch": version("hazwatch"),
            "python": platform.python_version(),
            "platform": sys.platform,
        },
        "sensors": len(loaded.plan.registry),
        "clock": loaded.settings.clock,
        "counts": {
            "messages": counts.messages,
            "readings": counts.readings,
            "late": counts.late,
            "duplicates": counts.duplicates,
            "redelivered": gauges.redelivered,
            "findings": counts.findings,
            "events": counts.events,
            "commits": gauges.commits,
        },
        "commit_ms": 1000 * gauges.commit_seconds / gauges.commits if gauges.commits else None,
        "lag_s": runtime.lag_s(),
        "inbox": source.filling(),
        "store": {
            "kind": loaded.settings.store.kind,
            "state": store.state,
            "queued": store.queued,
            "spooled_bytes": store.spooled_bytes,
            "dropped": store.dropped,
            "rejected": store.rejected,
        },
        "outbox": ledger.outbox_counts(),
        "receivers": [
            {
                "name": name,
                "not_tried": both(never) if (never := why_not(receivers[name])) is not None else None,
                "sent": state.sent,
                "retried": state.retried,
                "failed": state.failed,
                "failing_since_ms": None if state.failing_since_ns is None else state.failing_since_ns / 1e6,
                "error": None if state.last_error is None else both(state.last_error),
            }
            for name, state in sorted(sender.states.items())
            if name in receivers
        ],
        "rejects": ledger.dead_letter_counts(),
    }
