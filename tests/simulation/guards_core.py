"""What the core promises, each without its guard."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from schemas.incidents import Decision
from schemas.tape import TapeRecord
from streams.core import chain, origins
from streams.core.draft import Draft
from streams.core.entries import IncidentState
from streams.core.ladder import leases, look, orders, outcomes
from streams.core.rails import budget, here, switches
from tests.simulation.patches import Patch

_ORDER, _SEAL = orders.make, chain.seal


def _always_new(draft: Draft, record: TapeRecord) -> int:
    return 0


def _any_outcome_counts(draft: Draft, incident: IncidentState, outcome: Any) -> bool:
    orders.land(draft, incident)
    orders.release(draft, incident)
    return True


def _whatever_it_is_now(
    incident: IncidentState, asked: Any, seen: Any, rung: Any = None, persons: int = 0
) -> bool:
    return bool(incident.approved)


def _another_id(*given: Any) -> Any:
    order = _ORDER(*given)
    return replace(order, command_id=f"lease-{order.command_id[:20]}")


class _OtherOrders:
    """The module `orders` as the leases see it."""

    def __getattr__(self, name: str) -> Any:
        return _another_id if name == "make" else getattr(orders, name)


def _unchained(draft: Draft, name: str, verdicts: Any) -> Decision:
    return replace(_SEAL(draft, name, verdicts), previous="")


def _allowed(_asked: object) -> None:
    return None


def _without(rail: Callable[[Any], Any]) -> tuple[Patch, ...]:
    rails = tuple(each for each in here.RAILS if each is not rail)
    assert len(rails) == len(here.RAILS) - 1
    return (Patch(here, "RAILS", rails),)


GUARDS: Mapping[str, tuple[Patch, ...]] = {
    "a fact that comes again changes nothing": (Patch(origins, "repeated", _always_new),),
    "the first end of a command counts": (Patch(outcomes, "_lands", _any_outcome_counts),),
    "an approval is void when its target has moved": (
        Patch(look, "_is_given", _whatever_it_is_now),
    ),
    "a lease and its incident undo by one command": (Patch(leases, "orders", _OtherOrders()),),
    "decisions are chained": (Patch(chain, "seal", _unchained),),
    "a target is locked": (Patch(budget, "locked", _allowed),),
    "so much at once": _without(budget.at_once),
    "so much in a time": _without(budget.rates),
    "so many attempts": (*_without(budget.attempts),),
    "a target and its cooldown": _without(budget.history),
    "one thing at a service": _without(budget.service),
    "the kill switch, decided": (
        *_without(switches.killed),
        Patch(switches, "killed", _allowed),
    ),
    "a freeze": (*_without(switches.frozen), Patch(switches, "frozen", _allowed)),
}
