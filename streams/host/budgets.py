"""What is left of the error budgets, on the worker's page of metrics."""

import time
from collections.abc import Callable, Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.host.loop import PartitionLoop
from streams.steps.remaining import BudgetedStep

NAME = "mendlog_slo_budget_remaining_ratio"


class BudgetCollector(Collector):
    def __init__(
        self,
        inputs: Iterable[Iterable[PartitionLoop]],
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._inputs = inputs
        self._now_ms = now_ms

    def collect(self) -> Iterable[Metric]:
        """A budget that nothing can be told of has no sample."""
        budgets = GaugeMetricFamily(NAME, "The share of an SLO's error budget that is left.")
        steps = ((loop.partition, loop.step) for loops in self._inputs for loop in loops)
        for partition, step in steps:
            for left in step.budgets_left(self._now_ms()) if isinstance(step, BudgetedStep) else ():
                labels = {**left.group, "slo": left.slo, "partition": str(partition)}
                budgets.add_sample(NAME, labels, left.ratio)
        return [budgets]
