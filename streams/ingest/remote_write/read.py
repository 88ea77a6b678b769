"""A request of remote-write 1.0 -> records of `metrics`, and what is wrong with the rest.

Samples of one target at one moment travel in one record, as if we had scraped them.
"""

from dataclasses import dataclass, field
from math import isfinite

from google.protobuf.message import DecodeError

from streams.ingest.formats.parsed import BadField, FaultReason
from streams.ingest.gateway.source import CLUSTER
from streams.ingest.protobuf import Unreadable, parts
from streams.ingest.remote_write.message import METADATA, SERIES, TimeSeries
from streams.ingest.remote_write.series import (
    Places,
    Series,
    metric_name,
    of_one_sample,
    read_series,
)
from streams.ingest.samples.bundle import Bundle, Measured
from streams.ingest.samples.gathered import (
    AHEAD_MAX_MS,
    BEHIND_MAX_MS,
    SERIES_BYTES_MAX,
    Gathered,
    Skipped,
    TooMuch,
    wrong_time,
)

SERIES_MAX = 100_000
"""In one request; Prometheus sends 2,000."""
_HEARD_MAX = 1_000


@dataclass(slots=True)
class Request(Gathered):
    """A request, as far as it has been read. A series that cannot be read counts as one sample."""

    _bundle: Bundle = field(init=False)
    _heard: dict[tuple[str, Places], BadField | None] = field(default_factory=dict)
    """Why of these places nothing is heard from this source. A request names few, and often."""

    def __post_init__(self) -> None:
        self._bundle = Bundle(self.source.cluster or "")

    def records(self) -> list[Measured]:
        return self._bundle.records()

    def read(self, body: bytes) -> None:
        """Raises Unreadable, of which nothing is kept, or TooMuch."""
        nth = 0
        for number, raw in parts(body):
            if number == SERIES:
                if nth == SERIES_MAX:
                    raise TooMuch(f"more than {SERIES_MAX} series")
                self._series(nth, raw)
                nth += 1
            elif number == METADATA:
                self.skipped[Skipped.METADATA] += 1
        if body and not nth and not self.skipped:
            raise Unreadable("neither series nor metadata are in it: is it remote-write 2.0?")

    def _series(self, nth: int, raw: bytes) -> None:
        if found := of_one_sample(raw):
            series, at_ms, value = found
            if not self.source.is_limited or self._may_name(nth, series, 1):
                self._sample(nth, series, at_ms, value)
        elif len(raw) > SERIES_BYTES_MAX:
            why = f"longer than {SERIES_BYTES_MAX} bytes"
            self._refuse(nth, "", BadField("", why, FaultReason.OVER_LIMIT), 1)
        else:
            self._message(nth, raw)

    def _message(self, nth: int, raw: bytes) -> None:
        try:
            message = TimeSeries.FromString(raw)
        except DecodeError:
            return self._refuse(nth, "", BadField("", "no series in protobuf"), 1)
        if message.exemplars:
            self.skipped[Skipped.EXEMPLAR] += len(message.exemplars)
        if message.histograms:
            self.skipped[Skipped.HISTOGRAM] += len(message.histograms)
        labels, count = tuple(message.labels), max(1, len(message.samples))
        try:
            series = read_series(labels)
        except BadField as bad:
            return self._refuse(nth, metric_name(labels), bad, count)
        if self._may_name(nth, series, count):
            for sample in message.samples:
                self._sample(nth, series, sample.timestamp, sample.value)
        return None

    def _may_name(self, nth: int, series: Series, count: int) -> bool:
        cluster = self.source.cluster or series.target[0]
        named = cluster, series.places
        if named in self._heard:
            bad = self._heard[named]
        else:
            fault = self.source.may_not_name({**dict(series.places), CLUSTER: cluster})
            bad = fault and BadField(f"labels.{fault[0]}", fault[1], FaultReason.NOT_ALLOWED)
            if len(self._heard) < _HEARD_MAX:
                self._heard[named] = bad
        if bad:
            self._refuse(nth, series.name, bad, count)
        return bad is None

    def _sample(self, nth: int, series: Series, at_ms: int, value: float) -> None:
        if not -BEHIND_MAX_MS <= at_ms - self.now_ms <= AHEAD_MAX_MS:
            self._refuse(nth, series.name, wrong_time("timestamp", at_ms), 1)
        elif not isfinite(value):
            self.skip(value)
        elif self._bundle.add(series, at_ms, value):
            self.taken += 1
            if self._bundle.size > self.bytes_max:
                why = f"its samples would become more than {self.bytes_max} bytes of records"
                raise TooMuch(why)
        else:
            self.skipped[Skipped.REPEATED] += 1

    def _refuse(self, nth: int, name: str, bad: BadField, count: int) -> None:
        self.reject(f"timeseries[{nth}]" + (f" ({name[:100]})" if name else ""), bad, count)
