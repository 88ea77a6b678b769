"""What a step takes and gives: one input record in; changed entries and outputs out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from schemas.topics import Topic

ANNOUNCED = b"/!/"
"""Leads the keys of what is announced. A step that is opened with some takes it over: it tells it
again, and ends the entries."""


@dataclass(frozen=True, slots=True)
class InputRecord:
    """A record as the broker gave it. `at_ms` is the broker's append time."""

    topic: Topic
    partition: int
    offset: int
    at_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()

    def header(self, name: str) -> str | None:
        return next((v.decode(errors="replace") for k, v in self.headers if k == name), None)


def without_nulls(headers: Iterable[tuple[str, bytes | None]]) -> tuple[tuple[str, bytes], ...]:
    """A header that has no value says nothing."""
    return tuple((name, value) for name, value in headers if value is not None)


@dataclass(frozen=True, slots=True)
class Output:
    """A record to be written. Without a partition the key chooses it."""

    topic: Topic
    key: bytes
    value: bytes
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Effects:
    """`changes` maps an entry's key to its new bytes, or to None where the entry ends."""

    changes: Mapping[bytes, bytes | None] = field(default_factory=dict)
    outputs: tuple[Output, ...] = ()
    announced: Mapping[bytes, bytes] = field(default_factory=dict)
    """Entries that are stored before the outputs are sent, and end with `changes`: of a step that
    could not come to its outputs once more. Whoever is opened after a crash in between has them."""


class PartitionStep(Protocol):
    """One agent's logic for one input partition, with its state in memory.

    `apply` advances that memory at once: whoever cannot store the effects must not go on using
    the step. It reads no clock, no network and no environment.
    """

    @property
    def now_ms(self) -> int:
        """The highest input time seen; 0 before the first."""

    @property
    def next_due_ms(self) -> int | None:
        """When this partition next needs a record (a tick) even if nothing happens."""

    def apply(self, record: InputRecord) -> Effects: ...


@runtime_checkable
class PackingStep(Protocol):
    """A step that makes less of many records at once than of each alone."""

    def apply_all(self, records: Sequence[InputRecord]) -> Effects: ...


@runtime_checkable
class LimitedStep(Protocol):
    """A step that does not watch all that it hears of."""

    @property
    def left_out(self) -> Mapping[str, int]:
        """How many series a limit keeps out, by kind of rule."""


OpenStep = Callable[[int, Mapping[bytes, bytes]], PartitionStep]
"""Makes a partition's step from the partition's number and its recovered entries."""
