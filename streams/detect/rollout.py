"""Rollouts, seen by a metric that changes with them: for a while, nothing is learned.

Else a release that makes things worse would be the new baseline before anybody has looked.
"""

from dataclasses import dataclass

import msgspec

from streams.detect.rule import Selector


@dataclass(frozen=True, slots=True)
class Freeze:
    of: Selector
    """Such as a deployment's generation: it begins a rollout by changing."""
    for_ms: int


class Rollout(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last one seen of a series' workload."""

    generation: float | None = None
    frozen_until_ms: int = 0


NONE = Rollout()


def noticed(before: Rollout, freeze: Freeze, at_ms: int, generation: float) -> Rollout:
    """The first value seen begins nothing: nobody knows how long it has been so."""
    if generation == before.generation:
        return before
    began = before.generation is not None
    return Rollout(generation, at_ms + freeze.for_ms if began else before.frozen_until_ms)
