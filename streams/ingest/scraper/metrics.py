"""What the scraper counts about itself."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Summary


class ScraperMetrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._targets = Gauge(
            "mendlog_scraper_targets",
            "Targets by the outcome of the last round.",
            ["state"],
            registry=self.registry,
        )
        self.written = Counter(
            "mendlog_scraper_samples_written",
            "Samples that Kafka acknowledged.",
            registry=self.registry,
        )
        self.lost = Counter(
            "mendlog_scraper_samples_lost",
            "Samples that Kafka did not acknowledge in time.",
            registry=self.registry,
        )
        self.round_seconds = Summary(
            "mendlog_scraper_round_seconds",
            "Time for one round over all targets.",
            registry=self.registry,
        )

    def seen(self, up: int, down: int) -> None:
        self._targets.labels("up").set(up)
        self._targets.labels("down").set(down)
