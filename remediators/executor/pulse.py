"""The executor's pulse: the broker's time and the switches, as proven by a beat that came back.

The beat goes into the topic that holds the switches, which has one partition. So when it has come
back, every switch written before it has been read too, and broker, path and clock are alive.

The clock counts suspended time where the system can (`CLOCK_BOOTTIME`). It may only be ahead of the
broker's, never behind: a beat's broker time is taken as that of the moment before it was sent.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from remediators.core.refusal import Refusal
from remediators.ports import BrokerLost, Posted, SwitchBoard
from schemas.codec import Undecodable
from schemas.controls import ALL_CLUSTERS, Heartbeat, Switch
from schemas.remediation import OutcomeReason

SENT_MAX = 64
SKEW_MS_MAX = 30_000
"""Of the host's clock against the broker's. Then one of the two is wrong, and by the broker's every
command expires."""

log = structlog.get_logger()


def host_ms() -> int:
    return time.time_ns() // 1_000_000


def elapsed_s() -> float:
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class Beat:
    """The newest that came back."""

    sent_s: float
    at_ms: int
    """The broker's time of it."""
    host_at_ms: int


class Pulse:
    def __init__(
        self,
        board: SwitchBoard,
        name: str,
        every_s: float,
        age_max_s: float,
        elapsed_s: Callable[[], float] = elapsed_s,
        host_ms: Callable[[], int] = host_ms,
    ) -> None:
        self._board = board
        self._name = name
        self._every_s = every_s
        self._age_max_s = age_max_s
        self._elapsed_s = elapsed_s
        self._host_ms = host_ms
        self._sent_s: dict[int, float] = {}
        """By the host time that the beat carries."""
        self._beat: Beat | None = None
        self._kills: dict[str, str] = {}
        """By cluster: who has pulled the switch, and why."""
        self._came_back = asyncio.Event()

    # The clock port.

    def now_ms(self) -> int | None:
        beat = self._beat
        return (
            None if beat is None else beat.at_ms + int((self._elapsed_s() - beat.sent_s) * 1000) + 1
        )

    def refusal(self, cluster: str) -> Refusal | None:
        if not self.fresh:
            return Refusal(OutcomeReason.NO_HEARTBEAT, f"none came back for {self._age_max_s:g} s")
        if skewed := self.skewed:
            return Refusal(OutcomeReason.CLOCK_SKEW, skewed)
        for key in (ALL_CLUSTERS, cluster):
            if why := self._kills.get(key):
                return Refusal(OutcomeReason.KILLED, why)
        return None

    async def wait_fresh(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                while not self.fresh:
                    self._came_back.clear()
                    await self._came_back.wait()
        except TimeoutError:
            pass

    # What others may ask.

    @property
    def fresh(self) -> bool:
        return self.age_s <= self._age_max_s

    @property
    def age_s(self) -> float:
        return float("inf") if self._beat is None else self._elapsed_s() - self._beat.sent_s

    @property
    def skew_ms(self) -> int:
        """How far the host's clock is ahead of the broker's. Nothing here goes by the host's."""
        return 0 if self._beat is None else self._beat.host_at_ms - self._beat.at_ms

    @property
    def skewed(self) -> str:
        """By how much, where that is too much; empty where it is not."""
        if abs(self.skew_ms) <= SKEW_MS_MAX:
            return ""
        return f"the host's clock is {self.skew_ms} ms ahead of the broker's"

    # Its two tasks.

    async def beat_on(self) -> None:
        while True:
            try:
                await self._board.beat(self.next_beat())
            except BrokerLost as lost:
                log.warning("heartbeat_lost", fault=str(lost))
            await asyncio.sleep(self._every_s)

    async def listen(self) -> None:
        while True:
            for posted in await self._board.fetch():
                self.hear(posted)

    async def end(self) -> None:
        """In good order: no heartbeat of ours stays behind."""
        try:
            await self._board.forget(self._name)
        except BrokerLost as lost:
            log.info("heartbeat_stays", fault=str(lost))

    def next_beat(self) -> Heartbeat:
        host_at_ms = max(self._host_ms(), max(self._sent_s, default=0) + 1)
        self._sent_s[host_at_ms] = self._elapsed_s()
        while len(self._sent_s) > SENT_MAX:
            del self._sent_s[next(iter(self._sent_s))]
        return Heartbeat(self._name, host_at_ms)

    def hear(self, posted: Posted) -> None:
        match posted.record:
            case Heartbeat() as beat:
                self._hear_beat(beat, posted.at_ms)
            case Switch(kill=True) as switch:
                # Under whatever key it was written: what names a cluster stops that one.
                for name in {posted.key, switch.cluster}:
                    self._kills[name] = f"by {switch.author}: {switch.reason}"
            case Undecodable() as broken:
                # What may be a kill switch is taken for one.
                self._kills[posted.key] = f"its switch cannot be read: {broken.fault}"
            case _:
                self._kills.pop(posted.key, None)

    def _hear_beat(self, beat: Heartbeat, at_ms: int) -> None:
        sent_s = self._sent_s.pop(beat.at_ms, None) if beat.executor == self._name else None
        if sent_s is None or self._elapsed_s() - sent_s > self._age_max_s:
            return  # another's, an earlier life's, or one that was stuck on the way for too long
        self._beat = Beat(sent_s, at_ms, beat.at_ms)
        self._came_back.set()
