"""The library of playbooks: what it does with every alert, and what it never does."""

import pytest

from deploy.policies.where import LIBRARY
from schemas.actions import ACTIONS, CORDON, DRAIN, EVICT_POD, RERUN_JOB, ROLL_BACK
from streams.core import intervals
from streams.core.alerts import muting
from streams.core.playbook import Mode
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


def test_nothing_that_cannot_be_undone_and_no_grace_is_cut_short() -> None:
    every = [rung for playbook in POLICY.playbooks for rung in playbook.rungs[:-1]]
    assert not any(ACTIONS[rung.action].destructive for rung in every)
    assert {rung.action for rung in every} == {ROLL_BACK, EVICT_POD, RERUN_JOB, DRAIN, CORDON}
    assert not any(rung.parameters for rung in every)


def test_what_may_have_another_cause_or_takes_pods_from_a_node_always_asks() -> None:
    asks = {p.name for p in POLICY.playbooks if p.rungs[0].approval.always}
    assert asks == {
        "missing-replicas",
        "container-waiting",
        "pod-not-ready",
        "failed-job",
        "node-not-ready",
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
