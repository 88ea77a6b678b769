"""The sections that are Alertmanager's own, with its keys: `route`, `time_intervals` and
`inhibit_rules`. Their readers are beside this file; here is what editors are told."""

from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode

from streams.core.inhibition import InhibitRule
from streams.core.intervals import Interval
from streams.core.routing import Route
from streams.policy.inhibits import read_inhibit_rules
from streams.policy.routes import read_route
from streams.policy.times import read_time_intervals
from streams.reading.nodes import Reading
from streams.reading.shapes import DURATION_PATTERN, Shape

_TEXTS = {"type": "array", "items": {"type": "string"}}
_DURATION = {"type": "string", "pattern": DURATION_PATTERN}
_MAP = {"type": "object", "additionalProperties": {"type": "string"}}
_RANGES = {"type": "array", "items": {"type": ["string", "integer"]}}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


ROUTE_SCHEMA = _object(
    **{
        "receiver": {"type": "string"},
        "matchers": _TEXTS,
        "match": _MAP,
        "match_re": _MAP,
        "continue": {"type": "boolean"},
        "group_by": _TEXTS,
        "group_wait": _DURATION,
        "group_interval": _DURATION,
        "repeat_interval": _DURATION,
        "mute_time_intervals": _TEXTS,
        "active_time_intervals": _TEXTS,
        "routes": {"type": "array", "items": {"$ref": "#/definitions/route"}},
    }
)
_PERIOD = _object(
    times={"type": "array", "items": _object(start_time={}, end_time={})},
    weekdays=_RANGES,
    days_of_month=_RANGES,
    months=_RANGES,
    years=_RANGES,
    location={"type": "string"},
)
_INTERVAL = {
    **_object(name={"type": "string"}, time_intervals={"type": "array", "items": _PERIOD}),
    "required": ["name"],
}
_INHIBIT_RULE = _object(
    name={"type": "string"},
    source_matchers=_TEXTS,
    source_match=_MAP,
    source_match_re=_MAP,
    target_matchers=_TEXTS,
    target_match=_MAP,
    target_match_re=_MAP,
    equal=_TEXTS,
)


def _route(reading: Reading, node: Node) -> Route:
    defined = reading.names.defined
    return read_route(reading, node, defined("receiver"), defined("time interval"))


def _intervals(reading: Reading, node: Node) -> dict[str, Interval]:
    """The names are known even where an interval itself is at fault, so that using it is not."""
    for item in reading.items(node):
        for key, value in item.value if isinstance(item, MappingNode) else ():
            if key.value == "name" and isinstance(value, ScalarNode):
                reading.names.note("time interval", value.value, value)
    return {interval.name: interval for interval in read_time_intervals(reading, node)}


def _inhibit_rules(reading: Reading, node: Node) -> tuple[InhibitRule, ...]:
    return read_inhibit_rules(reading, node)


ROUTE: Shape[Route] = Shape(_route, {"$ref": "#/definitions/route"})
TIME_INTERVALS: Shape[dict[str, Interval]] = Shape(
    _intervals, {"type": "array", "items": _INTERVAL}
)
INHIBIT_RULES: Shape[tuple[InhibitRule, ...]] = Shape(
    _inhibit_rules, {"type": "array", "items": _INHIBIT_RULE}
)
