"""One data point -> its samples, named and labelled as Prometheus would."""

from collections.abc import Iterator
from itertools import accumulate, pairwise
from math import inf, isnan, nan
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError

from streams.ingest.formats.parsed import BadField, FaultReason
from streams.ingest.otlp.message import Quantile
from streams.ingest.otlp.values import number_text

BUCKETS_MAX = 1000
"""And quantiles: each becomes a sample. OpenTelemetry's own default is 15 bounds."""


class Reading(NamedTuple):
    """One sample of a point."""

    value: float
    suffix: str = ""
    label: str = ""
    """The name of the label that this one has more than its point."""
    text: str = ""


NO_VALUE = Reading(nan)


def readings_of(kind: str, point: Any) -> list[Reading]:
    """Raises BadField."""
    return list(_READERS[kind](point))


def _number(point: Any) -> Iterator[Reading]:
    which = point.WhichOneof("value")
    yield Reading(float(getattr(point, which))) if which else NO_VALUE


def _histogram(point: Any) -> Iterator[Reading]:
    bounds, counts = list(point.explicit_bounds), list(point.bucket_counts)
    if len(bounds) > BUCKETS_MAX:
        why = f"{len(bounds)} of them, at most {BUCKETS_MAX} are taken"
        raise BadField("explicit_bounds", why, FaultReason.OVER_LIMIT)
    if any(map(isnan, bounds)) or any(a >= b for a, b in pairwise(bounds)):
        raise BadField("explicit_bounds", "they do not increase")
    if len(counts) != len(bounds) + 1 and (counts or bounds):
        raise BadField("bucket_counts", f"{len(counts)} of {len(bounds)} bounds, and one more")
    if counts and sum(counts) != point.count:
        raise BadField("bucket_counts", f"they make {sum(counts)} and not {point.count}")
    for bound, below in zip(bounds, accumulate(counts), strict=False):
        if bound != inf:
            yield Reading(float(below), "_bucket", "le", number_text(bound))
    yield Reading(float(point.count), "_bucket", "le", "+Inf")
    if point.HasField("sum"):
        yield Reading(point.sum, "_sum")
    yield Reading(float(point.count), "_count")


def _summary(point: Any) -> Iterator[Reading]:
    if len(point.quantile_values) > BUCKETS_MAX:
        why = f"{len(point.quantile_values)} of them, at most {BUCKETS_MAX} are taken"
        raise BadField("quantile_values", why, FaultReason.OVER_LIMIT)
    for raw in point.quantile_values:
        try:
            one = Quantile.FromString(raw)
        except DecodeError:
            raise BadField("quantile_values", "one is no quantile in protobuf") from None
        yield Reading(one.value, "", "quantile", number_text(one.quantile))
    yield Reading(point.sum, "_sum")
    yield Reading(float(point.count), "_count")


_READERS = {"gauge": _number, "sum": _number, "histogram": _histogram, "summary": _summary}
