"""Samples by target and moment -> records. Nothing is made of a sample but its place in one: where
hundred thousand come each second, an object for each is half of the work."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from schemas import sample_bytes
from streams.ingest.samples.gathered import RECORD_BYTES_MAX, RECORD_OVERHEAD_BYTES
from streams.ingest.samples.target import TARGET, Target

_VALUE_BYTES = 8
_Values = dict[bytes, bytes]
"""By their series, both as they stand in a record."""


class Series(Protocol):
    @property
    def target(self) -> Target: ...

    @property
    def part(self) -> bytes:
        """Its name and its own labels, as they stand in a record before the value."""
        ...


@dataclass(frozen=True, slots=True)
class Measured:
    """One record of `metrics`."""

    labels: dict[str, str]
    """Of its target."""
    value: bytes


@dataclass(frozen=True, slots=True)
class _Place:
    labels: dict[str, str]
    part: bytes
    """The same as they stand in a record."""
    moments: dict[int, _Values] = field(default_factory=dict)


class Bundle:
    def __init__(self, cluster: str) -> None:
        """`cluster`: the one of all of them, whatever they say; empty where they say it."""
        self.size = 0
        """What its records hold; never too low."""
        self._cluster = cluster
        self._begin = sample_bytes.opening()
        self._places: dict[Target, _Place] = {}
        self._named: dict[Target, _Place] = {}
        """The same by what the samples say of them."""

    def add(self, series: Series, at_ms: int, value: float) -> bool:
        """False for a series that has a value of that moment already."""
        place = self._named.get(series.target) or self._place(series.target)
        values = place.moments.get(at_ms)
        if values is None:
            values = place.moments[at_ms] = {}
            self.size += len(place.part) + RECORD_OVERHEAD_BYTES
        part = series.part
        if part in values:
            return False
        values[part] = sample_bytes.number(value)
        self.size += len(part) + _VALUE_BYTES
        return True

    def records(self) -> list[Measured]:
        return [
            Measured(place.labels, sample_bytes.samples(self._begin, place.part, at_ms, values))
            for place in self._places.values()
            for at_ms, all_values in place.moments.items()
            for values in self._cut(all_values)
        ]

    def _cut(self, values: _Values) -> Iterator[_Values]:
        if self.size <= RECORD_BYTES_MAX:  # As almost always.
            yield values
            return
        size, some = 0, _Values()
        for part, value in values.items():
            if size + len(part) + _VALUE_BYTES > RECORD_BYTES_MAX:
                yield some
                size, some = 0, _Values()
            size += len(part) + _VALUE_BYTES
            some[part] = value
        yield some

    def _place(self, target: Target) -> _Place:
        whole = (self._cluster or target[0], *target[1:])
        place = self._places.get(whole)
        if place is None:
            labels = {name: text for name, text in zip(TARGET, whole, strict=True) if text}
            pairs = [sample_bytes.pair(*pair) for pair in sorted(labels.items())]
            place = self._places[whole] = _Place(labels, sample_bytes.texts(pairs))
        self._named[target] = place
        return place
