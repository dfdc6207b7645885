"""/metrics: read from what the shells count, at the moment of the scrape; no global registry."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from console.backend import Component, Health
from service.pipeline import Pipeline
from service.runtime import Gauges
from service.sender import ReceiverState

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_HEALTH = {Health.OK: 0, Health.DEGRADED: 1, Health.DOWN: 2}


class PipelineCollector(Collector):
    """Reads one pipeline and its shells."""

    def __init__(
        self,
        pipeline: Pipeline,
        gauges: Gauges,
        receivers: Mapping[str, ReceiverState],
    ) -> None:
        self._pipeline = pipeline
        self._gauges = gauges
        self._receivers = receivers
        self.parts: Mapping[str, Component] = {}

    def collect(self) -> Iterable[Metric]:
        """Yield every metric as it is now."""
        counts, gauges = self._pipeline.counts, self._gauges
        yield CounterMetricFamily("hazwatch_messages", "MQTT messages taken", value=counts.messages)
        yield CounterMetricFamily("hazwatch_readings", "readings decoded", value=counts.readings)
        yield CounterMetricFamily(
            "hazwatch_readings_late", "readings older than their sensor's newest", value=counts.late
        )
        yield CounterMetricFamily(
            "hazwatch_readings_duplicate", "readings dropped as doubled", value=counts.duplicates
        )
        yield CounterMetricFamily("hazwatch_findings", "crossings and recoveries", value=counts.findings)
        yield CounterMetricFamily("hazwatch_alert_events", "alert events", value=counts.events)
        yield CounterMetricFamily(
            "hazwatch_redelivered", "messages recognised as sent again", value=gauges.redelivered
        )
        yield CounterMetricFamily("hazwatch_commits", "ledger transactions", value=gauges.commits)
        yield CounterMetricFamily(
            "hazwatch_commit_seconds", "time in ledger transactions", value=gauges.commit_seconds
        )
        rejects = CounterMetricFamily("hazwatch_rejects", "readings refused", labels=["reason"])
        for reason, count in sorted(counts.rejects.items()):
            rejects.add_metric([str(reason)], count)
        yield rejects
        yield GaugeMetricFamily(
            "hazwatch_sensors", "sensors in the points table", value=len(self._pipeline.plan.registry)
        )
        conditions = self._pipeline.bank.active_conditions()
        yield GaugeMetricFamily(
            "hazwatch_sensors_dead", "sensors that are silent beyond their deadline", value=conditions["dead"]
        )
        yield GaugeMetricFamily(
            "hazwatch_alerts_open", "alerts that are not closed", value=self._pipeline.desk.book.open_count
        )
        yield from self._of_receivers()
        health = GaugeMetricFamily("hazwatch_health", "0 ok, 1 degraded, 2 down", labels=["part"])
        for name, part in self.parts.items():
            health.add_metric([name], _HEALTH[part.state])
        yield health

    def _of_receivers(self) -> Iterable[Metric]:
        family = CounterMetricFamily(
            "hazwatch_notifications", "attempts by outcome", labels=["receiver", "outcome"]
        )
        for name, state in self._receivers.items():
            family.add_metric([name, "sent"], state.sent)
            family.add_metric([name, "retried"], state.retried)
            family.add_metric([name, "failed"], state.failed)
            family.add_metric([name, "handed_on"], state.handed_on)
        yield family


def exposition(collector: PipelineCollector) -> bytes:
    """Return the text of one scrape."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return generate_latest(registry)
