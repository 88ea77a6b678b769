"""The catalogue: whose an alert is, what it belongs to, and who may choose a target."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.core.matching import Matchers


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    matches: Matchers
    owner: str = ""
    criticality: str = ""
    depends_on: tuple[str, ...] = ()
    receivers: tuple[str, ...] = ()
    """Told beside those of the routes."""
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Enrichment:
    """What the policy adds to alerts that match. Its labels win over the sender's: they may decide
    who is told and what is done, so they are the policy's to say."""

    matches: Matchers
    labels: Mapping[str, str]
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Severity:
    """What is done for a severity. One that the table lacks is told of, and never remediated."""

    remediate: bool
    receivers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceScope:
    """Which targets a source's labels may choose."""

    clusters: frozenset[str]
    namespaces: frozenset[str]
    cluster_kinds: frozenset[str] = frozenset()
    """Of objects in no namespace."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """Which incidents are one, beside those of one group."""

    key: tuple[str, ...] = ()
    """Alerts with the same, non-empty values of these labels are one incident, whatever their
    source and group."""
    window_ms: int = 0
    """How long after an incident of a dependency its dependants join it; 0: never."""
    nodes: Matchers | None = None
    """Alerts about a node; what fires on the node meanwhile joins them."""
    node_label: str = "node"
    change_within_ms: int = 0
    """An incident that opens so soon after a change of its target is related to it; 0: never."""


NO_CORRELATION = Correlation()
