"""Routes: who is told of an alert, together with which others, and how often.

The tree and its meaning are Alertmanager's. What a route inherits is settled when it is made, so a
route can be used on its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from streams.core.matching import Labels, Matchers


@dataclass(frozen=True, slots=True)
class Route:
    receiver: str
    matches: Matchers
    continues: bool
    """Routes beside this one are asked as well, although this one has matched."""
    group_by: tuple[str, ...]
    group_by_all: bool
    """Every label counts: each alert is a group of its own. `group_by` says nothing then."""
    group_wait_ms: int
    group_interval_ms: int
    repeat_interval_ms: int
    mute: tuple[str, ...]
    """Time intervals in which nobody is told."""
    active: tuple[str, ...]
    """Time intervals outside of which nobody is told; empty: always."""
    routes: tuple["Route", ...]
    path: str
    """Where in the tree: `route`, `route/0`, `route/0/2`."""


def routes_for(root: Route, labels: Labels) -> tuple[Route, ...]:
    """Depth first, in the order of the text; a node counts only where none below it matched."""
    found: list[Route] = []
    _collect(root, labels, found)
    return tuple(found)


def _collect(route: Route, labels: Labels, found: list[Route]) -> bool:
    if not route.matches(labels):
        return False
    before = len(found)
    for child in route.routes:
        if _collect(child, labels, found) and not child.continues:
            break
    if len(found) == before:
        found.append(route)
    return True


def group_labels(route: Route, labels: Labels) -> dict[str, str]:
    """What an alert shares with its group, sorted by name. A label that the alert does not have is
    no part of it: alerts without it are a group beside those that have it."""
    names = labels if route.group_by_all else route.group_by
    return {name: labels[name] for name in sorted(names) if labels.get(name)}


def names(root: Route) -> frozenset[str]:
    """The labels that decide which routes match: alerts with equal ones have equal routes."""
    return frozenset(name for route in walk(root) for name in route.matches.names)


def walk(root: Route) -> Iterator[Route]:
    """Every route of the tree, in the order of the text."""
    yield root
    for child in root.routes:
        yield from walk(child)
