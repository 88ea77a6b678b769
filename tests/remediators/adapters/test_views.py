"""The API's objects as our values."""

import pytest

from remediators.adapters.kubernetes import views
from remediators.core.workload import Pods
from tests.remediators.builders import TARGET


def found(**more):
    return {
        "metadata": {"uid": "u", "name": "x", **more.pop("metadata", {})},
        "spec": {"template": {"metadata": {}}, **more.pop("spec", {})},
        **more,
    }


def test_what_is_absent_reads_as_the_apis_default():
    seen = views.workload(TARGET, found())
    assert (seen.generation, seen.replicas_wanted, seen.pods) == (0, 1, Pods())
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
    assert views.unavailable_max(strategy, replicas) == most


def replica_set(number, owner="u", controller=True):
    return {
        "metadata": {
            "annotations": {"deployment.kubernetes.io/revision": number},
            "ownerReferences": [{"uid": owner, "controller": controller}],
        },
        "spec": {"template": {"n": number}},
    }


def test_revisions_are_those_of_this_very_object_in_order():
    sets = [
        replica_set("10"),
        replica_set("9"),
        replica_set("1", owner="other"),
        replica_set("2", controller=False),
        replica_set("none"),
    ]
    assert [r.number for r in views.revisions("u", sets)] == [9, 10]


LABELS = {"app": "x", "tier": "web"}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"app": "x"}}, True),
        ({"matchLabels": {"app": "y"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["x"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["x"]}]}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["x"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "Newer"}]}, False),
    ],
)
def test_selectors(selector, selected):
    assert views.selects(selector, LABELS) is selected


def test_a_selector_as_text():
    selector = {
        "matchLabels": {"app": "x"},
        "matchExpressions": [
            {"key": "a", "operator": "In", "values": ["1", "2"]},
            {"key": "b", "operator": "NotIn", "values": ["3"]},
            {"key": "c", "operator": "Exists"},
            {"key": "d", "operator": "DoesNotExist"},
        ],
    }
    assert views.selector_text(selector) == "app=x,a in (1,2),b notin (3),c,!d"


def test_the_strictest_budget_counts():
    def budget(allowed, counted=1, **labels):
        return {
            "metadata": {"generation": 1},
            "spec": {"selector": {"matchLabels": labels}},
            "status": {"disruptionsAllowed": allowed, "observedGeneration": counted},
        }

    template = {"metadata": {"labels": LABELS}}
    budgets = [budget(2, app="x"), budget(1, tier="web"), budget(0, app="y")]
    assert views.pdb_allowed(template, budgets) == 1
    assert views.pdb_allowed(template, budgets[2:]) is None
    assert views.pdb_allowed(template, [{"metadata": {}, "spec": {"selector": {}}}]) == 0
    assert views.pdb_allowed(template, [budget(2, counted=0, app="x")]) == 0
