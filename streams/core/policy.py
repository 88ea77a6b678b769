"""The policy as a value: what to do about which alerts, and everything that stops it.

`streams.policy` makes it from text. Regular expressions, conditions and time zones come in as
callables and values, so that the core needs no library for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from streams.core.brakes import Brake, Freeze, Watchdog
from streams.core.catalogue import (
    NO_CORRELATION,
    Correlation,
    Enrichment,
    Service,
    Severity,
    SourceScope,
)
from streams.core.inhibition import InhibitRule
from streams.core.intervals import Interval
from streams.core.limits import Limits
from streams.core.matching import Matchers
from streams.core.playbook import Playbook
from streams.core.routing import Route
from streams.core.seen import Onlooker


@dataclass(frozen=True, slots=True)
class Policy:
    digest: str
    namespaces: frozenset[str]
    limits: Limits
    route: Route
    playbooks: tuple[Playbook, ...]
    receivers: tuple[str, ...] = ()
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    inhibit: tuple[InhibitRule, ...] = ()
    services: tuple[Service, ...] = ()
    enrichments: tuple[Enrichment, ...] = ()
    severities: Mapping[str, Severity] | None = None
    """None: every severity is remediated."""
    sources: Mapping[str, SourceScope] | None = None
    """None: every source may choose any target in `namespaces`."""
    brakes: tuple[Brake, ...] = ()
    watchdogs: tuple[Watchdog, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    correlation: Correlation = NO_CORRELATION
    never: tuple[Matchers, ...] = ()
    """Incidents that are never remediated, whatever playbook matches."""
    cluster_kinds: frozenset[str] = frozenset()
    """Of objects in no namespace: those that may be changed."""
    sees: Onlooker = field(init=False, compare=False, repr=False)
    """What the policy makes of an alert's labels."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sees", Onlooker(self))

    def playbook_named(self, name: str) -> Playbook | None:
        return next((p for p in self.playbooks if p.name == name), None)

    def receivers_of(self, severity: str) -> tuple[str, ...]:
        """Who is told of a severity, beside those of the routes."""
        known = (self.severities or {}).get(severity)
        return known.receivers if known else ()

    def service_named(self, name: str) -> Service | None:
        return next((s for s in self.services if s.name == name), None)


class Policies(Protocol):
    """Turns texts into values: pure functions of the text, remembered."""

    def compile(self, digest: str, source: str) -> Policy | None:
        """None where the text cannot be read by this release."""

    def matchers(self, texts: tuple[str, ...]) -> Matchers | None:
        """Those of a silence; None where they cannot be read, or would match everything."""
