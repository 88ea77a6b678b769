"""One channel at work: its rate, its digest, its health, and the messages under way.

What is sent is announced first and recorded after, by the same task, which outlives the partition
that it was for: once begun, a message is not torn from its record while there is time for it.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from remediators.notifier_ports import Clock, HttpRequest, Post
from remediators.notify import digest, health
from remediators.notify.channel import Answer, Channel, Verdict
from remediators.notify.errand import Errand
from remediators.notify.metrics import Metrics
from remediators.notify.rate import Window

AT_ONCE_MAX = 4
"""Messages under way to one channel."""
LATE = Verdict(Answer.LATE)
DOWN = Verdict(Answer.NOT_REACHED, "the channel is down")

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
"""Starts a task whose failure ends the notifier."""
Reached = Callable[[str], None]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Waiting:
    errand: Errand
    verdict: "asyncio.Future[Verdict]"

    def answer(self, verdict: Verdict) -> None:
        if not self.verdict.done():
            self.verdict.set_result(verdict)


@dataclass(frozen=True, slots=True)
class Means:
    """What all outlets share."""

    post: Post
    clock: Clock
    metrics: Metrics
    spawn: Spawn
    reached: Reached


class Outlet:
    def __init__(self, channel: Channel, means: Means) -> None:
        self.channel = channel
        self.health = health.WELL
        self._means = means
        self._window = Window(channel.per_minute)
        self._room = asyncio.Semaphore(AT_ONCE_MAX)
        self._pool: list[Waiting] = []
        """What waits for the next digest. It is bounded by the notices in flight."""
        self._digester: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[None]] = set()

    async def tell(self, errand: Errand) -> Verdict:
        """Return when it was sent, recorded where it was accepted, or could not be sent."""
        waiting = Waiting(errand, asyncio.get_running_loop().create_future())
        now_ms = self._means.clock.now_ms()
        if not self.channel.digestible(errand.letter):
            self._send([waiting])
        elif not self._pool and self._window.opens_at_ms(now_ms) <= now_ms:
            self._window = self._window.sent(now_ms)
            self._send([waiting])
        else:
            self._wait(waiting)
        return await waiting.verdict

    async def settle(self, grace_s: float) -> None:
        """Return when nothing is under way, or after that time."""
        if sending := set(self._sending):
            await asyncio.wait(sending, timeout=grace_s)

    def close(self) -> None:
        for task in (*self._sending, *filter(None, (self._digester,))):
            task.cancel()

    # What waits.

    def _wait(self, waiting: Waiting) -> None:
        self._pool.append(waiting)
        if self._digester is None:
            self._digester = self._means.spawn(self._digest_on())

    async def _digest_on(self) -> None:
        """Whoever comes while something waits, waits with it: order is kept, and a digest cannot
        be overtaken for ever."""
        clock = self._means.clock
        while self._pool:
            await clock.wait_until(self._window.opens_at_ms(clock.now_ms()))
            alive = [(w.errand.letter, w) for w in self._pool if not w.verdict.done()]
            batch, self._pool = digest.split(alive)
            if batch:
                self._window = self._window.sent(clock.now_ms())
                self._send(batch)
        self._digester = None

    # What goes.

    def _send(self, batch: Sequence[Waiting]) -> None:
        task = self._means.spawn(self._told(batch))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _told(self, batch: Sequence[Waiting]) -> None:
        async with self._room:
            timely = await self._announced(batch)
            if not timely:
                return
            self._means.reached("notifier.announced")
            verdict = await self._post(timely)
            self._means.reached("notifier.sent")
            if verdict.answer is Answer.ACCEPTED:
                in_digest = len(timely) > 1
                await asyncio.gather(
                    *(w.errand.accepted(self.channel.name, in_digest) for w in timely)
                )
                self._means.reached("notifier.recorded")
        for waiting in timely:
            waiting.answer(verdict)

    async def _announced(self, batch: Sequence[Waiting]) -> list[Waiting]:
        """What is to be sent now. The announcements have told us the broker's time."""
        wanted = [w for w in batch if not w.verdict.done()]
        now_ms = self._means.clock.now_ms()
        if not self.health.usable(now_ms):
            for waiting in wanted:
                waiting.answer(DOWN)
            return []
        self.health = health.tried(self.health)
        await asyncio.gather(*(w.errand.announce(self.channel.name) for w in wanted))
        now_ms = self._means.clock.now_ms()
        for waiting in wanted:
            if waiting.errand.over(now_ms):
                waiting.answer(LATE)
        timely = [w for w in wanted if not w.verdict.done()]
        if not timely:
            self.health = health.untried(self.health)
        return timely

    async def _post(self, batch: Sequence[Waiting]) -> Verdict:
        try:
            requests = self._requests(batch)
        except Exception as fault:
            # A defect of ours, or a notice nobody thought of: it must not hold up the others.
            # Told by its class alone, for what it was about is led by a secret.
            why = type(fault).__name__
            log.error("not_written", channel=self.channel.name, fault=why)
            return Verdict(Answer.REFUSED, f"it cannot be written as a message: {why}")
        for request in requests:
            verdict = await self._one(request)
            if verdict.answer is not Answer.ACCEPTED:
                return verdict
        return verdict

    def _requests(self, batch: Sequence[Waiting]) -> Sequence[HttpRequest]:
        letters = [w.errand.letter for w in batch]
        if len(letters) == 1:
            return self.channel.message(letters[0])
        return [self.channel.digest(digest.digest_of(letters))]

    async def _one(self, request: HttpRequest) -> Verdict:
        began_s = time.perf_counter()
        verdict = self.channel.verdict(await self._means.post.send(request))
        self._means.metrics.called(self.channel.name, verdict.answer, time.perf_counter() - began_s)
        self._learn(verdict)
        return verdict

    def _learn(self, verdict: Verdict) -> None:
        now_ms, was_down = self._means.clock.now_ms(), self.health.down
        match verdict.answer:
            case Answer.ACCEPTED | Answer.REFUSED:
                # Whoever refuses a message is there.
                self.health = health.worked(self.health)
            case Answer.BUSY:
                self.health = health.busy(self.health, now_ms, verdict.wait_ms)
            case Answer.NOT_REACHED | Answer.UNSURE:
                self.health = health.failed(self.health, now_ms, verdict.wait_ms)
        if verdict.answer is not Answer.ACCEPTED:
            log.warning(
                "not_accepted",
                channel=self.channel.name,
                answer=verdict.answer.value,
                detail=verdict.detail,
            )
        if self.health.down is not was_down:
            log.warning("channel", channel=self.channel.name, down=self.health.down)
        self._means.metrics.down(self.channel.name, self.health.down)
