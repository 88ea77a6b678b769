"""One seed: its world is run, then audited."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import structlog

from streams.core.policy import Policy
from streams.policy.load import compile_policy
from tests.simulation.auditor import Auditor
from tests.simulation.guards import without
from tests.simulation.world import World

EVENTS_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Verdict:
    seed: int
    findings: tuple[str, ...]
    story: tuple[str, ...]
    """The last of what happened, for those who look for the reason."""

    def __str__(self) -> str:
        found = "\n".join(f"  {words}" for words in self.findings)
        story = "\n".join(f"  {line}" for line in self.story)
        return (
            f"seed {self.seed}:\n{found}\n{story}\n"
            f"again: MENDLOG_SIM_SEED={self.seed} .venv/bin/python -m tests.simulation"
        )


def simulate(seed: int, guard: str = "") -> Verdict:
    """`guard`: the one that is missing, if any is."""
    with _quiet(), without(guard):
        world = World(seed)
        try:
            world.run()
            findings = audit(world)
        except Exception as fault:
            findings = [f"the simulator itself: {fault!r}"]
    return Verdict(seed, tuple(findings), tuple(story(world)) if findings else ())


def audit(world: World) -> list[str]:
    policy = _compiled(world.policy)
    accepted, claims = world.senders.accepted, world.committed.claims
    auditor = Auditor(world.broker, world.sites, accepted, claims, world.partitions, policy)
    return auditor.findings()


def story(world: World) -> list[str]:
    told = world.events[-EVENTS_SHOWN:]
    return [f"{at_s:8.3f} s  {what}" for at_s, what in told]


def history_of(seed: int) -> str:
    """A digest of everything that happened in it, to its last byte."""
    with _quiet():
        world = World(seed)
        world.run()
    h = hashlib.blake2b(digest_size=16)
    for place in sorted(world.broker.logs):
        for kept in world.broker.logs[place].history:
            h.update(repr((place, kept)).encode())
    h.update(repr(world.events).encode())
    return h.hexdigest()


@cache
def _compiled(source: str) -> Policy:
    return compile_policy(source)


@contextmanager
def _quiet() -> Iterator[None]:
    """What a process logs of its own end is no news where it was told to end."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        yield
    finally:
        structlog.configure(**before)
