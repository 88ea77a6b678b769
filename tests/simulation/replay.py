"""A partition's tape decided once more by one who never crashed; and once more without what came
again, which must have changed nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from schemas.codec import Undecodable, encode
from schemas.controls import ALL_CLUSTERS
from schemas.incidents import Decision, Incident
from schemas.notices import Notice
from schemas.remediation import Command
from schemas.tape import TapeRecord, Tick
from schemas.topics import COMMANDS, DECISIONS, INCIDENTS, NOTICES, TAPE
from streams.core import chain
from streams.core.decide import Out, decide
from streams.core.draft import Placed
from streams.core.entries import ScopeState
from streams.core.policy import Policy
from streams.core.state import State
from streams.steps.effects import InputRecord
from streams.steps.place import placed
from streams.steps.state_codec import encode_entry
from tests.simulation.broker import Kept
from tests.simulation.heard import Heard
from tests.simulation.judges import Judges
from tests.simulation.processor import BOOK, is_at_rest

TOPIC_OF = {Decision: DECISIONS, Notice: NOTICES, Incident: INCIDENTS}
"""Whatever else is decided is for the executor."""
OF_THE_WORLD = ("alert", "crowd", "freeze", "group", "incident", "lease", "service", "silence")
"""Entries that say what is the matter, and not how the tape was read."""


@dataclass
class Replay:
    """What the tape of one partition comes to."""

    partition: int
    policy: Policy
    state: State = field(default_factory=State)
    heard: Heard = field(default_factory=Heard)
    outputs: dict[str, list[bytes]] = field(default_factory=dict)
    """By topic."""
    commands: dict[str, Command] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    _once: State | None = None
    """What it comes to with the passing of time in the place of what came again, once some has."""
    _links: dict[str, tuple[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._judges = Judges(self.policy)

    def hears(self, tape: Sequence[Kept]) -> None:
        for kept in tape:
            self._hear(self._placed(kept))
        self.findings += self._changed_by_repeats()
        self.findings += [f"out of order: {record.origin}" for record in self.heard.out_of_order]
        self.findings += self._restless()

    def _placed(self, kept: Kept) -> Placed:
        record = InputRecord(
            TAPE, self.partition, kept.offset, kept.timestamp, kept.key, kept.value
        )
        fact = placed(record)
        assert not isinstance(fact, Undecodable)
        return fact

    def _hear(self, fact: Placed) -> None:
        new = self.heard.new_of(fact.record)
        self._hear_once(fact, new)
        step = decide(BOOK, self.state, fact)
        self.state.apply(step.changes)
        told = new.fact if new else None
        for words in self._judges.see(fact.at_ms, told, step.outputs):
            self._found(fact.offset, words)
        for out in step.outputs:
            self._gives(fact.offset, out)

    def _hear_once(self, fact: Placed, new: TapeRecord | None) -> None:
        """Up to the first that comes again the two states are one."""
        if self._once is None and new != fact.record:
            self._once = State(dict(self.state.items()))
        if self._once is not None:
            time_passes = TapeRecord(ALL_CLUSTERS, Tick(fact.at_ms))
            once = replace(fact, record=new or time_passes)
            self._once.apply(decide(BOOK, self._once, once).changes)

    def _gives(self, offset: int, out: Out) -> None:
        self.outputs.setdefault(TOPIC_OF.get(type(out), COMMANDS).noun, []).append(encode(out))
        if isinstance(out, Command):
            self.commands[out.command_id] = out
        elif isinstance(out, Decision):
            seq, link = self._links.get(out.cluster, (0, ""))
            if (out.seq, out.previous) != (seq + 1, link):
                self._found(offset, f"the chain of {out.cluster} is broken at {out.seq}")
            self._links[out.cluster] = (out.seq, chain.link(out))

    def _changed_by_repeats(self) -> Iterator[str]:
        if self._once is None:
            return
        mine, due = _of_the_world(self.state), _of_the_world(self._once)
        if differ := sorted(k for k in mine.keys() | due.keys() if mine.get(k) != due.get(k)):
            yield f"what came again has changed {differ[:3]}"

    def _restless(self) -> Iterator[str]:
        """After silence every incident is over or with a human, and every lease is returned."""
        for key, entry in self.state.items():
            if not is_at_rest(entry):
                yield f"{key} never comes to rest: {getattr(entry, 'phase', type(entry).__name__)}"

    def _found(self, offset: int, words: str) -> None:
        self.findings.append(f"tape/{self.partition}@{offset}: {words}")


def _of_the_world(state: State) -> dict[str, bytes]:
    found = {}
    for key, entry in state.items():
        if isinstance(entry, ScopeState):
            found[key] = encode_entry(ScopeState(killed=entry.killed))
        elif key.split("/")[0] in OF_THE_WORLD:
            found[key] = encode_entry(entry)
    return found
