"""The sections that are Alertmanager's own: `route`, `time_intervals` and `inhibit_rules`."""


from streams.core.matching import Matchers
from streams.core.routing import Route
from streams.reading.shapes import TEXT, Found, Key, Shape, duration, list_of, record, refers_to


def _route(found: Found) -> Route:
    return Route(
        receiver=found["receiver"],
        matches=Matchers(),
        continues=False,
        group_by=found["group_by"],
        group_by_all=found["group_by"] == ("...",),
        group_wait_ms=found["group_wait"],
        group_interval_ms=found["group_interval"],
        repeat_interval_ms=found["repeat_interval"],
        mute=(),
        active=(),
        routes=(),
        path="route",
    )


ROUTE: Shape[Route] = record(
    "a route",
    {
        "receiver": Key(refers_to("receiver")),
        "group_by": Key(list_of(TEXT)),
        "group_wait": Key(duration(0)),
        "group_interval": Key(duration(0)),
        "repeat_interval": Key(duration(0)),
    },
    _route,
)
TIME_INTERVALS: Shape[dict] = Shape(lambda reading, node: {}, {})
INHIBIT_RULES: Shape[tuple] = Shape(lambda reading, node: (), {})
