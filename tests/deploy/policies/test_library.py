"""The library of playbooks: what it does with every alert, and what it never does."""

import pytest

from deploy.policies.where import LIBRARY
from schemas.actions import (
    ACTIONS,
    CORDON,
    DRAIN,
    EVICT_POD,
    EXPAND_VOLUME,
    RAISE_MAX,
    RERUN_JOB,
    ROLL_BACK,
)
from schemas.probes import EXPANDED, HAS_ROOM
from streams.core import intervals
from streams.core.alerts import muting
from streams.core.playbook import Mode, target_of
from streams.core.seen import Seen
from streams.policy.lint import remarks
from streams.policy.load import load_file, read_policy
from streams.policy.parts import text_of
from tests.deploy.policies.alerts import Row, rows

POLICY, TEXT = load_file(LIBRARY)
ROWS = rows()
NOON_MS = 1_700_000_000_000


def ident(row: Row) -> str:
    return f"{row.alert}-{row.severity}"


def test_it_can_be_read_and_only_lacks_the_namespaces_that_are_yours() -> None:
    found = remarks(*read_policy(text_of(LIBRARY)))
    assert [fault.why for fault in found] == ["nothing is ever done: no namespace is allowed"]


@pytest.mark.parametrize("row", ROWS, ids=ident)
def test_every_alert_is_treated_as_the_table_says(row: Row) -> None:
    assert done(POLICY.sees(row.labels)) == row.done


def done(seen: Seen) -> set[str]:
    found = {f"brake {POLICY.brakes[n].name}" for n in seen.brakes}
    found |= {f"watchdog {POLICY.watchdogs[n].name}" for n in seen.watchdogs}
    if seen.never:
        return found | {"never"}
    if all(muting.is_muted(POLICY, route, NOON_MS) for route in seen.routes):
        return found | {"silent"}
    return found | {f"playbook {seen.playbook.name}" if seen.playbook else "told"}


def test_no_alert_is_there_twice_and_every_decision_has_a_reason() -> None:
    assert len({ident(row) for row in ROWS}) == len(ROWS)
    assert all(row.why for row in ROWS if row.done != {"never"})
    assert len({row.alert for row in ROWS}) >= 90


def test_every_playbook_brake_and_watchdog_has_an_alert_of_the_table() -> None:
    named = {entry.split()[1] for row in ROWS for entry in row.done if " " in entry}
    ours = {p.name for p in POLICY.playbooks} | {w.name for w in POLICY.watchdogs}
    # Told apart by its job, which only a label says: see below.
    ours |= {b.name for b in POLICY.brakes} - {"kube-state-metrics"}
    assert named == ours


def test_no_playbook_may_act_by_itself_as_it_is_shipped() -> None:
    assert {playbook.mode for playbook in POLICY.playbooks} == {Mode.SHADOW}
    assert not any(playbook.trusted for playbook in POLICY.playbooks)


def test_nothing_is_rolled_back_without_a_change_nor_twice() -> None:
    every = [rung for playbook in POLICY.playbooks for rung in playbook.rungs[:-1]]
    steps = [rung for rung in every if rung.action == ROLL_BACK]
    assert all(rung.attempts == 1 for rung in every)
    assert all(rung.when and rung.when.text == "change_related" for rung in steps)
    assert all(probe.kind == "rollout" for rung in steps for probe in rung.verify.probes)


def test_what_is_done_and_how_much_of_it_is_written_down() -> None:
    given = {rung.action: dict(rung.parameters) for p in POLICY.playbooks for rung in p.rungs[:-1]}
    assert given == {
        ROLL_BACK: {},
        EVICT_POD: {},
        RERUN_JOB: {},
        DRAIN: {},
        CORDON: {},
        RAISE_MAX: {"by": "2", "max": "10"},
        EXPAND_VOLUME: {"percent": "25", "max": "100Gi"},
    }


def test_what_cannot_be_undone_is_for_two_people_when_it_is_nearly_too_late() -> None:
    grave = [p for p in POLICY.playbooks if ACTIONS[p.rungs[0].action].destructive]
    assert [p.name for p in grave] == ["volume-full"]
    (book,) = grave
    approval = book.rungs[0].approval
    assert (approval.always, approval.persons) == (True, 2)
    labels = {"alertname": "KubePersistentVolumeFillingUp", "severity": "warning"}
    assert not book.matches(labels)
    assert book.matches({**labels, "severity": "critical"})


