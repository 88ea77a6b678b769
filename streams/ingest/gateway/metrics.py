"""What the gateway counts. Sources appear by name only where they are registered."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.ingest.flight import Flight
from streams.ingest.gateway.source import Source

OTHER = "other"
"""A sender that no file names: their number must not be the senders' choice."""


class GatewayMetrics:
    def __init__(self, flight: Flight, sources: Iterable[Source]) -> None:
        self.registry = CollectorRegistry()
        self._known = {source.name for source in sources}
        self._requests = Counter(
            "mendlog_gateway_requests",
            "Deliveries answered.",
            ["source", "code"],
            registry=self.registry,
        )
        self._accepted = Counter(
            "mendlog_gateway_alerts_accepted",
            "Alerts that Kafka acknowledged.",
            ["source"],
            registry=self.registry,
        )
        self._rejected = Counter(
            "mendlog_gateway_alerts_rejected",
            "Alerts, or whole deliveries, that could not be read.",
            ["source", "reason"],
            registry=self.registry,
        )
        self._truncated = Counter(
            "mendlog_gateway_deliveries_truncated",
            "Deliveries from which the sender itself had left alerts out.",
            ["source"],
            registry=self.registry,
        )
        in_flight = Gauge(
            "mendlog_gateway_in_flight_bytes",
            "Bytes of deliveries being read or waiting for Kafka.",
            registry=self.registry,
        )
        in_flight.set_function(lambda: flight.bytes)
        self.produce_seconds = Histogram(
            "mendlog_gateway_produce_seconds",
            "Time until Kafka acknowledged a delivery.",
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
            registry=self.registry,
        )

    def answered(self, source: Source | None, code: int) -> None:
        self._requests.labels(self.name_of(source), str(code)).inc()

    def accepted(self, source: Source, count: int) -> None:
        self._accepted.labels(self.name_of(source)).inc(count)

    def rejected(self, source: Source, reason: str) -> None:
        self._rejected.labels(self.name_of(source), reason).inc()

    def truncated(self, source: Source) -> None:
        self._truncated.labels(self.name_of(source)).inc()

    def name_of(self, source: Source | None) -> str:
        if source is None:
            return ""
        return source.name if source.name in self._known else OTHER
