"""The four golden signals of checkout, for Prometheus."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

from checkout.heap import Heap

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass(slots=True)
class Answer:
    """The status code of a request under way; an error until it is said otherwise."""

    code: int = 500


class Metrics:
    """A registry of its own, so that two services can live in one process."""

    def __init__(self, heap: Heap) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "checkout_requests", "Orders asked for, by answer", ["code"], registry=self.registry
        )
        self.errors = Counter(
            "checkout_errors", "Orders that failed for our reasons", registry=self.registry
        )
        self.seconds = Histogram(
            "checkout_request_seconds", "Time to answer", buckets=BUCKETS_S, registry=self.registry
        )
        self.in_flight = Gauge("checkout_in_flight", "Orders under way", registry=self.registry)
        self._watch(heap)
        ProcessCollector(registry=self.registry)
        # A rate needs a first value to grow from: without it the first error goes unseen.
        for code in ("200", "500"):
            self.requests.labels(code=code)

    def _watch(self, heap: Heap) -> None:
        used = Gauge("checkout_heap_used_bytes", "Request cache in use", registry=self.registry)
        used.set_function(lambda: heap.used_bytes)
        budget = Gauge("checkout_heap_budget_bytes", "Its limit", registry=self.registry)
        budget.set(heap.budget_bytes)

    @contextmanager
    def measure(self) -> Iterator[Answer]:
        answer = Answer()
        started_s = time.perf_counter()
        self.in_flight.inc()
        try:
            yield answer
        finally:
            self.in_flight.dec()
            self.seconds.observe(time.perf_counter() - started_s)
            self.requests.labels(code=str(answer.code)).inc()
            if answer.code >= 500:
                self.errors.inc()

    def render(self, accept: str) -> tuple[bytes, str]:
        """The text and its content type, in the format which the scraper prefers."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type
