"""What an audit says of one invariant: how much it has checked, and the first record against it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.steps.effects import InputRecord

INVARIANTS: Mapping[str, str] = {
    "I1": "what a sender was told is accepted is on `alerts`",
    "I2": "what was accepted is on the tape or in `rejects`",
    "I3": "a command has one effect at most",
    "I4": "an effect was announced before, and has one end",
    "I5": "an effect is in time, and on the object that was meant",
    "I6": "no more than the policy's limits allow",
    "I7": "nothing under a kill switch or in a freeze",
    "I8": "no incident waits beyond its time",
    "I9": "no canary anywhere",
    "I10": "the tape gives the same decisions again",
    "I11": "every cursor reaches its input's end, every journal says one thing",
    "I12": "the chains of decisions are whole, and cover the tape",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A record, as people find it again."""

    topic: str
    partition: int
    offset: int
    at_ms: int = 0

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


def place_of(record: InputRecord) -> Place:
    return Place(record.topic.noun, record.partition, record.offset, record.at_ms)


@dataclass(frozen=True, slots=True)
class Finding:
    """One record that speaks against an invariant."""

    invariant: str
    place: Place | None
    id: str
    """Of the command, incident, cluster or whatever it is about."""
    why: str


@dataclass(slots=True)
class Verdict:
    invariant: str
    checked: int = 0
    violations: int = 0
    pending: int = 0
    """What is still under way, and so neither right nor wrong."""
    first: Finding | None = None
    """By the broker's time."""
    unverified: list[str] = field(default_factory=list)
    """What could not be checked, in words."""

    def against(self, place: Place | None, id: str, why: str) -> None:
        self.violations += 1
        if self.first is None or _at_ms(place) < _at_ms(self.first.place):
            self.first = Finding(self.invariant, place, id, why)


def _at_ms(place: Place | None) -> float:
    return float("inf") if place is None else place.at_ms
