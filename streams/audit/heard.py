"""A record as the checks hear it: decoded once, and on the tape marked where the core drops it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas import sightings
from schemas.codec import DecodeFault, Undecodable, decode
from schemas.controls import Control, Heartbeat, Switch
from schemas.incidents import Decision, Incident
from schemas.metrics import Samples
from schemas.rejects import Reject
from schemas.remediation import Command, Observation, Outcome, Withdrawal
from schemas.tape import Origin, Sightings, TapeRecord
from schemas.topics import (
    ALERTS,
    COMMANDS,
    CONTROLS,
    DECISIONS,
    INCIDENTS,
    METRICS,
    OUTCOMES,
    REJECTS,
    SWITCHES,
    TAPE,
)
from streams.audit.verdict import Place, place_of
from streams.ingest.formats import catalog as sources
from streams.steps.effects import InputRecord

RECORDS: Mapping[str, tuple[type, ...]] = {
    METRICS.noun: (Samples,),
    TAPE.noun: (TapeRecord,),
    DECISIONS.noun: (Decision,),
    INCIDENTS.noun: (Incident,),
    COMMANDS.noun: (Command, Withdrawal),
    OUTCOMES.noun: (Outcome, Observation),
    CONTROLS.noun: (Control,),
    REJECTS.noun: (Reject,),
    SWITCHES.noun: (Switch, Heartbeat),
}


@dataclass(frozen=True, slots=True)
class Given:
    """What a fact holds of one input record, and the core takes."""

    offset: int
    index: int
    count: int


NOTHING: tuple[Given, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    record: InputRecord
    value: Any
    """The record; an Undecodable; of `alerts` what was read in it; None where nobody reads it."""
    repeat: bool = False
    """On the tape: the core has applied this fact, or a later one of its input, before."""
    given: tuple[Given, ...] = NOTHING
    """On the tape: by the records that the fact was made from."""

    @property
    def place(self) -> Place:
        return place_of(self.record)


class Ear:
    """Decodes, and keeps for each input and cluster how far it was applied, as
    `streams.core.origins` does."""

    def __init__(self) -> None:
        self._marks: dict[tuple[int, str, str, int, str], tuple[int, int]] = {}

    def hear(self, record: InputRecord) -> Heard:
        value = DECODERS.get(record.topic.noun, _decoded)(record)
        if not isinstance(value, TapeRecord) or value.origin is None:
            return Heard(record, value)
        return self._hear_fact(record, value, value.origin)

    def _hear_fact(self, record: InputRecord, value: TapeRecord, origin: Origin) -> Heard:
        source = (origin.topic, origin.incarnation, origin.partition)
        key = (record.partition, *source, value.cluster)
        mark, at = self._marks.get(key, (-1, -1)), (origin.offset, origin.index)
        if at <= mark:
            return Heard(record, value, repeat=True)
        self._marks[key] = at
        if not isinstance(value.fact, Sightings):
            return Heard(record, value, given=(Given(*at, 1),))
        if not value.fact.parts:
            return Heard(record, value, given=(Given(*at, value.fact.count),))
        parts = (Given(p.offset, 0, p.count) for p in value.fact.parts if p.offset > mark[0])
        return Heard(record, value, given=tuple(parts))


def _decoded(record: InputRecord) -> Any:
    known = RECORDS.get(record.topic.noun)
    return decode(record.value, *known) if known else None


def _alerts(record: InputRecord) -> Any:
    source = record.header("source") or "unknown"
    format = record.header("format")
    return sources.read(record.value, source, format, record.at_ms, headers=record.headers)


def _fact(record: InputRecord) -> Any:
    """A delivery whose inside cannot be read changes nothing, as if it could not be read at all."""
    found = decode(record.value, TapeRecord)
    if isinstance(found, TapeRecord) and isinstance(found.fact, Sightings):
        try:
            sightings.unpack(found.fact)
        except ValueError as fault:
            return Undecodable(DecodeFault.MALFORMED, str(fault))
    return found


DECODERS: Mapping[str, Callable[[InputRecord], Any]] = {ALERTS.noun: _alerts, TAPE.noun: _fact}
