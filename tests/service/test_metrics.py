"""/metrics: what is scraped can be read, and says what happened."""

import asyncio
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from console.backend import Component, Health
from ingest.messages import Message
from registry.plant import Text
from service.metrics import CONTENT_TYPE, PipelineCollector, exposition
from service.sender import ReceiverState
from tests.service.rig import Rig, running
from tests.service.site import DEAD_S, FlakyLedger, reading

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples_of(text: bytes) -> Samples:
    families = list(text_string_to_metric_families(text.decode()))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    assert all(family.documentation for family in families)
    return {(s.name, frozenset(s.labels.items())): s.value for f in families for s in f.samples}


def test_a_scrape_says_what_happened(tmp_path: Path) -> None:
    receivers = {'du"ty\\n': ReceiverState(sent=3, retried=2, failed=1)}

    async def main(rig: Rig) -> PipelineCollector:
        async with running(rig):
            rig.source.put(
                reading("LT", 0, 86.0), reading("LT", 1, 87.0), reading("LT", 1, 87.0), reading("LT", 0, 1.0),
                Message("?", b""), reading("XX", 0, 1.0),
            )  # fmt: skip
            await rig.pass_by()
            await rig.pass_by(DEAD_S + 5)
            rig.source.put(reading("GT", 40, 1.0), reading("GT", 41, 1.0), token=2 << 16)
            await rig.pass_by()
        return PipelineCollector(rig.runtime.pipeline, rig.runtime.gauges, receivers)

    with FlakyLedger.open(tmp_path / "state") as ledger:
        collector = asyncio.run(main(Rig(ledger)))
    collector.parts = {
        "broker": Component(state=Health.OK, detail=Text.same("x")),
        "store": Component(state=Health.DOWN, detail=Text.same("x")),
        "disk": Component(state=Health.DEGRADED, detail=Text.same("x")),
    }
    told = samples_of(exposition(collector))

    def value(name: str, **labels: str) -> float:
        return told[f"hazwatch_{name}", frozenset(labels.items())]

    assert value("messages_total") == 8
    assert value("readings_total") == 6
    assert value("readings_late_total") == value("readings_duplicate_total") == 1
    assert (
        value("rejects_total", reason="unknown_sensor") == value("rejects_total", reason="unknown_topic") == 1
    )
    assert value("findings_total") == value("alert_events_total") == 2
    assert value("alerts_open") == 2
    assert value("sensors") == 3
    assert value("sensors_dead") == 1
    assert value("commits_total") == 3
    assert value("commit_seconds_total") > 0
    assert value("redelivered_total") == 0
    assert value("notifications_total", receiver='du"ty\\n', outcome="retried") == 2
    assert [value("health", part=p) for p in ("broker", "disk", "store")] == [0, 1, 2]
    assert CONTENT_TYPE.startswith("text/plain")


def test_a_scrape_before_anything_happened(tmp_path: Path) -> None:
    with FlakyLedger.open(tmp_path / "state") as ledger:
        rig = Rig(ledger)
        told = samples_of(exposition(PipelineCollector(rig.runtime.pipeline, rig.runtime.gauges, {})))
    assert told["hazwatch_messages_total", frozenset()] == 0
