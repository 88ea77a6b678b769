"""What a policy makes of an alert's labels: everything about it that only the labels decide.

Matching costs more than anything else that is done for an alert, and alerts of a storm differ in
labels that no matcher asks for. So the answer is remembered by the values of those that one does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from streams.core import routing
from streams.core.brakes import Brake, Watchdog
from streams.core.catalogue import Correlation, Enrichment, Service
from streams.core.inhibition import InhibitRule
from streams.core.matching import Matchers
from streams.core.playbook import Playbook
from streams.core.routing import Route

SEEN_MAX = 20_000
SERVICE = "service"
"""The label that names a service of the catalogue."""


@dataclass(frozen=True, slots=True)
class Seen:
    added: Mapping[str, str]
    """Labels that the policy adds; they win over the sender's."""
    links: Mapping[str, str]
    routes: tuple[Route, ...]
    receivers: tuple[str, ...]
    service: Service | None
    playbook: Playbook | None
    """The first that matches, in the order of the text."""
    never: bool
    is_of_node: bool
    sources: tuple[int, ...] = ()
    """Inhibition rules of which it is a source, by number."""
    targets: tuple[int, ...] = ()
    """Inhibition rules of which it is a target."""
    brakes: tuple[int, ...] = ()
    watchdogs: tuple[int, ...] = ()


class Rules(Protocol):
    """What of a policy asks for labels."""

    @property
    def route(self) -> Route: ...
    @property
    def inhibit(self) -> tuple[InhibitRule, ...]: ...
    @property
    def playbooks(self) -> tuple[Playbook, ...]: ...
    @property
    def services(self) -> tuple[Service, ...]: ...
    @property
    def enrichments(self) -> tuple[Enrichment, ...]: ...
    @property
    def brakes(self) -> tuple[Brake, ...]: ...
    @property
    def watchdogs(self) -> tuple[Watchdog, ...]: ...
    @property
    def never(self) -> tuple[Matchers, ...]: ...
    @property
    def correlation(self) -> Correlation: ...


class Onlooker:
    """One policy's answers."""

    def __init__(self, policy: Rules) -> None:
        self._policy = policy
        self._deciding = _deciding(policy)
        self._known: dict[tuple[str, ...], Seen] = {}
        self._last: tuple[Mapping[str, str], Seen] | None = None
        """Of one alert several parts of the core ask, one after another."""

    def __call__(self, labels: Mapping[str, str]) -> Seen:
        if self._last is None or self._last[0] is not labels:
            self._last = labels, self._see(labels)
        return self._last[1]

    def _see(self, labels: Mapping[str, str]) -> Seen:
        get = labels.get
        values = tuple([get(name, "") for name in self._deciding])
        seen = self._known.get(values)
        if seen is None:
            if len(self._known) >= SEEN_MAX:
                self._known.clear()
            seen = self._known[values] = _look(self._policy, labels)
        return seen


def _deciding(policy: Rules) -> tuple[str, ...]:
    """The labels that any matcher asks for, or that name the service."""
    asked: set[str] = {SERVICE, *routing.names(policy.route)}
    for matchers in _all_matchers(policy):
        asked |= matchers.names
    return tuple(sorted(asked))


def _all_matchers(policy: Rules) -> Iterator[Matchers]:
    for rule in policy.inhibit:
        yield from (rule.source, rule.target)
    yield from policy.never
    if policy.correlation.nodes:
        yield policy.correlation.nodes
    yield from (p.matches for p in policy.playbooks)
    yield from (s.matches for s in policy.services)
    yield from (e.matches for e in policy.enrichments)
    yield from (b.matches for b in policy.brakes)
    yield from (w.matches for w in policy.watchdogs)


def _look(policy: Rules, labels: Mapping[str, str]) -> Seen:
    added: dict[str, str] = {}
    links: dict[str, str] = {}
    for enrichment in policy.enrichments:
        if enrichment.matches(labels):
            added |= enrichment.labels
            links |= enrichment.links
    whole = {**labels, **added}
    service = _service(policy, whole)
    if service:
        added.setdefault(SERVICE, service.name)
        whole[SERVICE] = added[SERVICE]
        links = {**service.links, **links}
    routes = routing.routes_for(policy.route, whole)
    told = (*(r.receiver for r in routes), *(service.receivers if service else ()))
    nodes = policy.correlation.nodes
    return Seen(
        added=added,
        links=links,
        routes=routes,
        receivers=tuple(dict.fromkeys(told)),
        service=service,
        playbook=next((p for p in policy.playbooks if p.matches(whole)), None),
        never=any(m(whole) for m in policy.never),
        is_of_node=nodes is not None and nodes(whole),
        sources=_matching(whole, [r.source for r in policy.inhibit]),
        targets=_matching(whole, [r.target for r in policy.inhibit]),
        brakes=_matching(whole, [b.matches for b in policy.brakes]),
        watchdogs=_matching(whole, [w.matches for w in policy.watchdogs]),
    )


def _service(policy: Rules, labels: Mapping[str, str]) -> Service | None:
    return next((s for s in policy.services if s.matches(labels)), None)


def _matching(labels: Mapping[str, str], each: Sequence[Matchers]) -> tuple[int, ...]:
    return tuple(number for number, matchers in enumerate(each) if matchers(labels))
