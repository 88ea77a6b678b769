"""What an executor may do is what its actions need: not a verb more, and never a wildcard."""

import pytest

from remediators.actions.catalog import CATALOG
from remediators.actions.plan import Right
from remediators.actions.rights import Rights, Rule, rights_of, rules_of
from schemas.actions import ACTIONS, CORDON, RESTART, ROLL_BACK, UNCORDON
from schemas.kinds import CONFIG_MAP, JOB, KINDS, POD

BESIDE = (
    Rule("", "events", ("create",)),
    Rule("argoproj.io", "rollouts", ("list",)),
    Rule("autoscaling", "horizontalpodautoscalers", ("list",)),
    Rule("policy", "poddisruptionbudgets", ("list",)),
)


def texts(rights: Rights) -> set[str]:
    rules = (*rights.cluster, *rights.namespaced, *rights.default)
    return {text for rule in rules for text in (rule.group, rule.resource, *rule.verbs)}


def test_a_restart_reads_and_patches_its_targets():
    rights = rights_of([RESTART])
    kinds = (KINDS[kind] for kind in ACTIONS[RESTART].kinds)
    targets = (Rule(kind.group, kind.plural, ("get", "patch")) for kind in kinds)
    assert rights.namespaced == tuple(sorted((*BESIDE, *targets)))
    assert rights.cluster == (Rule("", "nodes", ("list",)),)
    assert rights.default == ()


def test_what_a_row_names_comes_with_its_action_and_with_no_other():
    sets = Rule("apps", "replicasets", ("list",))
    assert sets in rights_of([ROLL_BACK]).namespaced
    assert sets not in rights_of([RESTART]).namespaced


def test_nodes_are_in_no_namespace_and_their_events_in_one():
    rights = rights_of([CORDON, UNCORDON])
    assert rights.namespaced == ()
    assert rights.cluster == (Rule("", "nodes", ("get", "list", "patch")),)
    assert rights.default == (Rule("", "events", ("create",)),)


def test_who_tells_nothing_may_tell_nothing():
    rights = rights_of(telling=False)
    assert all(rule.resource != "events" for rule in rights.everywhere)
    assert rights.default == ()


def test_no_names_mean_all_actions():
    assert rights_of() == rights_of(CATALOG)


@pytest.mark.parametrize("actions", [(), *((name,) for name in ACTIONS)], ids=",".join)
def test_no_wildcard_ever_and_nothing_that_grants_rights(actions: tuple[str, ...]):
    found = texts(rights_of(actions))
    assert not {text for text in found if "*" in text}
    assert not found & {"secrets", "impersonate", "bind", "escalate", "deletecollection"}
    assert "rbac.authorization.k8s.io" not in found


@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_may_read_its_targets_and_all_that_its_row_names(action: str):
    rights = rights_of([action])
    may = {(r.group, r.resource, verb) for r in rights.everywhere for verb in r.verbs}
    for kind in ACTIONS[action].kinds & set(KINDS):
        assert (KINDS[kind].group, KINDS[kind].plural, "get") in may
    for rule in rules_of(CATALOG[action].rights):
        assert {(rule.group, rule.resource, verb) for verb in rule.verbs} <= may


def test_each_action_is_within_all_of_them():
    def pairs(rules: tuple[Rule, ...]) -> set[tuple[str, str, str]]:
        return {(r.group, r.resource, verb) for r in rules for verb in r.verbs}

    each = [pairs(rights_of([name]).everywhere) for name in CATALOG]
    assert set.union(*each) == pairs(rights_of().everywhere)


def test_one_rule_for_each_kind_in_order():
    rules = rules_of(
        [
            Right("patch", CONFIG_MAP),
            Right("create", JOB),
            Right("get", CONFIG_MAP),
            Right("create", POD, "eviction"),
        ]
    )
    assert rules == (
        Rule("", "configmaps", ("get", "patch")),
        Rule("", "pods/eviction", ("create",)),
        Rule("batch", "jobs", ("create",)),
    )
