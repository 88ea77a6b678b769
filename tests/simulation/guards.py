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

FOUND_BY: Mapping[str, int] = {}
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
