"""What the notifier counts. Channels are named by the operator, so there are few of them."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from remediators.notify.channel import Answer
from schemas.notices import DeliveryStatus

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
DELAY_SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self._ended = Counter(
            "mendlog_deliveries",
            "Notices by what became of telling one receiver.",
            ["status", "channel"],
            registry=registry,
        )
        self._calls = Histogram(
            "mendlog_channel_seconds",
            "Requests to a channel, by what was made of the answer.",
            ["channel", "answer"],
            buckets=SECONDS,
            registry=registry,
        )
        self._delay = Histogram(
            "mendlog_notice_delay_seconds",
            "From a notice's own time to its acceptance by a channel.",
            buckets=DELAY_SECONDS,
            registry=registry,
        )
        self._down = Gauge(
            "mendlog_channel_down",
            "1 while a channel is passed over for having failed.",
            ["channel"],
            registry=registry,
        )
        self._unusable = Counter(
            "mendlog_notices_unusable",
            "Records of notices that went to rejects.",
            ["fault"],
            registry=registry,
        )
        self._skipped = Counter(
            "mendlog_notices_skipped",
            "Notices that came again when their receiver had been told.",
            registry=registry,
        )
        self._misaddressed = Counter(
            "mendlog_notices_misaddressed",
            "Notices for a receiver that the file does not know; the default was told.",
            registry=registry,
        )
        self.unfinished = Gauge(
            "mendlog_notices_unfinished", "Begun and not ended.", registry=registry
        )

    def ended(self, status: DeliveryStatus, channel: str) -> None:
        self._ended.labels(status.value, channel).inc()

    def called(self, channel: str, answer: Answer, seconds: float) -> None:
        self._calls.labels(channel, answer.value).observe(seconds)

    def delayed(self, delay_ms: int) -> None:
        self._delay.observe(max(0, delay_ms) / 1000)

    def down(self, channel: str, is_down: bool) -> None:
        self._down.labels(channel).set(int(is_down))

    def unusable(self, fault: str) -> None:
        self._unusable.labels(fault).inc()

    def skipped(self) -> None:
        self._skipped.inc()

    def misaddressed(self) -> None:
        self._misaddressed.inc()
