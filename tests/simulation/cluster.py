"""A cluster's API, and each executor's way to it: requests are lost, late or doubled, answers lost.

What the API does with a request is `tests.fakes.FakeCluster`, which passes the port's contract.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.core.seen import Json, Seen
from remediators.core.workload import Surroundings
from schemas.kinds import DEPLOYMENT
from schemas.remediation import Request, Target
from tests.fakes import FakeCluster
from tests.simulation.process import Process, never
from tests.simulation.timeline import Timeline

ANSWER_WITHIN_S = 6.0
LATE_S = 25.0


@dataclass(slots=True)
class Trouble:
    """How often something goes wrong with a call, of one."""

    unreadable: float = 0.0
    lost: float = 0.0
    unanswered: float = 0.0
    late: float = 0.0
    doubled: float = 0.0
    turned_away: float = 0.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A request whose first byte has left."""

    at_ms: int
    request: Request
    process: str
    killed: frozenset[str]
    """The switches that had reached its sender by then."""


@dataclass(frozen=True, slots=True)
class Effect:
    at_ms: int
    request: Request
    reply: Reply
    uid: str


class Site:
    """One cluster, and all that is known of it to an auditor."""

    def __init__(self, name: str, timeline: Timeline, rng: Random, trouble: Trouble) -> None:
        self.name = name
        self.api = FakeCluster()
        self.sent: list[Sent] = []
        self.effects: list[Effect] = []
        self.trouble = trouble
        self.timeline = timeline
        self.rng = rng
        self.on_effect: Callable[[Target], None] = lambda _: None

    def deploy(self, name: str) -> Target:
        target = Target(self.name, "shop", DEPLOYMENT, name)
        self.api.deploy(target)
        return target

    def releases(self, target: Target, image: int) -> None:
        """By somebody else."""

        def edit(found: dict) -> None:  # type: ignore[type-arg]
            found["spec"]["template"]["spec"]["containers"][0]["image"] = f"example/main:{image}"

        if target in self.api.objects:
            self.api.change(target, edit)

    def made_anew(self, target: Target) -> None:
        """Somebody deletes it and makes another of that name."""
        if target in self.api.objects:
            self.api.delete(target)
        self.api.deploy(target)

    def arrives(self, request: Request) -> Reply:
        found = self.api.objects.get(request.target)
        uid = found["metadata"]["uid"] if found else ""
        reply = self.api.take_effect(request)
        if reply.answer is Answer.DONE:
            self.effects.append(Effect(self.timeline.now_ms, request, reply, uid))
            self.on_effect(request.target)
        return reply


class Line:
    """The `Cluster` port of one executor's process."""

    def __init__(self, site: Site, process: Process, killed: set[str]) -> None:
        self._site = site
        self._process = process
        self._killed = killed

    async def _way(self) -> None:
        if self._process.dead:
            await never()
        await asyncio.sleep(0.001 + self._site.rng.random() * 0.01)

    async def look(self, target: Target) -> Seen | Reply:
        return await self._unreadable() or await self._site.api.look(target)

    async def find(self, query: Query) -> tuple[Json, ...] | Reply:
        return await self._unreadable() or await self._site.api.find(query)

    async def survey(self, target: Target) -> tuple[Seen, Surroundings] | Reply:
        return await self._unreadable() or await self._site.api.survey(target)

    async def rehearse(self, request: Request) -> Reply:
        return await self._unreadable() or await self._site.api.rehearse(request)

    async def _unreadable(self) -> Reply | None:
        await self._way()
        if self._site.rng.random() >= self._site.trouble.unreadable:
            return None
        await asyncio.sleep(ANSWER_WITHIN_S)
        return Reply(Answer.UNSURE, "no answer")

    async def send(self, request: Request, in_time: Callable[[], bool]) -> Reply:
        await self._way()
        if not in_time():
            return Reply(Answer.HELD_BACK)
        site, trouble, chance = self._site, self._site.trouble, self._site.rng.random()
        killed = frozenset(self._killed)
        site.sent.append(Sent(site.timeline.now_ms, request, self._process.name, killed))
        if chance < trouble.turned_away:
            await self._way()
            return Reply(Answer.THROTTLED, "429", retry_after_ms=1_000)
        chance -= trouble.turned_away
        if chance < trouble.lost:
            return await self._no_answer()
        chance -= trouble.lost
        if chance < trouble.late:
            self._arrives_after(site.rng.random() * LATE_S, request)
            return await self._no_answer()
        chance -= trouble.late
        if chance < trouble.unanswered:
            self._arrives_after(0.005, request)
            return await self._no_answer()
        chance -= trouble.unanswered
        if chance < trouble.doubled:
            self._arrives_after(0.005 + site.rng.random(), request)
        answered = self._process.create_future()

        def arrive() -> None:
            reply = site.arrives(request)
            site.timeline.after(0.002, self._process, answered.set_result, reply)

        site.timeline.after(0.001, None, arrive)
        reply: Reply = await answered
        return reply

    def _arrives_after(self, delay_s: float, request: Request) -> None:
        self._site.timeline.after(delay_s, None, self._site.arrives, request)

    async def _no_answer(self) -> Reply:
        await asyncio.sleep(ANSWER_WITHIN_S)
        return Reply(Answer.UNSURE, "no answer")

    async def close(self) -> None:
        pass
