"""Guards, each as it would be without it: the proof that a world finds what is broken.

Only here our own modules are patched. What is patched is one decision each; what stands around it
stays, so a guard that another one stands behind is found only where both are taken away.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.simulation import guards_core, guards_executor, guards_host
from tests.simulation.patches import Patch

GUARDS: Mapping[str, tuple[Patch, ...]] = {
    **guards_host.GUARDS,
    **guards_core.GUARDS,
    **guards_executor.GUARDS,
}

FOUND_BY: Mapping[str, int] = {
    "outputs are acknowledged before anything is stored": 3,
    "state and cursor are one batch": 9,
    "the highest offset wins in a journal": 21,
    "a foreign write is noticed": 152,
    "a journal at rest is touched": 76,
    "what a late write hid is put right": 0,
    "the feed seeks back over a gap": 100,
    "time comes to a tape on which nothing happens": 3,
    "a fact that comes again changes nothing": 8,
    "the first end of a command counts": 79,
    "an approval is void when its target has moved": 87,
    "a lease and its incident undo by one command": 8,
    "decisions are chained": 0,
    "a target is locked": 2,
    "so much at once": 100,
    "so much in a time": 54,
    "so many attempts": 80,
    "a target and its cooldown": 2,
    "one thing at a service": 11,
    "the kill switch, decided": 21,
    "a freeze": 0,
    "a patch tests generation and marker": 147,
    "an INTENT comes before its effect": 2,
    "what has expired is not sent": 6,
    "the kill switch, carried out": 9,
    "what has ended is not begun again": 199,
    "a new owner reads the ledger": 11,
    "what another has begun is not refused": 199,
    "what another has ended is not done": 260,
    "what may have arrived is in doubt": 12,
    "what may have been sent is read first": 79,
    "a removal is of one uid": 17,
    "a Job has its command's own name": 127,
    "what is withdrawn is not begun": 59,
    "what leaves no trace is sent once": 85,
}
"""The seed that found each last time. A world may have changed since; then others find it."""


@dataclass(frozen=True, slots=True)
class _Before:
    owner: Any
    name: str
    value: Any


@contextmanager
def without(guard: str) -> Iterator[None]:
    """The name of one, or nothing for all of them in place."""
    before: list[_Before] = []
    try:
        for patch in GUARDS[guard] if guard else ():
            before.append(_Before(patch.owner, patch.name, getattr(patch.owner, patch.name)))
            setattr(patch.owner, patch.name, patch.value)
        yield
    finally:
        for each in reversed(before):
            setattr(each.owner, each.name, each.value)
