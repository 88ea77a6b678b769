"""What a worker counts, read from its loops when somebody asks."""

from collections.abc import Iterable, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.host.last_exit import LastExit
from streams.host.loop import PartitionLoop
from streams.host.partitions import Partitions
from streams.steps.effects import LimitedStep

PLACE = ("input", "partition")


class WorkerCollector(Collector):
    def __init__(self, inputs: Sequence[Partitions], last_exit: LastExit) -> None:
        self._inputs = inputs
        self._last_exit = last_exit

    def collect(self) -> Iterable[Metric]:
        records = CounterMetricFamily(
            "mendlog_records", "Input records applied and stored.", labels=PLACE
        )
        groups = CounterMetricFamily(
            "mendlog_groups", "Groups of records stored together.", labels=PLACE
        )
        repairs = CounterMetricFamily(
            "mendlog_journal_repairs", "Foreign writes to a journal put right.", labels=PLACE
        )
        lag = GaugeMetricFamily(
            "mendlog_lag_records", "Input records not applied yet, by the cursor.", labels=PLACE
        )
        pace = GaugeMetricFamily(
            "mendlog_record_seconds", "What a record costs when there is work.", labels=PLACE
        )
        for partitions, loop in self._loops():
            place = (partitions.source.name, str(loop.partition))
            records.add_metric(place, loop.records)
            groups.add_metric(place, loop.groups)
            repairs.add_metric(place, loop.journal.repairs)
            lag.add_metric(place, partitions.progress(loop).lag)
            pace.add_metric(place, loop.pace_s)
        others = self._left_out(), self._opening(), self._exit()
        return [records, groups, repairs, lag, pace, *others]

    def _loops(self) -> Iterable[tuple[Partitions, PartitionLoop]]:
        return ((partitions, loop) for partitions in self._inputs for loop in partitions)

    def _left_out(self) -> Metric:
        left_out = GaugeMetricFamily(
            "mendlog_series_left_out",
            "Series not watched within the last two hours, because of a limit.",
            labels=[*PLACE, "rules"],
        )
        for partitions, loop in self._loops():
            if isinstance(loop.step, LimitedStep):
                for rules, count in loop.step.left_out.items():
                    place = (partitions.source.name, str(loop.partition), rules)
                    left_out.add_metric(place, count)
        return left_out

    def _opening(self) -> Metric:
        opening = GaugeMetricFamily(
            "mendlog_partitions_opening",
            "Assigned partitions whose journal is still being read.",
            labels=["input"],
        )
        for partitions in self._inputs:
            opening.add_metric([partitions.source.name], partitions.opening)
        return opening

    def _exit(self) -> Metric:
        ended = GaugeMetricFamily(
            "mendlog_previous_exit",
            "Why the worker before this one, on the same folder, ended itself.",
            labels=["reason"],
        )
        if self._last_exit.reason:
            ended.add_metric([self._last_exit.reason], 1)
        return ended
