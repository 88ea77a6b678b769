"""A partition's tape decided once more by one who never crashed, and a referee who watches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from schemas.codec import Undecodable, encode
from schemas.controls import Control, ControlKind
from schemas.incidents import Decision, Incident
from schemas.notices import Notice
from schemas.remediation import Command, CommandKind, Observation, Outcome
from schemas.tape import Fact, Sightings, TapeRecord
from schemas.topics import COMMANDS, DECISIONS, INCIDENTS, NOTICES, TAPE
from streams.core import chain
from streams.core.decide import Out, decide
from streams.core.policy import Policy
from streams.core.state import State
from streams.steps.effects import InputRecord
from streams.steps.place import placed
from tests.simulation.broker import Kept
from tests.simulation.processor import BOOK, is_at_rest
from tests.streams.core.model import Model
from tests.streams.core.referee import Referee

TOPIC_OF = {Decision: DECISIONS, Command: COMMANDS, Notice: NOTICES, Incident: INCIDENTS}


@dataclass
class Replay:
    """What the tape of one partition comes to."""

    partition: int
    policy: Policy
    state: State = field(default_factory=State)
    outputs: dict[str, list[bytes]] = field(default_factory=dict)
    """By topic."""
    commands: dict[str, Command] = field(default_factory=dict)
    orders: list[Control] = field(default_factory=list)
    reached: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    """By input partition: the offsets that facts came from."""
    findings: list[str] = field(default_factory=list)
    _marks: dict[tuple[tuple[str, int], str], tuple[int, int]] = field(default_factory=dict)
    _links: dict[str, tuple[int, str]] = field(default_factory=dict)

    now_ms: int = 0
    _shown: dict[str, tuple[str, int]] = field(default_factory=dict)
    """By incident: the target as it was when people were asked."""
    _model: Model = field(default_factory=Model)

    def __post_init__(self) -> None:
        self._referee = Referee(self.policy)

    def hears(self, tape: Sequence[Kept]) -> None:
        for kept in tape:
            self._hear(kept)
        self.findings += self._unfinished()

    def _hear(self, kept: Kept) -> None:
        self.now_ms = max(self.now_ms, kept.timestamp)
        fact = placed(
            InputRecord(TAPE, self.partition, kept.offset, kept.timestamp, kept.key, kept.value)
        )
        assert not isinstance(fact, Undecodable)
        step = decide(BOOK, self.state, fact)
        self.state.apply(step.changes)
        new = self._is_new(fact.record, kept.offset)
        if new and isinstance(fact.record.fact, Control):
            self.orders.append(fact.record.fact)
        try:
            if new:
                self._referee.hears(kept.timestamp, fact.record.fact)
                self._model_hears(fact.record.fact)
            self._referee.sees(kept.timestamp, step.outputs)
            self._model.hears(self.now_ms, step.outputs)
        except AssertionError as broken:
            self._found(kept.offset, str(broken) or "the referee's books do not add up")
        for out in step.outputs:
            self._gives(kept.offset, out)
        self._is_as_approved(kept.offset, fact.record.fact, step.outputs)

    def _model_hears(self, fact: Fact) -> None:
        if isinstance(fact, Outcome):
            self._model.told(fact)
        elif isinstance(fact, Control) and fact.kind is ControlKind.KILL:
            self._model.killed.add(fact.cluster)
        elif isinstance(fact, Control) and fact.kind is ControlKind.UNKILL:
            self._model.killed.discard(fact.cluster)

    def _is_as_approved(self, offset: int, fact: Fact, outs: Sequence[Out]) -> None:
        """People say yes to what they were shown, and to nothing that has moved since."""
        if not isinstance(fact, Observation):
            return
        now = (fact.uid, fact.generation)
        for out in outs:
            if isinstance(out, Notice) and out.proposal:
                self._shown[out.incident_id] = now
            elif isinstance(out, Command) and self._needs_a_yes(out):
                shown = self._shown.pop(out.incident_id, now)
                if shown != now:
                    self._found(offset, f"{out.action} at {now}, and approved was {shown}")

    def _needs_a_yes(self, command: Command) -> bool:
        acts = command.kind is CommandKind.ACT
        return acts and self._referee.rung(command.action).approval.always

    def _is_new(self, record: TapeRecord, offset: int) -> bool:
        """Of what several deliveries have given, any may be new."""
        origin = record.origin
        if origin is None:
            return True
        place, cluster = (origin.topic, origin.partition), record.cluster
        parts = record.fact.parts if isinstance(record.fact, Sightings) else ()
        offsets = [part.offset for part in parts] or [origin.offset]
        mark = self._marks.get((place, cluster), (-1, -1))
        if (origin.offset, origin.index) <= mark:
            return False
        if offsets != sorted(offsets):
            self._found(offset, f"{place} is out of order: {offsets}")
        self.reached.setdefault(place, set()).update(offsets)
        self._marks[place, cluster] = (origin.offset, origin.index)
        return True

    def _gives(self, offset: int, out: Out) -> None:
        self.outputs.setdefault(TOPIC_OF[type(out)].noun, []).append(encode(out))
        if isinstance(out, Command):
            self.commands[out.command_id] = out
        elif isinstance(out, Decision):
            seq, link = self._links.get(out.cluster, (0, ""))
            if (out.seq, out.previous) != (seq + 1, link):
                self._found(offset, f"the chain of {out.cluster} is broken at {out.seq}")
            self._links[out.cluster] = (out.seq, chain.link(out))

    def _unfinished(self) -> Iterator[str]:
        """After silence every incident is over, muted by what lasts, or with a human."""
        for key, entry in self.state.items():
            if not is_at_rest(entry):
                yield f"{key} never comes to rest: {getattr(entry, 'phase', 'sent')}"

    def _found(self, offset: int, words: str) -> None:
        self.findings.append(f"tape/{self.partition}@{offset}: {words}")
