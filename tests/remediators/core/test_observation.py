"""What an observation tells of a target: its own counts, or those of whatever keeps it."""

from dataclasses import replace
from typing import Any

import pytest

from remediators.core.outcome import Pen
from remediators.core.seen import Seen
from remediators.core.workload import Pods, Surroundings
from schemas.kinds import NODE, POD, REPLICA_SET
from schemas.remediation import CommandKind, Observation, Target
from tests.remediators.builders import NOW_MS, TARGET, command, workload

KEEPER = replace(
    workload(replicas_wanted=4, unavailable_max=0, pods=Pods(ready=3, updated=4, unavailable=1)),
    target=replace(TARGET, kind=REPLICA_SET),
)


def plain(kind: str, namespace: str = "shop", **body: Any) -> Seen:
    return Seen(
        target=Target("eu-1", namespace, kind, "x"),
        uid="u",
        generation=3,
        resource_version="7",
        annotations={},
        body=body,
    )


def observed(seen: Seen, around: Surroundings | None = None) -> Observation:
    look = command(CommandKind.LOOK, target=seen.target)
    return Pen("test", NOW_MS).observed(look, seen, around or Surroundings())


def test_a_workloads_counts_are_its_own():
    told = observed(workload(unavailable_max=2))
    assert (told.replicas_wanted, told.replicas_ready, told.unavailable_max) == (3, 3, 2)


@pytest.mark.parametrize(("status", "taken"), [("True", 1), ("False", 0)])
def test_of_a_pod_those_of_its_keeper_are_told_and_whether_it_would_be_missed(status, taken):
    pod = plain(POD, status={"conditions": [{"type": "Ready", "status": status}]})
    told = observed(pod, Surroundings(keeper=KEEPER))
    assert (told.replicas_wanted, told.replicas_ready, told.replicas_unavailable) == (4, 3, 1)
    assert told.unavailable_max == taken


def test_what_keeps_no_pods_is_always_at_rest():
    told = observed(plain(NODE, namespace=""))
    assert told.observed_generation == told.generation == 3
    assert (told.replicas_wanted, told.unavailable_max) == (0, 0)
