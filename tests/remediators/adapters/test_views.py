"""The API's objects as our values."""

from dataclasses import replace

import pytest

from remediators.adapters.kubernetes import views
from remediators.adapters.kubernetes.counts import unavailable_max
from remediators.core.workload import Pods, Workload
from schemas.kinds import CONFIG_MAP, DAEMON_SET, NODE, STATEFUL_SET
from schemas.remediation import Target
from tests.remediators.builders import TARGET, workload


def found(**more):
    return {
        "metadata": {"uid": "u", "name": "x", **more.pop("metadata", {})},
        "spec": {"template": {"metadata": {}}, **more.pop("spec", {})},
        **more,
    }


def test_what_is_absent_reads_as_the_apis_default():
    seen = views.workload(TARGET, found())
    assert (seen.replicas_wanted, seen.pods) == (1, Pods())
    assert (seen.annotations, seen.revision, seen.opted_in) == ({}, "", False)


def test_null_is_absent():
    seen = views.workload(TARGET, found(metadata={"annotations": None}, status=None))
    assert seen.annotations == {}


@pytest.mark.parametrize("broken", [{}, {"metadata": {}}, {"metadata": {"uid": "u"}, "spec": {}}])
def test_what_is_no_deployment(broken):
    with pytest.raises(KeyError):
        views.workload(TARGET, broken)


@pytest.mark.parametrize(
    ("strategy", "replicas", "most"),
    [
        ({}, 3, 0),
        ({}, 4, 1),
        ({}, 10, 2),
        ({"type": "Recreate"}, 3, 3),
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "25%"}}, 3, 1),
        ({"rollingUpdate": {"maxSurge": "1%", "maxUnavailable": 0}}, 3, 0),
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "100%"}}, 3, 3),
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 9}}, 3, 3),
    ],
)
def test_how_many_pods_a_rollout_may_take_away(strategy, replicas, most):
    assert unavailable_max(strategy, replicas) == most


def test_the_strictest_budget_counts():
    def budget(allowed, counted=1, **labels):
        return {
            "metadata": {"generation": 1},
            "spec": {"selector": {"matchLabels": labels}},
            "status": {"disruptionsAllowed": allowed, "observedGeneration": counted},
        }

    seen = workload(template={"metadata": {"labels": {"app": "x", "tier": "web"}}})
    budgets = [budget(2, app="x"), budget(1, tier="web"), budget(0, app="y")]
    assert views.pdb_allowed(seen, budgets) == 1
    assert views.pdb_allowed(seen, budgets[2:]) is None
    assert views.pdb_allowed(seen, [{"metadata": {}, "spec": {"selector": {}}}]) == 0
    assert views.pdb_allowed(seen, [budget(2, counted=0, app="x")]) == 0


NODE_TARGET = Target("eu-1", "", NODE, "n1")


def node(unschedulable: bool = False, *taints: str, **meta):
    spec = {"unschedulable": True} if unschedulable else {}
    spec |= {"taints": [{"key": key} for key in taints]} if taints else {}
    return {"metadata": {"uid": "u", **meta}, "spec": spec, "status": meta}


def test_a_generation_of_the_apis_own_is_kept():
    kept = views.seen(NODE_TARGET, node(generation=7))
    assert (kept.generation, kept.generation_kept) == (7, True)


def test_without_one_a_number_follows_what_the_object_is_for():
    plain = views.seen(NODE_TARGET, node())
    assert not plain.generation_kept
    assert 0 < plain.generation < 2**48
    heard_from = node(False, "node.kubernetes.io/not-ready", resourceVersion="9", labels={"a": "b"})
    assert views.seen(NODE_TARGET, heard_from).generation == plain.generation
    for changed in (node(True), node(False, "team.example/reserved")):
        assert views.seen(NODE_TARGET, changed).generation != plain.generation
    config = Target("eu-1", "shop", CONFIG_MAP, "flags")
    one, other = ({"metadata": {"uid": "u"}, "data": {"a": value}} for value in "xy")
    assert views.seen(config, one).generation != views.seen(config, other).generation


def test_on_its_way_out():
    gone = views.seen(NODE_TARGET, node(deletionTimestamp="2026-01-01T00:00:00Z"))
    assert gone.leaving
    assert not views.seen(NODE_TARGET, node()).leaving


@pytest.mark.parametrize(
    ("strategy", "most"),
    [
        ({}, 1),
        ({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}, 1),
        ({"rollingUpdate": {"maxUnavailable": "50%"}}, 2),
        ({"type": "OnDelete"}, 0),
    ],
)
def test_a_stateful_set_goes_pod_by_pod(strategy, most):
    spec = {"updateStrategy": strategy, "replicas": 3}
    status = {"readyReplicas": 2, "availableReplicas": 2, "updatedReplicas": 3, "replicas": 3}
    seen = views.seen(replace(TARGET, kind=STATEFUL_SET), found(spec=spec, status=status))
    assert isinstance(seen, Workload)
    assert (seen.replicas_wanted, seen.unavailable_max) == (3, most)
    assert seen.pods == Pods(ready=2, updated=3, available=2, unavailable=1, total=3)


def test_a_daemon_set_wants_what_its_nodes_want():
    status = {"desiredNumberScheduled": 4, "numberReady": 3, "updatedNumberScheduled": 4}
    status |= {"numberAvailable": 3, "numberUnavailable": 1, "currentNumberScheduled": 4}
    seen = views.seen(replace(TARGET, kind=DAEMON_SET), found(status=status))
    assert isinstance(seen, Workload)
    assert (seen.replicas_wanted, seen.unavailable_max) == (4, 1)
    assert seen.pods == Pods(ready=3, updated=4, available=3, unavailable=1, total=4)
