"""I12: each cluster's decisions are one chain without a gap, and what they cover is on the tape.

A decision carries the hash of the one before, and a hash over the bytes of every fact of its
cluster since then. The run of a candidate policy begins in the middle of the tape, so of its chain
only the links are checked.
"""

import hashlib
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field

from schemas.controls import ALL_CLUSTERS
from schemas.ids import digest
from schemas.incidents import Decision
from schemas.tape import TapeRecord
from schemas.topics import DECISIONS, TAPE, Topic
from streams.audit.check import Later
from streams.audit.ground import Ground
from streams.audit.heard import Heard
from streams.audit.verdict import Place, Verdict
from streams.core.chain import link

LAST_MAX = 1_000
"""So many decisions of each chain are known, should they be appended again after a crash."""
OF_CANDIDATE = "?"


@dataclass(slots=True)
class _Chain:
    seq: int = 0
    """Of the last decision; 0 before the first."""
    tape_offset: int = -1
    facts: deque[tuple[int, str]] = field(default_factory=deque)
    """Those that no decision has covered yet: offset, and the hash of the bytes."""
    links: OrderedDict[int, str] = field(default_factory=OrderedDict)


class Chains:
    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._verdict = Verdict("I12")
        self._chains: dict[tuple[int, str], _Chain] = defaultdict(_Chain)
        self._decisions: Later[tuple[Place, Decision]] = Later(self._judge)

    @property
    def topics(self) -> frozenset[Topic]:
        return frozenset({TAPE, DECISIONS})

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return (self._verdict,)

    def hear(self, heard: Heard) -> None:
        record, value = heard.record, heard.value
        if isinstance(value, TapeRecord):
            everywhere = value.cluster == ALL_CLUSTERS
            name = f"{ALL_CLUSTERS}/{record.partition}" if everywhere else value.cluster
            hashed = hashlib.blake2b(record.value or b"", digest_size=16).hexdigest()
            self._chains[record.partition, name].facts.append((record.offset, hashed))
        elif isinstance(value, Decision):
            self._decisions.add(record.at_ms, (heard.place, value))
        elif record.topic is DECISIONS:
            self._verdict.against(heard.place, "", f"is no decision: {value.fault} {value.detail}")
        self._decisions.until(record.at_ms)

    def finish(self, now_ms: int) -> None:
        self._decisions.all()
        self._verdict.pending += sum(
            len(chain.facts)
            for (_, name), chain in self._chains.items()
            if OF_CANDIDATE not in name
        )

    def _judge(self, decided: tuple[Place, Decision]) -> None:
        place, decision = decided
        chain = self._chains[decision.tape_partition, decision.cluster]
        name, linked = f"{decision.cluster} seq {decision.seq}", link(decision)
        if decision.seq <= chain.seq:
            if chain.links.get(decision.seq, linked) != linked:
                self._verdict.against(place, name, "is another than was recorded there before")
            return
        self._verdict.checked += 1
        if fault := self._fault(chain, decision):
            self._verdict.against(place, name, fault)
        chain.seq, chain.tape_offset = decision.seq, decision.tape_offset
        chain.links[decision.seq] = linked
        if len(chain.links) > LAST_MAX:
            chain.links.popitem(last=False)

    def _fault(self, chain: _Chain, decision: Decision) -> str:
        first, covered = chain.seq == 0, _covered(chain, decision.tape_offset)
        if first and decision.seq > 1 and self._ground.of(DECISIONS, decision.tape_partition).begin:
            self._verdict.unverified.append(
                f"{decision.cluster}: what was decided before seq {decision.seq} is no longer kept"
            )
            return ""
        if decision.seq > chain.seq + 1:
            return f"follows seq {chain.seq}: what was between is missing"
        if decision.previous != chain.links.get(chain.seq, ""):
            return f"names another decision as the one before than seq {chain.seq} is"
        begin = self._ground.of(TAPE, decision.tape_partition).begin
        if OF_CANDIDATE in decision.cluster or chain.tape_offset + 1 < begin:
            return ""
        if decision.facts_hash != covered:
            since = chain.tape_offset + 1
            return (
                f"does not cover what the tape has from {since} to {decision.tape_offset} "
                f"of its partition {decision.tape_partition}"
            )
        return ""


def _covered(chain: _Chain, to_offset: int) -> str:
    """The hash that the core comes to, over the facts up to there; they are covered now."""
    folded = ""
    while chain.facts and chain.facts[0][0] <= to_offset:
        folded = digest(folded, chain.facts.popleft()[1])
    return folded
