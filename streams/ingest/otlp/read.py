"""A request of OTLP metrics -> records of `metrics`, and what is wrong with the rest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import isfinite
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError

from schemas.topics import KIB, MIB
from streams.ingest import protobuf
from streams.ingest.formats.parsed import BadField, FaultReason
from streams.ingest.gateway.source import CLUSTER
from streams.ingest.otlp.message import (
    CUMULATIVE,
    NO_RECORDED_VALUE,
    POINTS,
    Metric,
    RequestMessage,
    ResourceMetrics,
    ScopeMetrics,
)
from streams.ingest.otlp.names import COUNTER, metric_name
from streams.ingest.otlp.parts import part_of
from streams.ingest.otlp.place import KNOWN_BYTES_MAX, Pairs, Place, place_of, read_resource
from streams.ingest.otlp.points import Reading, readings_of
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
from streams.ingest.samples.target import Target

PARTS_MAX = 100_000
"""Resources, scopes, metrics and data points of one request. The Collector sends 8,192 points."""
COUNTED_BYTES = 64 * KIB
"""What is larger is counted before it is read."""
COLLECTION_MS = 100
"""Points of a target that are nearer to each other are of one collection: Go's SDK reads the clock
for each instrument anew, and a ratio of two instruments wants both at one moment."""
NAME_CHARS_MAX = 1024
LABELS_CHARS_MAX = 64 * MIB
"""Of all points whose labels are too many to be remembered. A large resource is one in the request,
and work at each of its points, of which nothing need come: the same series, or another's."""
_LEFT_OUT = {
    Skipped.DELTA: "not cumulative: the sender must be told to send cumulative sums",
    Skipped.EXPONENTIAL_HISTOGRAM: "an exponential histogram: have explicit buckets sent",
}
"""Well-formed, not taken, and the sender is told."""


class Unreadable(ValueError):
    """Not a message of OpenTelemetry."""


class _Series(NamedTuple):
    target: Target
    part: bytes
    """Its name and its own labels, as they stand in a record before the value."""