def test_a_maximum_is_raised_for_a_time_and_not_lowered_because_it_was_not_enough() -> None:
    (rung,) = [r for p in POLICY.playbooks for r in p.rungs if r.action == RAISE_MAX]
    assert rung.lasts_ms == 4 * 3_600_000
    assert not rung.undo


@pytest.mark.parametrize(("action", "probe"), [(RAISE_MAX, HAS_ROOM), (EXPAND_VOLUME, EXPANDED)])
def test_more_counts_as_enough_by_what_the_target_says_itself(action: str, probe: str) -> None:
    (rung,) = [r for p in POLICY.playbooks for r in p.rungs if r.action == action]
    assert [each.kind for each in rung.verify.probes] == [probe]


@pytest.mark.parametrize(
    ("alert", "named"),
    [
        ("KubeHpaMaxedOut", "horizontalpodautoscaler"),
        ("KubePersistentVolumeFillingUp", "persistentvolumeclaim"),
    ],
)
def test_each_autoscaler_and_each_claim_is_an_incident_of_its_own(alert: str, named: str) -> None:
    """With the labels that kubernetes-mixin's alerts have: their target is named by one of them."""
    labels = {"alertname": alert, "severity": "critical", "namespace": "shop", named: "a"}
    (route,) = POLICY.sees(labels).routes
    assert {"namespace", named} <= set(route.group_by)
    book = POLICY.sees(labels).playbook
    assert book is not None
    target = target_of(book.target, "eu-1", labels)
    assert target is not None
    assert (target.kind, target.namespace, target.name) == (book.target.kind, "shop", "a")


def test_a_warning_of_a_volume_does_not_keep_its_critical_alert_from_its_playbook() -> None:
    labels = {"alertname": "KubePersistentVolumeFillingUp", "severity": "warning"}
    assert "severity" in POLICY.sees(labels).routes[0].group_by


def test_where_there_is_no_room_only_more_replicas_are_held() -> None:
    brakes = {brake.name: brake for brake in POLICY.brakes}
    assert {name for name, brake in brakes.items() if brake.actions} == {"no-room", "quota-used-up"}
    assert brakes["no-room"].actions == brakes["quota-used-up"].actions == (RAISE_MAX,)
    used_up = {"alertname": "KubeQuotaFullyUsed", "namespace": "shop"}
    for resource in ("pods", "requests.cpu", "limits.memory", "cpu", "count/pods"):
        assert brakes["quota-used-up"].matches({**used_up, "resource": resource})
    for resource in ("services.loadbalancers", "requests.storage", "secrets", ""):
        assert not brakes["quota-used-up"].matches({**used_up, "resource": resource})
    assert brakes["quota-used-up"].equal == ("namespace",)


def test_what_may_have_another_cause_or_takes_pods_from_a_node_always_asks() -> None:
    asks = {p.name for p in POLICY.playbooks if p.rungs[0].approval.always}
    assert asks == {
        "missing-replicas",
        "container-waiting",
        "pod-not-ready",
        "failed-job",
        "node-not-ready",
        "autoscaler-maxed-out",
        "volume-full",
    }


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing", "CrashLoopBackOff", ""])
def test_a_container_that_waits_for_anything_else_is_for_people(reason: str) -> None:
    labels = {"alertname": "KubeContainerWaiting", "severity": "warning", "reason": reason}
    assert POLICY.sees(labels).playbook is None


def test_kube_state_metrics_gone_brakes_everything_and_other_jobs_only_their_own() -> None:
    brakes = {brake.name: brake for brake in POLICY.brakes}
    down = {"alertname": "TargetDown", "job": "kube-state-metrics"}
    assert brakes["kube-state-metrics"].matches(down)
    assert not brakes["kube-state-metrics"].equal
    assert not brakes["kube-state-metrics"].matches({**down, "job": "checkout"})
    assert brakes["target-down"].equal == ("job",)


def test_severities_are_told_as_the_comment_says() -> None:
    table = POLICY.severities
    assert table is not None
    assert {name for name, row in table.items() if row.remediate} == {"warning", "critical"}
    assert {name for name, row in table.items() if row.receivers} == {"critical"}
    assert {row.severity for row in ROWS} <= set(table)


def test_a_node_and_all_that_is_wrong_with_it_are_one_incident() -> None:
    for alert in ("KubeNodeNotReady", "KubeNodeUnreachable", "KubeletPlegDurationHigh"):
        (route,) = POLICY.sees({"alertname": alert, "node": "n1"}).routes
        assert route.group_by == ("node",)


def test_always_is_always() -> None:
    always = POLICY.intervals["always"]
    assert all(intervals.contains(always, NOON_MS + hour * 3_600_000) for hour in range(200))
