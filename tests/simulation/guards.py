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
    "state and cursor are one batch": 5,
    "the highest offset wins in a journal": 30,
    "a foreign write is noticed": 16,
    "a journal at rest is touched": 138,
    "what a late write hid is put right": 16,
    "the feed seeks back over a gap": 17,
    "time comes to a tape on which nothing happens": 0,
    "an approval is void when its target has moved": 38,
    "a lease and its incident undo by one command": 10,
    "decisions are chained": 0,
    "a target is locked": 277,
    "so much at once": 63,
    "so much in a time": 20,
    "so many attempts": 17,
    "a target and its cooldown": 278,
    "one thing at a service": 209,
    "the kill switch, decided": 6,
    "a freeze": 50,
    "a patch tests generation and marker": 21,
    "an INTENT comes before its effect": 0,
    "what has expired is not sent": 0,
    "the kill switch, carried out": 21,
    "what has ended is not begun again": 31,
    "a new owner reads the ledger": 41,
    "what another has ended is not done": 31,
    "what may have arrived is in doubt": 28,
    "what may have been sent is read first": 201,
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