@dataclass(slots=True)
class Request(Gathered):
    """A request, as far as it has been read. What cannot be read counts as one data point."""

    points: int = 0
    """All that were sent, of whatever kind."""
    _parts: int = 0
    _label_chars: int = 0
    _bundle: Bundle = field(init=False)
    _moments: dict[tuple[Target, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._bundle = Bundle(self.source.cluster or "")

    def records(self) -> list[Measured]:
        return self._bundle.records()

    @property
    def points_refused(self) -> int:
        return self.rejected.total() + sum(self.skipped[kind] for kind in _LEFT_OUT)

    def read(self, body: bytes) -> None:
        """Raises Unreadable, of which nothing is kept, or TooMuch."""
        request = _message(RequestMessage, body)
        for r, raw in self._each(request.resource_metrics):
            of_resource = _message(ResourceMetrics, raw)
            resource = _read_resource(of_resource.resource)
            for s, scoped in self._each(of_resource.scope_metrics):
                for m, metric in self._each(_message(ScopeMetrics, scoped).metrics):
                    where = f"resourceMetrics[{r}].scopeMetrics[{s}].metrics[{m}]"
                    self._metric(where, resource, metric)

    def _each(self, parts: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
        self._parts += len(parts)
        if self._parts > PARTS_MAX:
            raise TooMuch(f"more than {PARTS_MAX} resources, scopes, metrics and points")
        return enumerate(parts)

    def _metric(self, where: str, resource: Pairs | BadField, raw: bytes) -> None:
        _check_parts(raw)
        try:
            metric = Metric.FromString(raw)
        except DecodeError:
            self.points += 1
            return self.reject(where, BadField("", "no metric in protobuf and UTF-8"))
        kind = metric.WhichOneof("data")
        if kind is None:
            return None
        holder, point_type = POINTS[kind]
        held = _message(holder, getattr(metric, kind))
        points = self._each(held.data_points)
        self.points += len(held.data_points)
        where += f" ({metric.name[:100]})"
        if not held.data_points:
            return None
        if left_out := _left_out(kind, held):
            self.skipped[left_out] += len(held.data_points)
            return self.tell(where, _LEFT_OUT[left_out])
        name = _name(metric, kind, held)
        for bad in (name, resource):
            if isinstance(bad, BadField):
                return self.reject(where, bad, len(held.data_points))
        for nth, raw_point in points:
            try:
                self._point(name, kind, resource, raw_point, point_type)
            except BadField as bad:
                self.reject(f"{where}.dataPoints[{nth}]", bad)
        return None

    def _point(self, name: str, kind: str, resource: Pairs, raw: bytes, point_type: Any) -> None:
        """Raises BadField."""
        if len(raw) > SERIES_BYTES_MAX:
            raise BadField("", f"longer than {SERIES_BYTES_MAX} bytes", FaultReason.OVER_LIMIT)
        try:
            point = point_type.FromString(raw)
        except DecodeError:
            raise BadField("", "no data point in protobuf") from None
        place = place_of(resource, tuple(point.attributes))
        self._count_labels(place)
        self._check_scope(place)
        at_ms = point.time_unix_nano // 1_000_000
        if not -BEHIND_MAX_MS <= at_ms - self.now_ms <= AHEAD_MAX_MS:
            raise wrong_time("timeUnixNano", at_ms)
        if kind in ("histogram", "gauge", "sum") and point.exemplars:
            self.skipped[Skipped.EXEMPLAR] += len(point.exemplars)
        if point.flags & NO_RECORDED_VALUE:
            self.skipped[Skipped.STALE] += 1
            return
        readings = readings_of(kind, point)
        at_ms = self._moment(place.target, at_ms)
        for reading in readings:
            if isfinite(reading.value):
                self._take(name, place, at_ms, reading)
            else:
                self.skip(reading.value)

    def _count_labels(self, place: Place) -> None:
        """Raises TooMuch."""
        if place.size > KNOWN_BYTES_MAX:
            self._label_chars += place.size
            if self._label_chars > LABELS_CHARS_MAX:
                raise TooMuch(f"its points have more than {LABELS_CHARS_MAX} characters of labels")

    def _check_scope(self, place: Place) -> None:
        if self.source.is_limited:
            cluster = self.source.cluster or place.target[0]
            if fault := self.source.may_not_name({**dict(place.namespaces), CLUSTER: cluster}):
                raise BadField(f"labels.{fault[0][:100]}", fault[1], FaultReason.NOT_ALLOWED)

    def _moment(self, target: Target, at_ms: int) -> int:
        """Of the collection that the point is of."""
        slot = at_ms // COLLECTION_MS
        for near in (slot, slot - 1, slot + 1):
            known_ms = self._moments.get((target, near))
            if known_ms is not None and abs(known_ms - at_ms) < COLLECTION_MS:
                return known_ms
        self._moments[target, slot] = at_ms
        return at_ms

    def _take(self, name: str, place: Place, at_ms: int, reading: Reading) -> None:
        part = part_of(name + reading.suffix, place.labels, reading.label, reading.text)
        if not self._bundle.add(_Series(place.target, part), at_ms, reading.value):
            raise BadField("", "its series is given twice: do two say they are the same instance?")
        self.taken += 1
        if self._bundle.size > self.bytes_max:
            why = f"its samples would become more than {self.bytes_max} bytes of records"
            raise TooMuch(why)


def _read_resource(raw: bytes) -> Pairs | BadField:
    """Once for all that is measured on it, for good or bad."""
    try:
        return read_resource(raw)
    except BadField as bad:
        return bad


def _name(metric: Any, kind: str, held: Any) -> str | BadField:
    if len(metric.name) + len(metric.unit) > NAME_CHARS_MAX:
        why = f"more than {NAME_CHARS_MAX} characters with its unit"
        return BadField("name", why, FaultReason.OVER_LIMIT)
    is_counter = kind == "sum" and held.is_monotonic
    name = metric_name(metric.name, metric.unit, COUNTER if is_counter else kind)
    no_name = BadField("name", "no part of it can stand in a name", FaultReason.NO_LABELS)
    return name or no_name


def _left_out(kind: str, held: Any) -> Skipped | None:
    if kind == "exponential_histogram":
        return Skipped.EXPONENTIAL_HISTOGRAM
    if kind in ("sum", "histogram") and held.aggregation_temporality != CUMULATIVE:
        return Skipped.DELTA
    return None


def _check_parts(raw: bytes) -> None:
    """The library makes twenty bytes of each of two: counted by hand, they stay two."""
    if len(raw) <= COUNTED_BYTES:
        return
    try:
        if next(islice(protobuf.parts(raw), PARTS_MAX, None), None):
            raise TooMuch(f"more than {PARTS_MAX} parts in one message")
    except protobuf.Unreadable:
        raise Unreadable("no metrics of OpenTelemetry in protobuf") from None


def _message(kind: Any, raw: bytes) -> Any:
    _check_parts(raw)
    try:
        return kind.FromString(raw)
    except DecodeError:
        raise Unreadable("no metrics of OpenTelemetry in protobuf") from None
