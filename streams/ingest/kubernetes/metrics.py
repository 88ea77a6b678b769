"""What the watcher counts about itself."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class WatcherMetrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.firing = Gauge(
            "mendlog_watcher_alerts_firing",
            "Alerts that fire now.",
            registry=self.registry,
        )
        self.written = Counter(
            "mendlog_watcher_records_written",
            "Records that Kafka acknowledged, by what they hold.",
            ["of"],
            registry=self.registry,
        )
        self.unwritten = Counter(
            "mendlog_watcher_writes_failed",
            "Times that Kafka did not acknowledge; what was to be told is told again.",
            registry=self.registry,
        )
        self.lists = Counter(
            "mendlog_watcher_lists",
            "Whole lists read: one at the start, and one after each watch that could not go on.",
            ["kind"],
            registry=self.registry,
        )
        self.changes = Counter(
            "mendlog_watcher_changes",
            "Objects heard of in watches.",
            ["kind"],
            registry=self.registry,
        )
        self.failures = Counter(
            "mendlog_watcher_failures",
            "Lists and watches that the API refused or broke off.",
            ["kind"],
            registry=self.registry,
        )
        self.unreadable = Counter(
            "mendlog_watcher_objects_unreadable",
            "Objects left out, for they are not of the API's shape.",
            ["kind"],
            registry=self.registry,
        )
        self.blind = Gauge(
            "mendlog_watcher_blind",
            "1 while nothing is heard of that kind, and its alerts are not repeated.",
            ["kind"],
            registry=self.registry,
        )
