"""Matchers in a policy's text, and how much they may match.

Whatever leads to an action, or stops one, must say what it is about: a list that also matches an
alert without any label was forgotten half-way, and would mean "everything".
"""

from yaml.nodes import Node

from streams.core.matching import Matchers
from streams.policy.matchers import read_list
from streams.reading.nodes import Reading
from streams.reading.shapes import (
    FLAG,
    TEXT,
    Found,
    Key,
    Shape,
    checked,
    list_of,
    map_of,
)

_SCHEMA = {"type": "array", "items": {"type": "string"}, "minItems": 1}

ANYTHING: Shape[Matchers] = Shape(lambda reading, node: read_list(reading, node), _SCHEMA)


def _refuse_everything(reading: Reading, node: Node, found: Matchers) -> None:
    if matches_everything(found):
        reading.fault(
            node,
            "at least one matcher must ask for something: these also match an alert without labels",
        )


def matches_everything(found: Matchers) -> bool:
    """Whether no matcher asks for something to be there."""
    return found({})


SOMETHING = checked(
    Shape(lambda reading, node: read_list(reading, node, least=1), _SCHEMA), _refuse_everything
)

MATCH_OR_ALL = {
    "match": Key(SOMETHING, "matchers, all of which must hold", None),
    "all": Key(FLAG, "in place of `match`: every incident", False),
}


def match_or_all(found: Found) -> Matchers:
    """Everything only where the policy says so in as many words."""
    if (found["match"] is None) is not found["all"]:
        found.fault("match", "needs either `match` or `all: true`")
    return found["match"] or Matchers()


LABELS = map_of(TEXT, TEXT)
LABEL_NAMES = list_of(TEXT, least=1)
