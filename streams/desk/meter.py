"""What is measured in a story: its series as records of samples, each at its time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemas.codec import encode
from schemas.metrics import Sample, Samples
from schemas.tape import Detection, TapeRecord
from schemas.topics import METRICS
from streams.desk.detecting import Detecting, metrics_of
from streams.desk.rehearsal import Restless
from streams.desk.series import Measured, Series
from streams.detect.rules_file import Rule
from streams.ingest.samples.target import TARGET
from streams.steps.effects import InputRecord

SAMPLES_MAX = 500_000
"""Of one story: ten seconds' work."""
Labels = tuple[tuple[str, str], ...]


class NotMeasured(Exception):
    """Samples that no detection reads: in a test, surely a mistake."""


@dataclass(slots=True)
class _Run:
    measured: Measured
    began_ms: int
    nth: int = 0

    @property
    def next_ms(self) -> int:
        return self.began_ms + self.nth * self.measured.every_ms

    @property
    def is_over(self) -> bool:
        return all(self.nth >= len(series.values) for series in self.measured.series)


class Meter:
    """`labels`: of what is measured, where a series does not say otherwise."""

    def __init__(self, rules: Sequence[Rule], cluster: str, labels: Mapping[str, str]) -> None:
        self._known = metrics_of(rules)
        self._detecting = Detecting(rules, cluster)
        self._labels = {"cluster": cluster, **labels}
        self._runs: list[_Run] = []
        self._offset = 0
        self._samples = 0

    @property
    def next_ms(self) -> int | None:
        return min((run.next_ms for run in self._runs), default=None)

    def begins(self, measured: Measured, now_ms: int) -> None:
        """Raises NotMeasured."""
        if not self._known:
            raise NotMeasured("no detections: name their file, as `detections` or --detections")
        for series in measured.series:
            if series.name not in self._known:
                known = ", ".join(sorted(self._known))
                raise NotMeasured(f"no detection reads {series.name!r}; they read {known}")
        self._runs.append(_Run(measured, now_ms))

    def reads(self, at_ms: int) -> Iterator[tuple[TapeRecord, Detection]]:
        """What is due then, of one target in one record, as it is scraped."""
        due: dict[Labels, list[Sample]] = {}
        for run in [run for run in self._runs if run.next_ms == at_ms]:
            for series in run.measured.series:
                if run.nth < len(series.values) and (value := series.values[run.nth]) is not None:
                    target, own = self._split(run.measured, series)
                    due.setdefault(target, []).append(Sample(series.name, own, value))
                    self._samples += 1
            run.nth += 1
        self._runs = [run for run in self._runs if not run.is_over]
        if self._samples > SAMPLES_MAX:
            raise Restless(f"more than {SAMPLES_MAX} samples")
        for target, samples in due.items():
            scrape = encode(Samples(dict(target), at_ms, tuple(samples)))
            self._offset += 1
            record = InputRecord(METRICS, 0, self._offset, at_ms, None, scrape)
            yield from self._detecting.hears(record)

    def _split(self, measured: Measured, series: Series) -> tuple[Labels, dict[str, str]]:
        """A series' labels are its target's where the gateway takes them for those."""
        of_target = {n: v for n, v in series.labels.items() if n in TARGET}
        own = {n: v for n, v in series.labels.items() if n not in TARGET}
        target = {**self._labels, **measured.labels, **of_target}
        return tuple((name, value) for name, value in sorted(target.items()) if value), own
