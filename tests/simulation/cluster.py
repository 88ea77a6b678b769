"""Each executor's way to a cluster: requests are lost, late or doubled, answers lost."""

import asyncio
from collections.abc import Callable

from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.core.request import SET
from remediators.core.seen import Json, Seen
from remediators.core.workload import Surroundings
from schemas.remediation import Request, Target
from tests.simulation.process import Process, never
from tests.simulation.site import Sent, Site, Told

ANSWER_WITHIN_S = 6.0
LATE_S = 25.0


class Line:
    """The `Cluster` port of one executor's process."""

    def __init__(self, site: Site, process: Process, told: Told) -> None:
        self._site = site
        self._process = process
        self._told = told

    async def _way(self) -> None:
        if self._process.dead:
            await never()
        await asyncio.sleep(0.001 + self._site.rng.random() * 0.01)

    async def look(self, target: Target) -> Seen | Reply:
        return await self._unreadable() or await self._site.place(target.kind).look(target)

    async def find(self, query: Query) -> tuple[Json, ...] | Reply:
        return await self._unreadable() or await self._site.place(query.kind).find(query)

    async def survey(self, target: Target) -> tuple[Seen, Surroundings] | Reply:
        return await self._unreadable() or await self._site.place(target.kind).survey(target)

    async def rehearse(self, request: Request) -> Reply:
        place = self._site.place(request.target.kind)
        return await self._unreadable() or await place.rehearse(request)

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
        lost, turned_away = request.target in site.loses, chance < trouble.turned_away
        site.sent.append(self._noted(request, turned_away and not lost))
        if lost:
            site.loses.discard(request.target)
            return await self._no_answer()
        if turned_away:
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
        if chance < trouble.doubled and request.verb != SET:
            # Of a value that is set nobody can tell a copy: that the network makes none, we trust.
            self._arrives_after(0.005 + site.rng.random(), request)
        answered = self._process.create_future()

        def arrive() -> None:
            reply = site.arrives(request)
            site.timeline.after(0.002, self._process, answered.set_result, reply)

        site.timeline.after(0.001, None, arrive)
        reply: Reply = await answered
        return reply

    def _noted(self, request: Request, turned_away: bool) -> Sent:
        killed, withdrawn = frozenset(self._told.killed), frozenset(self._told.withdrawn)
        now_ms, name = self._site.timeline.now_ms, self._process.name
        return Sent(now_ms, request, name, killed, withdrawn, turned_away)

    def _arrives_after(self, delay_s: float, request: Request) -> None:
        self._site.timeline.after(delay_s, None, self._site.arrives, request)

    async def _no_answer(self) -> Reply:
        await asyncio.sleep(ANSWER_WITHIN_S)
        return Reply(Answer.UNSURE, "no answer")

    async def close(self) -> None:
        pass
