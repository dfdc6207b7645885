"""hazwatch's own figures as the console's system page shows them."""

import platform
import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from ingest.mqtt import MqttSource
from service.plan import Loaded
from service.runtime import Runtime
from service.sender import Sender
from store.writer import StoreWriter

SHOWN_LETTERS = 50
SHOWN_PAYLOAD_BYTES = 400


def figures(
    loaded: Loaded, runtime: Runtime, source: MqttSource, writer: StoreWriter, sender: Sender
) -> Mapping[str, Any]:
    """Return versions, counts, queues, receivers and the newest refused messages, ready for JSON.

    Counts are those since the start of the program, but for ``rejects``, which the ledger keeps.
    """
    counts, gauges, ledger = runtime.pipeline.counts, runtime.gauges, runtime.ledger
    store = writer.health()
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
                "sent": state.sent,
                "retried": state.retried,
                "failed": state.failed,
                "failing_since_ms": None if state.failing_since_ns is None else state.failing_since_ns / 1e6,
                "error": None
                if state.last_error is None
                else {"zh": state.last_error.zh, "en": state.last_error.en},
            }
            for name, state in sorted(sender.states.items())
        ],
        "rejects": ledger.dead_letter_counts(),
        "dead_letters": [
            {
                "t_ms": letter.now_ns / 1e6,
                "reason": letter.reason,
                "detail": letter.detail,
                "topic": letter.topic,
                "payload": letter.payload[:SHOWN_PAYLOAD_BYTES].decode("utf-8", "replace"),
                "bytes": len(letter.payload),
                "count": letter.count,
            }
            for letter in ledger.dead_letters(SHOWN_LETTERS)
        ],
    }
