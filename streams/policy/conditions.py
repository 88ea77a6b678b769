"""`when`: conditions over an incident, in CEL."""

from collections.abc import Mapping

import cel
from yaml.nodes import Node

from streams.core.policy import Condition, ConditionFailed
from streams.reading.nodes import Reading
from streams.reading.shapes import Shape, Unreadable


def compile_condition(text: str) -> Condition:
    """Raises ValueError with what is wrong."""
    program = cel.compile(text)

    def holds(facts: Mapping[str, object]) -> bool:
        try:
            answer = program.execute(dict(facts))
        except Exception as fault:
            raise ConditionFailed(str(fault)) from None
        if not isinstance(answer, bool):
            raise ConditionFailed("the condition is neither true nor false")
        return answer

    return Condition(text, holds)


def _read(reading: Reading, node: Node) -> Condition:
    try:
        return compile_condition(reading.text(node))
    except ValueError as fault:
        reading.fault(node, str(fault))
        raise Unreadable from None


CONDITION: Shape[Condition] = Shape(_read, {"type": "string"})
