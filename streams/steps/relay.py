"""`relay`: the executor's answers and people's orders, onto the tape."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from schemas.codec import Undecodable, decode, encode
from schemas.controls import ALL_CLUSTERS, Control, ControlKind
from schemas.remediation import Observation, Outcome
from schemas.tape import Fact, LogicActivated, Origin, PolicyPublished, TapeRecord
from schemas.topics import OUTCOMES, TAPE
from streams.authors import NOBODY, Authors
from streams.steps.effects import Effects, InputRecord, OpenStep, Output
from streams.steps.reject import reject, rejected
from streams.steps.witness import Changes, Witness


@dataclass(frozen=True, slots=True)
class RelayStep:
    """What it remembers are the orders that its witness has verified."""

    incarnation: str
    tape_partitions: int
    witness: Witness
    now_ms: int = 0
    next_due_ms: int | None = None

    def apply(self, record: InputRecord) -> Effects:
        known = (Outcome, Observation) if record.topic is OUTCOMES else (Control,)
        heard = decode(record.value, *known)
        if isinstance(heard, Undecodable):
            return rejected(record, heard.fault, heard.detail)
        changes: Changes = {}
        if isinstance(heard, Control):
            heard, changes = self.witness.attest(heard, record)
        try:
            fact = _fact(heard)
        except (KeyError, ValueError) as fault:
            detail = f"a parameter is missing or wrong: {fault}"
            return Effects(changes, (reject(record, "malformed", detail),))
        return Effects(changes, tuple(self._outputs(record, heard.cluster, fact)))

    def _outputs(self, record: InputRecord, cluster: str, fact: Fact) -> Iterator[Output]:
        origin = Origin(record.topic.noun, self.incarnation, record.partition, record.offset, 0)
        value = encode(TapeRecord(cluster, fact, origin))
        if cluster != ALL_CLUSTERS:
            yield Output(TAPE, cluster.encode(), value)
            return
        for partition in range(self.tape_partitions):
            yield Output(TAPE, cluster.encode(), value, partition)


def _fact(heard: Outcome | Observation | Control) -> Fact:
    if not isinstance(heard, Control):
        return heard
    match heard.kind:
        case ControlKind.POLICY:
            _for_all(heard)
            given = heard.parameters
            return PolicyPublished(given["digest"], given["source"], heard.author)
        case ControlKind.LOGIC:
            _for_all(heard)
            return LogicActivated(_version(heard.parameters["version"]), heard.author)
        case _:
            return heard


def _for_all(control: Control) -> None:
    """A partition has one policy and one logic, whatever clusters it holds."""
    if control.cluster != ALL_CLUSTERS:
        raise ValueError(f"{control.kind} is for every cluster, not for {control.cluster!r} alone")


def _version(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
        raise ValueError(f"version {text[:100]!r}")
    return int(text)


def open_relay(incarnation: str, tape_partitions: int, authors: Authors = NOBODY) -> OpenStep:
    return lambda partition, entries: RelayStep(
        incarnation, tape_partitions, Witness(authors, partition, tape_partitions, entries)
    )
