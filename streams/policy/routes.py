"""The section `route`: Alertmanager's tree of routes, with its keys and its defaults."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from yaml.nodes import Node

from streams.core.matching import Matchers
from streams.core.routing import Route
from streams.policy import matchers
from streams.reading.nodes import Reading, Section

ROUTES_MAX = 2_000
LABEL = re.compile("[a-zA-Z_][a-zA-Z0-9_]*")
"""What the older keys allow as a label's name."""
EVERY_LABEL = "..."
_ABOVE_ALL = Route(
    receiver="",
    matches=Matchers(),
    continues=False,
    group_by=(),
    group_by_all=False,
    group_wait_ms=30_000,
    group_interval_ms=300_000,
    repeat_interval_ms=4 * 3_600_000,
    mute=(),
    active=(),
    routes=(),
    path="route",
)
"""What the root inherits: Alertmanager's defaults."""


def read_route(
    reading: Reading, node: Node, receivers: Collection[str], intervals: Collection[str]
) -> Route:
    """The whole tree; a receiver or a time interval that is not defined is a fault at its place."""
    root = _Tree(reading, frozenset(receivers), frozenset(intervals)).route(node, _ABOVE_ALL)
    _check_root(reading, node, root)
    return root


def read_matchers(reading: Reading, section: Section, prefix: str = "") -> Matchers:
    """Of `matchers` and the older `match` and `match_re`: all of them must hold."""
    return matchers.joined(
        (
            section.may(prefix + "match", lambda n: _map(reading, n, "="), Matchers()),
            section.may(prefix + "match_re", lambda n: _map(reading, n, "=~"), Matchers()),
            section.may(prefix + "matchers", lambda n: matchers.read_list(reading, n), Matchers()),
        )
    )


def _map(reading: Reading, node: Node, op: str) -> Matchers:
    found = []
    for key, value in Section(reading, node, "a map of labels").rest():
        if not LABEL.fullmatch(key.value):
            reading.fault(key, f"not the name of a label: {key.value!r}; `matchers` allows any")
        try:
            found.append(matchers.matcher(key.value, op, reading.text(value)))
        except ValueError as fault:
            reading.fault(value, str(fault))
    return Matchers(tuple(found))


def _check_root(reading: Reading, node: Node, root: Route) -> None:
    if not root.receiver:
        reading.fault(node, "the root route needs a receiver: it takes what no other route takes")
    if root.matches.all:
        reading.fault(node, "the root route takes every alert: it can have no matchers")
    if root.mute or root.active:
        reading.fault(node, "the root route can be neither muted nor active at times only")
    if root.continues:
        reading.fault(node, "the root route cannot continue: there is no route beside it")


@dataclass(slots=True)
class _Tree:
    reading: Reading
    receivers: frozenset[str]
    intervals: frozenset[str]
    count: int = 0

    def route(self, node: Node, above: Route, path: str = "route") -> Route:
        """Receiver, grouping and times are the parent's where the route does not say; the intervals
        that mute it are its own."""
        self.count += 1
        if self.count == ROUTES_MAX + 1:
            self.reading.fault(node, f"more than {ROUTES_MAX} routes")
        section = Section(self.reading, node, "a route")
        group_by, every = section.may(
            "group_by", self.group_by, (above.group_by, above.group_by_all)
        )
        own = Route(
            receiver=section.may("receiver", self.receiver, above.receiver),
            matches=read_matchers(self.reading, section),
            continues=section.may("continue", self.reading.flag, False),
            group_by=group_by,
            group_by_all=every,
            group_wait_ms=self.span(section, "group_wait", above.group_wait_ms, least=0),
            group_interval_ms=self.span(section, "group_interval", above.group_interval_ms),
            repeat_interval_ms=self.span(section, "repeat_interval", above.repeat_interval_ms),
            mute=section.may("mute_time_intervals", self.named_intervals, ()),
            active=section.may("active_time_intervals", self.named_intervals, ()),
            routes=(),
            path=path,
        )
        below = section.may("routes", lambda n: self.below(n, own), ())
        section.done(
            "receiver, matchers, match, match_re, continue, group_by, group_wait, group_interval, "
            "repeat_interval, mute_time_intervals, active_time_intervals, routes"
        )
        return replace(own, routes=below)

    def below(self, node: Node, above: Route) -> tuple[Route, ...]:
        items = self.reading.items(node)
        return tuple(self.route(n, above, f"{above.path}/{i}") for i, n in enumerate(items))

    def receiver(self, node: Node) -> str:
        name = self.reading.text(node)
        if name not in self.receivers:
            self.reading.fault(node, f"no receiver is named {name!r}")
        return name

    def group_by(self, node: Node) -> tuple[tuple[str, ...], bool]:
        names = self.reading.texts(node)
        if EVERY_LABEL in names:
            if set(names) != {EVERY_LABEL}:
                self.reading.fault(node, f"{EVERY_LABEL!r} is every label: no other goes with it")
            return (), True
        if "" in names:
            self.reading.fault(node, "the name of a label cannot be empty")
        for name in sorted({n for n in names if names.count(n) > 1}):
            self.reading.fault(node, f"the label {name!r} is here twice")
        return names, False

    def span(self, section: Section, key: str, above_ms: int, least: int = 1) -> int:
        return section.may(key, lambda n: self.reading.duration_ms(n, least), above_ms)

    def named_intervals(self, node: Node) -> tuple[str, ...]:
        for item in self.reading.items(node):
            name = self.reading.text(item)
            if name not in self.intervals:
                self.reading.fault(item, f"no time interval is named {name!r}")
        return self.reading.texts(node)
