"""What an audit holds grows with what is under way, and not with the log."""

import gc
from types import BuiltinFunctionType, FunctionType, ModuleType

from streams.audit.auditor import Auditor
from tests.streams.audit.feed import Feed

DELIVERIES = 1_200
"""Twenty minutes of them: a quiet chain of decisions is sealed every ten."""
MORE_MAX = 400
"""Objects, beside thousands of records."""


def held_by(auditor: Auditor) -> int:
    """How many objects can be reached from it; what a program is made of is not counted."""
    seen: dict[int, object] = {}
    left: list[object] = [vars(auditor)]
    while left:
        found = left.pop()
        if id(found) not in seen and not isinstance(found, PROGRAM):
            seen[id(found)] = found
            left += gc.get_referents(found)
    return len(seen)


PROGRAM = (type, ModuleType, FunctionType, BuiltinFunctionType)


def test_a_log_of_twice_the_length_takes_no_more() -> None:
    feed, held = Feed(), []
    for _ in range(3):
        feed.deliver(DELIVERIES)
        held.append(held_by(feed.auditor))
    assert held[2] - held[1] < MORE_MAX, held
    found = {v.invariant: v for v in feed.auditor.finish()}
    assert found["I2"].checked > 6 * DELIVERIES
    assert found["I2"].pending == 0
