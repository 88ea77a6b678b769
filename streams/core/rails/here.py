"""Every rail that the core can ask by itself, in the order in which they are asked.

They are asked before the look, so that nobody is bothered in vain, and again on the observation
that the action is bound to.
"""

from streams.core.rails import blind, breaker, budget, rights, scope, switches
from streams.core.rails.asked import Asked, Effect, Rail, Refusal

RAILS: tuple[Rail, ...] = (
    scope.namespace,
    scope.source,
    scope.severity,
    scope.fires_itself,
    rights.granted,
    budget.attempts,
    switches.killed,
    switches.clock,
    switches.frozen,
    blind.watchdogs,
    blind.brakes,
    blind.lag,
    blind.storm,
    blind.everything_broken,
    breaker.is_open,
    budget.at_once,
    budget.rates,
    budget.history,
    budget.service,
)


def refusal(asked: Asked) -> Refusal | None:
    return next((found for rail in RAILS if (found := rail(asked))), None)


def undo_refusal(asked: Effect) -> Refusal | None:
    """Undoing is an effect like any other: neither under a kill switch nor in a freeze, nor where
    another is. Of the rates it spends nothing, which must not keep us from undoing."""
    rails = (scope.namespace, switches.killed, switches.frozen, budget.locked)
    return next((found for rail in rails if (found := rail(asked))), None)


def return_refusal(asked: Effect) -> Refusal | None:
    """What is undone because its time is over can wait for a clock that is right, and for its
    place among the rest."""
    rails = (undo_refusal, switches.clock, budget.at_once)
    return next((found for rail in rails if (found := rail(asked))), None)
