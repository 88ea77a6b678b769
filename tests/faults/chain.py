"""A step whose every state and output depends on all before: a hash chain per key.

One record lost, doubled or applied to the wrong state changes everything after it, so comparing
with a chain recomputed from the input shows any fault of the host.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.topics import COMMANDS, DECISIONS, INCIDENTS, NOTICES, REJECTS, Topic
from streams.host.inputs import (
    DECIDE,
    DETECT,
    OBSERVE,
    RELAY_CONTROLS,
    RELAY_OUTCOMES,
    AgentInput,
)
from streams.steps.effects import Effects, InputRecord, Output

OUTPUTS: Mapping[AgentInput, Topic] = {
    OBSERVE: REJECTS,
    RELAY_OUTCOMES: NOTICES,
    RELAY_CONTROLS: DECISIONS,
    DETECT: INCIDENTS,
    DECIDE: COMMANDS,
}
"""Where the chain of each input writes; nobody else does."""
ENDS = b"end"
"""A record with this value ends its key's entry; the next one starts the chain anew."""
SWARM = b"swarm"


@dataclass(frozen=True, slots=True)
class Fact:
    offset: int
    key: bytes
    value: bytes


def link(before: bytes, fact: Fact) -> bytes:
    return hashlib.blake2b(before + b"%d" % fact.offset + fact.value, digest_size=16).digest()


class ChainStep:
    """`ms_per_record` makes its time run faster than the broker's: by that much for each record."""

    def __init__(
        self,
        topic: Topic,
        partition: int,
        entries: Mapping[bytes, bytes],
        ms_per_record: int = 0,
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.entries = dict(entries)
        self.now_ms = 0
        self.next_due_ms: int | None = None
        self._ms_per_record = ms_per_record

    def apply(self, record: InputRecord) -> Effects:
        assert record.key is not None
        assert record.value is not None
        run_ahead_ms = record.offset * self._ms_per_record
        self.now_ms = max(self.now_ms, record.at_ms + run_ahead_ms)
        return self.advance(Fact(record.offset, record.key, record.value))

    def advance(self, fact: Fact) -> Effects:
        linked = link(self.entries.get(fact.key, b""), fact)
        output = Output(self.topic, b"%d" % fact.offset, linked, self.partition)
        if fact.value == ENDS:
            self.entries.pop(fact.key, None)
            return Effects({fact.key: None}, (output,))
        self.entries[fact.key] = linked
        return Effects({fact.key: linked}, (output,))


class SwarmStep(ChainStep):
    """Many chains at a time: a record of the key SWARM names a range of keys that were seen, or
    that ended, as one delivery tells of many alerts. All other records are as in any chain."""

    def advance(self, fact: Fact) -> Effects:
        if fact.key != SWARM:
            return super().advance(fact)
        what, first, end = fact.value.split()
        ended = what == ENDS
        all_links = hashlib.blake2b(digest_size=16)
        changes: dict[bytes, bytes | None] = {}
        for number in range(int(first), int(end)):
            key = b"s%d" % number
            linked = link(self.entries.get(key, b""), fact)
            all_links.update(linked)
            changes[key] = None if ended else linked
            if ended:
                self.entries.pop(key, None)
            else:
                self.entries[key] = linked
        output = Output(self.topic, b"%d" % fact.offset, all_links.digest(), self.partition)
        return Effects(changes, (output,))


def recomputed(
    facts: Sequence[Fact], chain: type[ChainStep] = ChainStep
) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
    """What the entries and the outputs (by id) must be after these facts."""
    step = chain(COMMANDS, 0, {})
    outputs = {o.key: o.value for fact in facts for o in step.advance(fact).outputs}
    return step.entries, outputs
