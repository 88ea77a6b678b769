"""A policy's text made into its value, or all that is wrong with it.

One file beside this one reads each section.
"""

from pathlib import Path

from yaml.nodes import MappingNode, Node

from streams.core.policy import Policy
from streams.policy import parts
from streams.policy.brakes import BRAKE, FREEZE, WATCHDOG
from streams.policy.catalogue import (
    CLUSTER_KINDS,
    ENRICHMENT,
    NAMESPACE,
    SERVICE,
    SEVERITIES,
    SOURCES,
    refuse_cycles,
)
from streams.policy.correlation import CORRELATION, NONE
from streams.policy.digests import FORMAT, digest_of
from streams.policy.limits import LIMITS_SHAPE
from streams.policy.never import NEVER_MATCHERS
from streams.policy.playbooks import PLAYBOOK
from streams.policy.selectors import SOMETHING
from streams.policy.telling import INHIBIT_RULES, ROUTE, TIME_INTERVALS
from streams.reading.nodes import Reading
from streams.reading.shapes import (
    Found,
    Key,
    Shape,
    Unreadable,
    checked,
    list_of,
    made,
    names,
    record,
    whole,
)

NEVER_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease"})


def load_file(path: Path) -> tuple[Policy, str]:
    """The policy and its text, of a file or a folder. Raises FileError, or OSError where it cannot
    be read."""
    source = parts.text_of(path)
    return compile_policy(source, str(path)), source


def compile_policy(source: str, file: str = "policy") -> Policy:
    return read_policy(source, file)[0]


def read_policy(source: str, file: str = "policy") -> tuple[Policy, MappingNode]:
    """The policy and the nodes that it was read from, for what is said about places in it."""
    reading = Reading(file)
    root = parts.root_of(reading, source, SPREAD)
    policy = None
    try:
        policy = _policy(reading, POLICY.read(reading, root), digest_of(source))
    except Unreadable:
        pass
    reading.settle_names()
    reading.stop_at_faults()
    assert policy
    return policy, root


def _policy(reading: Reading, found: Found, digest: str) -> Policy:
    refuse_cycles(reading, found["services"])
    intervals = found["time_intervals"]
    known = [f for f in found["freezes"] if intervals.keys() >= set(f.during)]
    return Policy(
        digest=digest,
        namespaces=found["namespaces"],
        cluster_kinds=found["cluster_kinds"],
        limits=found["limits"],
        route=found["route"],
        playbooks=found["playbooks"],
        receivers=found["receivers"],
        intervals=intervals,
        inhibit=found["inhibit_rules"],
        services=found["services"],
        enrichments=found["enrichments"],
        severities=found["severities"],
        sources=found["sources"],
        brakes=found["brakes"],
        watchdogs=found["watchdogs"],
        freezes=tuple(freeze.resolved(intervals) for freeze in known),
        correlation=found["correlation"],
        never=(*NEVER_MATCHERS, *found["never"]),
    )


def _this_release(reading: Reading, node: Node, value: int) -> None:
    if value != FORMAT:
        reading.fault(node, f"this release reads version {FORMAT}, not {value}")


def _never_there(reading: Reading, node: Node, name: str) -> None:
    if name in NEVER_NAMESPACES:
        reading.fault(node, f"Mendlog never acts in {name}")


POLICY: Shape[Found] = record(
    "a policy",
    {
        "version": Key(checked(whole(), _this_release), "of this format: 1"),
        "namespaces": Key(
            made(list_of(checked(NAMESPACE, _never_there)), frozenset),
            "where actions are allowed; an empty list allows none, and no word allows all",
        ),
        "cluster_kinds": Key(
            CLUSTER_KINDS, "of what is in no namespace: where actions are allowed", frozenset()
        ),
        "limits": Key(LIMITS_SHAPE, "what stops Mendlog"),
        "receivers": Key(list_of(names("receiver"), least=1), "who can be told"),
        "time_intervals": Key(TIME_INTERVALS, "hours and days that have a name", {}),
        "route": Key(ROUTE, "which alerts are one group, who is told, how often"),
        "inhibit_rules": Key(INHIBIT_RULES, "alerts that explain others", ()),
        "severities": Key(SEVERITIES, "what is done for each; left out: all are remediated", None),
        "services": Key(list_of(SERVICE), "the catalogue", ()),
        "enrichments": Key(list_of(ENRICHMENT), "what is added to alerts", ()),
        "sources": Key(SOURCES, "which targets each may choose; left out: any", None),
        "correlation": Key(CORRELATION, "which incidents are one", NONE),
        "brakes": Key(list_of(BRAKE), "alerts that stop all action", ()),
        "watchdogs": Key(list_of(WATCHDOG), "alerts without which we are blind", ()),
        "freezes": Key(list_of(FREEZE), "times in which nothing is done", ()),
        "never": Key(list_of(SOMETHING), "more incidents that are never remediated", ()),
        "playbooks": Key(list_of(PLAYBOOK), "what is done; the first that matches is taken"),
    },
    lambda found: found,
)
SPREAD = frozenset(
    {
        *("namespaces", "receivers", "time_intervals", "inhibit_rules", "services"),
        *("enrichments", "brakes", "watchdogs", "freezes", "never", "playbooks"),
    }
)
"""Lists, which may be spread over the files of a folder."""
