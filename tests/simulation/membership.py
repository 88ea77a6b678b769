"""A consumer group: who is given which partitions, and when somebody is taken for gone."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from tests.simulation.process import Process
from tests.simulation.timeline import Timeline

SESSION_S = 6.0
HEARTBEAT_S = 0.5


class Partitioned(Protocol):
    """What a member's process does when it is told."""

    async def assigned(self, partitions: Iterable[int]) -> None: ...
    async def revoked(self, partitions: Iterable[int]) -> None: ...


@dataclass(eq=False, slots=True)
class Member:
    process: Process
    owner: Partitioned
    has: tuple[int, ...] = ()
    generation: int = 0


@dataclass(slots=True)
class Group:
    timeline: Timeline
    rng: Random
    partitions: int
    members: list[Member] = field(default_factory=list)
    generation: int = 0
    _waiting: list[Member] = field(default_factory=list)
    _given_up: list[Member] = field(default_factory=list)

    def join(self, process: Process, owner: Partitioned) -> Member:
        member = Member(process, owner)
        self.members.append(member)
        self._rebalance()
        return member

    def silent(self, process: Process) -> None:
        """Killed or stopped: noticed when its session is over, if it is silent until then."""
        self.timeline.after(SESSION_S, None, self._missed, process)

    def _missed(self, process: Process) -> None:
        gone = [m for m in self.members if m.process is process]
        if gone and (process.dead or process.stopped):
            self._given_up += gone
            self.members = [m for m in self.members if m.process is not process]
            self._waiting = [m for m in self._waiting if m.process is not process]
            self._rebalance()

    def speaks_again(self, process: Process) -> None:
        """With its next heartbeat it hears that it was given up, and comes back as a new member."""
        self.timeline.after(self.rng.random() * HEARTBEAT_S, None, self._look_for, process)

    def _look_for(self, process: Process) -> None:
        given_up = [m for m in self._given_up if m.process is process]
        if process.dead or process.stopped or not given_up:
            return
        self._given_up = [m for m in self._given_up if m.process is not process]
        self._tell(process, lambda: self._rejoin(process, given_up[0].owner))

    async def _rejoin(self, process: Process, owner: Partitioned) -> None:
        await owner.revoked(range(self.partitions))
        self.timeline.after(0.001, None, self._join_again, process, owner)

    def _join_again(self, process: Process, owner: Partitioned) -> None:
        if not process.dead:
            self.join(process, owner)
            if process.stopped:
                self.silent(process)

    # All let go of what they have, then each is given its share.

    def _rebalance(self) -> None:
        self.generation += 1
        generation = self.generation
        self._waiting = list(self.members)
        for member in self.members:
            delay_s = self.rng.random() * HEARTBEAT_S
            self.timeline.after(delay_s, member.process, self._ask_back, member, generation)
        self._assign_when_ready()

    def _ask_back(self, member: Member, generation: int) -> None:
        if generation == self.generation:
            self._tell(member.process, lambda: self._let_go(member, generation))

    async def _let_go(self, member: Member, generation: int) -> None:
        has, member.has = member.has, ()
        await member.owner.revoked(has)
        self.timeline.after(0.001, None, self._has_let_go, member, generation)

    def _has_let_go(self, member: Member, generation: int) -> None:
        if generation == self.generation and member in self._waiting:
            self._waiting.remove(member)
            self._assign_when_ready()

    def _assign_when_ready(self) -> None:
        if self._waiting or not self.members:
            return
        turn = self.rng.randrange(len(self.members))
        for place, member in enumerate(self.members):
            mine = [p for p in range(self.partitions) if (p + turn) % len(self.members) == place]
            self.timeline.after(0.002, member.process, self._give, member, mine, self.generation)

    def _give(self, member: Member, mine: list[int], generation: int) -> None:
        """One who is stopped takes it in when he goes on, and hears of the next only later."""
        if member.generation < generation and member in self.members:
            member.generation = generation
            member.has = tuple(mine)
            self._tell(member.process, lambda: member.owner.assigned(mine))

    def _tell(self, process: Process, work: Callable[[], Awaitable[None]]) -> None:
        process.begin(work)  # type: ignore[arg-type]
