"""The demo from start to end: the facts in one value, the telling left to a `Teller`."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from deploy.sandbox.demo.load import Load
from deploy.sandbox.demo.scenarios import Scenario
from deploy.sandbox.demo.story import Line, Story
from deploy.sandbox.demo.watch import Watch
from deploy.sandbox.errors import SandboxError
from deploy.sandbox.stack import Stack
from streams.replay import Verified, verify

WARM_UP_S = 30.0
WARM_REQUESTS = 60
GIVE_UP_S = 120.0
SETTLE_S = 15.0
TEND_S = 0.2


class Teller(Protocol):
    def say(self, text: str) -> None: ...

    def line(self, line: Line, since_ms: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """What `mendlog demo --json` writes; times are seconds since the fault."""

    scenario: str
    detected_s: float | None
    commanded_s: float | None
    acted_s: float | None
    resolved_s: float | None
    requests: int
    failed: int
    decisions: int
    replayed: int
    differ: int
    ok: bool

    def as_json(self) -> Mapping[str, Any]:
        return asdict(self)


async def run(stack: Stack, scenario: Scenario, teller: Teller) -> tuple[Facts, Verified]:
    options = stack.options
    async with (
        Load(f"{stack.cluster.discovery}/ready?namespace=shop&deployment=checkout") as load,
        Watch(stack.kafka.bootstrap, options.prefix, options.tape_partitions) as watch,
    ):
        await _warm_up(load, teller)
        tending = asyncio.create_task(_tend(stack, teller))
        try:
            before = load.tally.requests, load.tally.failed
            story = await _play(stack, scenario, load, watch, teller)
            requests = load.tally.requests - before[0]
            failed = load.tally.failed - before[1]
        finally:
            tending.cancel()
    teller.say("replaying the tape through the recorded policy")
    replayed = await _replay(stack)
    return _facts(scenario, story, requests, failed, replayed), replayed


async def _warm_up(load: Load, teller: Teller) -> None:
    teller.say("a small load on checkout, until all is quiet")
    try:
        async with asyncio.timeout(WARM_UP_S):
            await load.found_pods.wait()
            await load.served(WARM_REQUESTS)
    except TimeoutError:
        raise SandboxError(f"checkout took no requests within {WARM_UP_S:.0f} s") from None


async def _tend(stack: Stack, teller: Teller) -> None:
    """Bring back whatever dies meanwhile, as a cluster would."""
    while True:
        for name in stack.tend():
            teller.say(f"{name} had died and was started again")
        await asyncio.sleep(TEND_S)


async def _play(
    stack: Stack, scenario: Scenario, load: Load, watch: Watch, teller: Teller
) -> Story:
    at_ms = int(time.time() * 1000)
    done = await scenario.break_it(stack, load.pods)
    story = Story(at_ms)
    teller.line(Line(at_ms, f"fault injected: {done}", None), at_ms)
    try:
        async with asyncio.timeout(GIVE_UP_S):
            async for place, heard_at_ms, record in watch.records():
                for line in story.hear(place, heard_at_ms, record):
                    teller.line(line, at_ms)
                if story.ended:
                    return story
    except TimeoutError:
        teller.say(f"no end after {GIVE_UP_S:.0f} s")
    return story


async def _replay(stack: Stack) -> Verified:
    """Until the processor has recorded all that the tape gives, which takes it an instant."""
    options = stack.options
    deadline = time.monotonic() + SETTLE_S
    while True:
        result = await verify(stack.kafka.bootstrap, options.prefix, options.tape_partitions)
        if not result.pending or time.monotonic() > deadline:
            return result
        await asyncio.sleep(0.1)


def _facts(
    scenario: Scenario, story: Story, requests: int, failed: int, replayed: Verified
) -> Facts:
    resolved_at_ms = story.ended_at_ms if story.end == "verified" else None
    identical = not replayed.differ and not replayed.unverified and replayed.recomputed > 0
    return Facts(
        scenario=scenario.name,
        detected_s=story.seconds(story.detected_at_ms),
        commanded_s=story.seconds(story.commanded_at_ms),
        acted_s=story.seconds(story.acted_at_ms),
        resolved_s=story.seconds(resolved_at_ms),
        requests=requests,
        failed=failed,
        decisions=replayed.recorded,
        replayed=replayed.recomputed,
        differ=replayed.differ,
        ok=story.end == scenario.ends and identical,
    )
