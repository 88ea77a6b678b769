"""One notice for one receiver, until what became of it is on record."""

from collections.abc import Awaitable, Mapping
from dataclasses import replace
from itertools import count
from typing import Protocol

from remediators.notifier_ports import Clock
from remediators.notify.backoff import Backoff
from remediators.notify.channel import Answer, Verdict
from remediators.notify.choice import Nobody, Use, Wait, choose
from remediators.notify.desk import Desk
from remediators.notify.health import Health
from remediators.notify.routing import Address
from schemas.notices import DeliveryStatus


class Outlet(Protocol):
    health: Health

    def tell(self, errand: "Errand") -> Awaitable[Verdict]: ...


class Errand:
    def __init__(
        self,
        address: Address,
        desk: Desk,
        outlets: Mapping[str, Outlet],
        clock: Clock,
        backoff: Backoff,
    ) -> None:
        self.letter = address.letter
        self._channels = address.channels
        self._desk = desk
        self._outlets = outlets
        self._clock = clock
        self._backoff = backoff
        self._announced = ""
        self._refused: dict[str, str] = {}
        """By channel: why it will never take this notice."""
        self._last = ""
        """What the last attempt met."""

    async def run(self) -> None:
        if self._desk.known(self.letter).attempted:
            self._may_have_arrived()
        if not self._channels:
            await self._end(DeliveryStatus.UNWANTED)
            return
        for attempt in count():
            verdict = await self._attempt()
            match verdict.answer:
                case Answer.ACCEPTED:
                    return
                case Answer.LATE:
                    await self._end(DeliveryStatus.EXPIRED, self._last)
                    return
                case Answer.REFUSED if self._all_refused():
                    await self._end(DeliveryStatus.FAILED, self._why_refused())
                    return
                case Answer.NOT_REACHED | Answer.UNSURE | Answer.BUSY:
                    await self._pause(attempt)

    async def announce(self, channel: str) -> None:
        """From now on it may have arrived there."""
        if self._announced != channel:
            await self._desk.write(self.letter, DeliveryStatus.ATTEMPTED, channel)
            self._announced = channel

    async def accepted(self, channel: str, in_digest: bool) -> None:
        status = DeliveryStatus.DIGESTED if in_digest else DeliveryStatus.SENT
        await self._desk.write(self.letter, status, channel, self._why_refused())

    def over(self, now_ms: int) -> bool:
        return now_ms >= self.letter.expires_at_ms

    async def _attempt(self) -> Verdict:
        channel = await self._next_channel()
        if channel is None:
            return Verdict(Answer.LATE)
        verdict = await self._outlets[channel].tell(self)
        if verdict.answer is Answer.REFUSED:
            self._refused[channel] = verdict.detail
        if verdict.answer is Answer.UNSURE:
            self._may_have_arrived()
        if verdict.detail:
            self._last = f"{channel}: {verdict.detail}"
        return verdict

    async def _next_channel(self) -> str | None:
        """As soon as one can be used; None once its time is over."""
        while not self.over(now_ms := self._clock.now_ms()):
            health = {name: self._outlets[name].health for name in self._channels}
            match choose(self._channels, self._refused.keys(), health, now_ms):
                case Use(channel):
                    return channel
                case Wait(until_ms):
                    await self._clock.wait_until(min(until_ms, self.letter.expires_at_ms))
                case Nobody():
                    raise AssertionError("an errand that everybody has refused has ended")
        return None

    async def _pause(self, attempt: int) -> None:
        pause_ms = self._backoff.pause_ms(self.letter.key, attempt)
        until_ms = self._clock.now_ms() + pause_ms
        await self._clock.wait_until(min(until_ms, self.letter.expires_at_ms))

    async def _end(self, status: DeliveryStatus, detail: str = "") -> None:
        repeated = "may have arrived; " if self.letter.possibly_repeated else ""
        await self._desk.write(self.letter, status, "", f"{repeated}{detail}")

    def _all_refused(self) -> bool:
        return len(self._refused) == len(self._channels)

    def _why_refused(self) -> str:
        return "; ".join(f"{name} refused: {why}" for name, why in self._refused.items())

    def _may_have_arrived(self) -> None:
        self.letter = replace(self.letter, possibly_repeated=True)
