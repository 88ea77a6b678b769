"""What the gateway counts of samples."""

from prometheus_client import Counter

from streams.ingest.gateway.metrics import GatewayMetrics
from streams.ingest.gateway.source import Source
from streams.ingest.samples.gathered import Gathered


class SampleMetrics:
    def __init__(self, gateway: GatewayMetrics) -> None:
        self._name_of = gateway.name_of
        self._accepted = Counter(
            "mendlog_gateway_samples_accepted",
            "Samples that Kafka acknowledged.",
            ["source"],
            registry=gateway.registry,
        )
        self._rejected = Counter(
            "mendlog_gateway_samples_rejected",
            "Samples that could not be read, or that their source may not send.",
            ["source", "reason"],
            registry=gateway.registry,
        )
        self._skipped = Counter(
            "mendlog_gateway_samples_skipped",
            "Well-formed, and no value for a detection: stale markers, metadata and the like.",
            ["source", "kind"],
            registry=gateway.registry,
        )

    def answered(self, source: Source, request: Gathered) -> None:
        """What Kafka has, and what it was not given."""
        name = self._name_of(source)
        self._accepted.labels(name).inc(request.taken)
        for reason, count in request.rejected.items():
            self._rejected.labels(name, reason.value).inc(count)
        for kind, count in request.skipped.items():
            self._skipped.labels(name, kind.value).inc(count)
