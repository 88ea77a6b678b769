"""Samples in a file: a line of JSON for each record, as it was recorded."""

from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path

import msgspec

from schemas.codec import decode, encode
from schemas.metrics import Sample, Samples
from schemas.topics import METRICS
from streams.reading.faults import Fault, FileError
from streams.steps.effects import InputRecord

LINE_BYTES_MAX = 16 * 1024 * 1024


class Line(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    labels: Mapping[str, str]
    """Of the target."""
    at_ms: int
    samples: tuple[Sample, ...]
    received_at_ms: int = 0
    """The broker's time; else `at_ms`."""
    partition: int = 0


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Line).decode


def written(record: InputRecord) -> bytes | None:
    """None for what is no samples. JSON has no NaN, and no rule reads it."""
    found = decode(record.value, Samples)
    if not isinstance(found, Samples):
        return None
    finite = tuple(sample for sample in found.samples if isfinite(sample.value))
    line = Line(found.labels, found.at_ms, finite, record.at_ms, record.partition)
    return _encode(line) + b"\n"


def read(path: Path) -> Iterator[InputRecord]:
    """Raises FileError for the first line that cannot be read, or OSError."""
    with path.open("rb") as file:
        number = 0
        while text := file.readline(LINE_BYTES_MAX):
            number += 1
            if text.strip():
                yield _record(path, number, text)


def _record(path: Path, number: int, text: bytes) -> InputRecord:
    try:
        line = _decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise FileError([Fault(str(path), number, 1, f"no record of samples: {fault}")]) from None
    value = encode(Samples(line.labels, line.at_ms, line.samples))
    at_ms = line.received_at_ms or line.at_ms
    return InputRecord(METRICS, line.partition, number, at_ms, None, value)
