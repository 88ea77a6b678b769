"""Executors killed at moments that nobody has thought of, one after another in one world.

Each is killed in the middle of a command. Its survivor carries that to its end, tells how long a
command of its own lives on this machine and right now, and is killed in the middle of the next one.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import pytest

from deploy.sandbox.processes import Child
from schemas.remediation import Command, Outcome, OutcomeStatus
from tests.faults.conftest import FELL, SEEDS
from tests.faults.executor_world import WITHIN_S, World

End = tuple[OutcomeStatus, str]
DONE: End = (OutcomeStatus.APPLIED, "")
NO_ANSWER: End = (OutcomeStatus.UNKNOWN, "no_answer")
UNHURRIED = {"actions_per_hour_max": "1000"}
"""Here one world has an hour's worth of them in a minute."""
FOR_EACH_SEED_S = 90
LOG_LINES = 60
POLL_S = 0.001

any_moment = pytest.mark.timeout(120 + FOR_EACH_SEED_S * len(SEEDS))


class Moment(StrEnum):
    UNANNOUNCED = "before the INTENT"
    ANNOUNCED = "announced, not sent"
    SENT = "sent, without an end"
    LATE = "too late"


@dataclass(frozen=True, slots=True)
class Life:
    """Of a command, from its being in `commands`."""

    announced_s: float
    arrived_s: float
    ended_s: float

    def at(self, chance: float) -> tuple[float, float]:
        """As often before the INTENT as between that and its arrival as after it: how long to
        wait for it to arrive at most, and how long then."""
        part, share = divmod(chance * 3, 1)
        if part == 0:
            return self.announced_s * share, 0.0
        if part == 1:
            return self.announced_s + (self.arrived_s - self.announced_s) * share, 0.0
        return WITHIN_S, (self.ended_s - self.arrived_s) * share


class Kills:
    """`arrived` grows with each change that comes to where it is made; `made` counts those that
    were."""

    def __init__(
        self,
        here: World,
        request: pytest.FixtureRequest,
        arrived: Callable[[], int],
        made: Callable[[], int],
    ) -> None:
        self._here, self._test = here, request.node
        self._arrived, self._made = arrived, made
        self._settings: dict[str, str] = {}
        self._executor: Child | None = None

    async def at_hand(self, **settings: str) -> None:
        """An executor with these settings: the one that there is, or a new one."""
        if self._executor is not None and settings != self._settings:
            await asyncio.to_thread(self._executor.stop)
        self._settings = settings
        if self._executor is None or not self._executor.alive:
            self._start()

    async def each(
        self, what: str, order: Callable[[str], Awaitable[Command]], in_doubt: End = DONE
    ) -> None:
        """For every seed two effects; one, where doubt is an end. `order` gives a command that is
        bound to a look and not sent, and has somebody at hand for it."""
        for seed in SEEDS:
            with self._repeatable(seed):
                before = self._made()
                life = await self._life(await order(f"measured-{seed}"))
                act = await order(f"killed-{seed}")
                chance = random.Random(f"{what} {seed}").random()
                moment = await self._killed(act, life, chance)
                self._test.user_properties.append((FELL, moment.value))
                print(f"seed {seed}: {act.command_id}, killed {moment}")
                outcome, effects = await self._ended(act), self._made() - before
                assert _end(outcome) in (DONE, in_doubt), outcome
                assert effects == 2 or (effects == 1 and _end(outcome) != DONE)

    async def _life(self, act: Command) -> Life:
        here, before = self._here, self._arrived()
        here.commands.append(act)
        await here.send(act)
        began_ms = time.time() * 1000
        arriving = asyncio.create_task(self._arrives(before, WITHIN_S))
        outcome = await here.ended(act)
        assert _end(outcome) == DONE, outcome
        ((announced_at_ms, _),) = here.records.intents(act.command_id)
        announced_s = max(0.0, announced_at_ms - began_ms) / 1000
        arrived_s = max(announced_s, await arriving)
        return Life(announced_s, arrived_s, max(arrived_s, (outcome.at_ms - began_ms) / 1000))

    async def _killed(self, act: Command, life: Life, chance: float) -> Moment:
        here, executor, before = self._here, self._executor, self._arrived()
        assert executor is not None, "nobody is at hand"
        here.commands.append(act)
        await here.send(act)
        within_s, then_s = life.at(chance)
        # It may arrive sooner than was measured: killed then, it is not too late.
        await self._arrives(before, within_s)
        await asyncio.sleep(then_s)
        os.killpg(executor.pid, signal.SIGKILL)  # `kill` on a thread of its own would begin later
        await asyncio.to_thread(executor.kill)
        await here.records.settle()
        if here.records.terminals(act.command_id):
            return Moment.LATE
        if self._arrived() > before:
            return Moment.SENT
        announced = here.records.intents(act.command_id)
        return Moment.ANNOUNCED if announced else Moment.UNANNOUNCED

    async def _arrives(self, before: int, within_s: float) -> float:
        """When it has, or at the latest then; seconds from now."""
        began_s = time.monotonic()
        while self._arrived() == before and time.monotonic() - began_s < within_s:  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)
        return time.monotonic() - began_s

    async def _ended(self, act: Command) -> Outcome:
        self._start()
        return await self._here.ended(act)

    def _start(self) -> None:
        self._executor = self._here.start_executor(**UNHURRIED, **self._settings)

    @contextmanager
    def _repeatable(self, seed: int) -> Iterator[None]:
        try:
            yield
        except BaseException as failure:
            failure.add_note(f"repeat with MENDLOG_SEEDS={seed} pytest '{self._test.nodeid}'")
            for executor in self._here.executors[-2:]:
                failure.add_note(f"{executor.name} ends:\n{executor.log_tail(LOG_LINES)}")
            raise


def _end(outcome: Outcome) -> End:
    return outcome.status, outcome.reason
