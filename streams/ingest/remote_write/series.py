"""A series' labels -> what it is measured on, and what is measured: what of it comes again."""

from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from google.protobuf.message import DecodeError

from schemas.sample_bytes import pair, text, texts
from streams.ingest.formats.limits import LABELS_MAX, check_texts
from streams.ingest.formats.parsed import BadField, FaultReason
from streams.ingest.gateway.source import NAMESPACE
from streams.ingest.protobuf import Unreadable, varint
from streams.ingest.remote_write.message import Label, TimeSeries
from streams.ingest.samples.target import TARGET, Target

NAME = "__name__"
_KNOWN_SERIES_MAX = 65_536
"""Some 40 MiB. A series that is not known costs three times as much."""
_KNOWN_SERIES_BYTES_MAX = 1024
_KNOWN_LABELS_MAX = 16_384
_KNOWN_LABEL_BYTES_MAX = 256
_KNOWN_TARGETS_MAX = 4_096
_KNOWN_TIMES_MAX = 1_024

Labels = tuple[bytes, ...]
"""Each still as it came."""
Places = tuple[tuple[str, str], ...]
_SAMPLE = Struct("<3sd7s")
"""Field 2 of 16 bytes: field 1, the value; field 2, a time of six bytes."""
_SAMPLE_BEGINS = b"\x12\x10\x09"
_TIME_BEGINS = 0x10
_METRIC, _OWN, _OWN_OF_PLACE = -1, -2, -3
"""Instead of a place in TARGET."""
_NAMESPACE = TARGET.index(NAMESPACE)
_NOWHERE = [""] * len(TARGET)


class Series(NamedTuple):
    target: Target
    name: str
    part: bytes
    """Its name and its own labels, as they stand in a record before the value."""
    places: Places
    """Of all its labels those that name a namespace, as far as a source may be limited to some."""


def of_one_sample(raw: bytes) -> tuple[Series, int, float] | None:
    """A series as Prometheus writes it, labels before its one sample, with the time and the value;
    None for another, which may be as good.

    What stands before those bytes is a message by itself, and was read before: a message in two
    pieces is what the pieces say.
    """
    at = len(raw) - _SAMPLE.size
    if not 0 <= at <= _KNOWN_SERIES_BYTES_MAX:
        return None
    begins, value, time = _SAMPLE.unpack_from(raw, at)
    if begins != _SAMPLE_BEGINS or (at_ms := _known_time(time)) is None:
        return None
    series = _known_series(raw[:at])
    return (series, at_ms, value) if series else None


def read_series(raw_labels: Labels) -> Series:
    """Raises BadField, which names the label."""
    if len(raw_labels) > LABELS_MAX:
        why = f"{len(raw_labels)} of them, at most {LABELS_MAX} are taken"
        raise BadField("labels", why, FaultReason.OVER_LIMIT)
    before, metric, target = "", None, _NOWHERE.copy()
    own: list[bytes] = []
    places: Places = ()
    for raw in raw_labels:
        label = _known(raw) if len(raw) <= _KNOWN_LABEL_BYTES_MAX else _read(raw)
        name, value, nth, part = label
        if name <= before:
            raise _unsorted(before, name)
        before = name
        if nth == _OWN:
            own.append(part)
        elif nth >= 0:
            target[nth] = value
            if nth == _NAMESPACE:
                places += (label[:2],)
        elif nth == _METRIC:
            metric = value, part
        else:
            own.append(part)
            places += (label[:2],)
    if metric is None:
        raise BadField(f"labels.{NAME}", "missing", FaultReason.NO_LABELS)
    return Series(_known_target(tuple(target)), metric[0], metric[1] + texts(own), places)


def metric_name(raw_labels: Labels) -> str:
    """Of a series that cannot be read, where that at least can be."""
    for raw in raw_labels[:LABELS_MAX]:
        try:
            label = Label.FromString(raw)
        except DecodeError:
            continue
        if label.name == NAME:
            return str(label.value)
    return ""


def _unsorted(before: str, name: str) -> BadField:
    if name == before:
        return BadField(f"labels.{name}", "given twice")
    return BadField(f"labels.{name}", f"stands behind {before!r}: labels must be sorted")


def _read(raw: bytes) -> tuple[str, str, int, bytes]:
    """Its name, its value, which of TARGET it is, and how it stands in a record."""
    try:
        label = Label.FromString(raw)
    except DecodeError:
        raise BadField("labels", "one is no label in protobuf and UTF-8") from None
    name, value = label.name, label.value
    check_texts("labels", {name: value})
    if not name or not value:
        raise BadField(f"labels.{name[:100]}", "the name and the value may not be empty")
    if name == NAME:
        return name, value, _METRIC, text(value)
    own = _OWN_OF_PLACE if NAMESPACE in name.lower() else _OWN
    return name, value, TARGET.index(name) if name in TARGET else own, pair(name, value)


_known = lru_cache(_KNOWN_LABELS_MAX)(_read)
"""Most labels of a series are those of others: of its target, and of itself a moment ago."""


@lru_cache(_KNOWN_SERIES_MAX)
def _known_series(labels: bytes) -> Series | None:
    """None where it is more than labels, or nothing good: whoever reads all of it says why."""
    try:
        message = TimeSeries.FromString(labels)
        if message.samples or message.exemplars or message.histograms:
            return None
        return read_series(tuple(message.labels))
    except (DecodeError, BadField):
        return None


@lru_cache(_KNOWN_TARGETS_MAX)
def _known_target(target: Target) -> Target:
    """The same one for the same values: kept once, and soon compared."""
    return target


@lru_cache(_KNOWN_TIMES_MAX)
def _known_time(field: bytes) -> int | None:
    try:
        at_ms, end = varint(field, 1)
    except Unreadable:
        return None
    return at_ms if field[0] == _TIME_BEGINS and end == len(field) else None
