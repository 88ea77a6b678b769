"""What is watched: where the API keeps it, and what becomes of each object at once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from schemas.kinds import DAEMON_SET, DEPLOYMENT, STATEFUL_SET
from streams.ingest.kubernetes import events, facts, rollouts
from streams.ingest.kubernetes.shapes import Event, Node, Pod, Workload

PODS, NODES, EVENTS = "pods", "nodes", "events"
DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS = "deployments", "statefulsets", "daemonsets"
ROLLED_OUT = (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS)


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    path: str
    shape: type[msgspec.Struct]
    kept: Callable[[Any], object | None]
    """What is kept of one; None for one that is not looked at."""
    only: str = ""
    """A field selector: what it leaves out does not even travel."""


def _rolled_out(name: str, kind: str) -> Kind:
    return Kind(name, f"/apis/apps/v1/{name}", Workload, partial(rollouts.release_of, kind))


KINDS = (
    Kind(PODS, "/api/v1/pods", Pod, facts.of_pod),
    Kind(NODES, "/api/v1/nodes", Node, facts.of_node),
    _rolled_out(DEPLOYMENTS, DEPLOYMENT),
    _rolled_out(STATEFUL_SETS, STATEFUL_SET),
    _rolled_out(DAEMON_SETS, DAEMON_SET),
    Kind(EVENTS, "/api/v1/events", Event, events.note_of, only="type=Warning"),
)
