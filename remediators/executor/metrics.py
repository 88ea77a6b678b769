"""What the executor counts."""

import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from remediators.core.reply import Reply
from remediators.ports import Recorded
from schemas.remediation import Outcome

T = TypeVar("T")
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._commands = Counter(
            "mendlog_commands",
            "Commands by what was written of them.",
            ["kind", "status", "reason"],
            registry=self.registry,
        )
        self._skipped = Counter(
            "mendlog_commands_skipped",
            "Commands that came again, of which nothing was written.",
            registry=self.registry,
        )
        self._rejects = Counter(
            "mendlog_commands_unusable",
            "Records of commands that went to rejects.",
            ["fault"],
            registry=self.registry,
        )
        self._events = Counter(
            "mendlog_events",
            "Kubernetes Events about actions and refusals, by what became of each.",
            ["end"],
            registry=self.registry,
        )
        self._api = Histogram(
            "mendlog_api_seconds",
            "Calls to a cluster's API.",
            ["call", "answer"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._took = Histogram(
            "mendlog_command_seconds",
            "From the fetch of a command to its acknowledged end.",
            ["kind"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._left_alone = Gauge(
            "mendlog_cluster_left_alone",
            "1 while a cluster's API is not asked, for it does not answer.",
            ["cluster"],
            registry=self.registry,
        )
        self._under_way = Gauge(
            "mendlog_commands_under_way",
            "Commands that are being carried out; more of the cluster's may wait.",
            ["cluster"],
            registry=self.registry,
        )
        self.unfinished = self._gauge("mendlog_commands_unfinished", "Begun and not ended.")
        self.heartbeat_age = self._gauge(
            "mendlog_heartbeat_age_seconds", "Since the newest beat that came back was sent."
        )
        self.skew = self._gauge(
            "mendlog_clock_skew_seconds", "The host's clock ahead of the broker's."
        )

    def _gauge(self, name: str, help_text: str) -> Gauge:
        return Gauge(name, help_text, registry=self.registry)

    def recorded(self, record: Recorded) -> None:
        if isinstance(record, Outcome):
            labels = (record.kind.value, record.status.value, record.reason)
        else:
            labels = ("look", "observed", record.reason)
        self._commands.labels(*labels).inc()

    def left_alone(self, cluster: str, so: bool) -> None:
        self._left_alone.labels(cluster).set(so)

    def under_way(self, cluster: str) -> Gauge:
        return self._under_way.labels(cluster)

    def skipped(self) -> None:
        self._skipped.inc()

    def told(self, end: str) -> None:
        self._events.labels(end).inc()

    def rejected(self, fault: str) -> None:
        self._rejects.labels(fault).inc()

    async def timed(self, call: str, work: Awaitable[T]) -> T:
        began_s = time.perf_counter()
        answer = await work
        outcome = answer.answer.value if isinstance(answer, Reply) else "done"
        self._api.labels(call, outcome).observe(time.perf_counter() - began_s)
        return answer

    @contextmanager
    def took(self, kind: str) -> Iterator[None]:
        began_s = time.perf_counter()
        yield
        self._took.labels(kind).observe(time.perf_counter() - began_s)
