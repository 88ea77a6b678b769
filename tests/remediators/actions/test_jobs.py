"""Jobs: one that has failed once more, or one of our own templates; under a name that is ours."""

import json
from dataclasses import replace
from typing import Any

import pytest

from remediators.actions.catalog import CATALOG, announce
from remediators.actions.plan import Kit, Scene
from remediators.adapters.kubernetes import views
from remediators.core.jobs import KEPT_S, MADE_FOR, TEMPLATE, made_for, selector
from remediators.core.refusal import Refusal
from remediators.core.request import CREATE
from remediators.core.seen import ENABLED
from schemas.actions import RERUN_JOB, RUN_JOB
from schemas.kinds import JOB
from schemas.remediation import Command, OutcomeReason, Target
from tests.remediators.actions.samples import SAMPLES
from tests.remediators.builders import TARGET, TTL_MS, command, workload
from tests.remediators.executor.bench import Bench, words

Object = dict[str, Any]
NIGHTLY = Target("eu-1", "shop", JOB, "nightly")
ID = "c1"
PODS = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "example/main:1"}]}
TEMPLATES = {"index": {"kind": JOB, "spec": {"ttlSecondsAfterFinished": 3_600}}}


def job(*conditions: str, status: Object | None = None, **spec: Any) -> Object:
    told = [{"type": kind, "status": "True"} for kind in conditions]
    uid = {"controller-uid": "u", "batch.kubernetes.io/controller-uid": "u"}
    named = {"job-name": "nightly", "batch.kubernetes.io/job-name": "nightly"}
    template = {"metadata": {"labels": {"app": "nightly", **uid, **named}}, "spec": PODS}
    meta = {
        "name": "nightly",
        "namespace": "shop",
        "uid": "uid-1",
        "generation": 1,
        "labels": {**uid, "argocd.argoproj.io/instance": "shop"},
        "annotations": {ENABLED: "true"},
        "ownerReferences": [{"kind": "CronJob", "name": "nightly", "controller": True}],
    }
    of_the_api = {"selector": {"matchLabels": uid}, "manualSelector": False, "suspend": False}
    return {
        "metadata": meta,
        "spec": {"backoffLimit": 2, **of_the_api, "template": template, **spec},
        "status": {"conditions": told, **(status or {})},
    }


def named(name: str, *conditions: str) -> Object:
    return {**job(*conditions), "metadata": {"name": name, "namespace": "shop"}}


def made(found: Object, *copies: Object, order: Command | None = None) -> Any:
    act = order or command(action=RERUN_JOB, target=NIGHTLY)
    return announce(CATALOG[RERUN_JOB], Scene(act, views.seen(NIGHTLY, found), (copies,)))


def run(*others: Object, order: Command | None = None, **given: str) -> Any:
    act = order or command(action=RUN_JOB, parameters=given)
    return announce(CATALOG[RUN_JOB], Scene(act, workload(), (others,), Kit(jobs=TEMPLATES)))


def body(announced: Any) -> Object:
    assert not isinstance(announced, Refusal), announced
    request, _ = announced
    assert request.verb == CREATE
    assert request.target == Target("eu-1", "shop", JOB, f"mendlog-{ID}")
    found: Object = json.loads(request.body)
    return found


def test_a_copy_that_nobody_takes_for_the_original():
    copy = body(made(job("Failed")))
    assert copy["metadata"]["labels"] == {MADE_FOR: made_for(NIGHTLY)}
    assert set(copy["metadata"]["annotations"]) == {"mendlog.io/last-command"}
    assert "ownerReferences" not in copy["metadata"]
    assert set(copy["spec"]) == {"backoffLimit", "template", "ttlSecondsAfterFinished"}
    assert copy["spec"]["template"] == {"metadata": {"labels": {"app": "nightly"}}, "spec": PODS}


@pytest.mark.parametrize(("before", "after"), [(0, KEPT_S), (KEPT_S + 1, KEPT_S + 1)])
def test_it_is_kept_for_as_long_as_its_request_may_return(before: int, after: int):
    copy = body(made(job("Failed", ttlSecondsAfterFinished=before)))
    assert copy["spec"]["ttlSecondsAfterFinished"] == after


@pytest.mark.parametrize(
    ("found", "copies", "reason", "words"),
    [
        (job("Complete"), [], OutcomeReason.NOTHING_TO_DO, "succeeded"),
        (job(), [], OutcomeReason.INVALID, "not failed"),
        (job("FailureTarget"), [], OutcomeReason.INVALID, "not failed"),
        (job("Failed", status={"active": 1}), [], OutcomeReason.INVALID, "still there"),
        (job("Failed", status={"terminating": 1}), [], OutcomeReason.INVALID, "still there"),
        (job("Failed", manualSelector=True), [], OutcomeReason.INVALID, "manualSelector"),
        (job("Failed", managedBy="kueue"), [], OutcomeReason.INVALID, "run by kueue"),
        (job("Failed"), [named("mendlog-c0", "Failed")], OutcomeReason.INVALID, "mendlog-c0"),
    ],
)
def test_what_is_not_run_again(found: Object, copies: list, reason: OutcomeReason, words: str):
    refused = made(found, *copies)
    assert refused.reason is reason
    assert words in refused.detail


def test_a_copy_is_not_copied():
    found = job("Failed")
    found["metadata"]["labels"] = {MADE_FOR: "x"}
    assert made(found).reason is OutcomeReason.INVALID


def test_its_own_copy_is_no_earlier_one():
    assert body(made(job("Failed"), named(f"mendlog-{ID}")))
    assert body(run(named(f"mendlog-{ID}"), job="index"))


def test_a_template_and_nothing_else():
    template = body(run(job="index"))
    assert template["metadata"]["labels"] == {MADE_FOR: made_for(TARGET), TEMPLATE: "index"}
    assert template["spec"] == TEMPLATES["index"]["spec"]


@pytest.mark.parametrize("name", ["other", "-1", str(10**9), "{{7*7}}", "$(id)", "", "../index"])
def test_a_name_that_nobody_has_registered(name: str):
    assert run(job=name).reason is OutcomeReason.BAD_PARAMETERS


def test_one_at_a_time_of_a_template():
    assert "mendlog-c0" in run(named("mendlog-c0"), job="index").detail
    assert body(run(named("mendlog-c0", "Failed"), named("mendlog-c9", "Complete"), job="index"))


@pytest.mark.parametrize("action", [RERUN_JOB, RUN_JOB])
def test_a_command_that_outlives_the_job_or_has_no_name_for_it(action: str):
    given = {"job": "index"} if action == RUN_JOB else {}
    act = command(action=action, target=NIGHTLY, parameters=given)
    long = replace(act, expires_at_ms=act.issued_at_ms + KEPT_S * 1000)
    for order in (long, replace(act, command_id="A_b"), replace(act, command_id="a" * 60)):
        refused = run(order=order) if given else made(job("Failed"), order=order)
        assert refused.reason is OutcomeReason.INVALID
    assert TTL_MS < 3_600_000


def test_it_reads_what_was_made_for_this_very_target():
    (query,) = CATALOG[RUN_JOB].reads(command(parameters={"job": "index"}), workload())
    labels = f"{selector(TARGET)},{TEMPLATE}=index"
    assert (query.kind, query.namespace, query.labels) == (JOB, TARGET.namespace, labels)
    assert made_for(TARGET) != made_for(replace(TARGET, name="other"))


async def test_what_carries_our_mark_and_was_never_announced_is_for_a_person():
    """Somebody whom we took for gone, after we had read the ledger; or somebody who forges marks.
    Nothing is made beside it, and nothing is claimed."""
    here, sample = Bench(), SAMPLES[RERUN_JOB]
    here.cluster.objects.clear()
    sample.build(here.cluster)
    found = here.cluster.objects[sample.target]
    bound = {"uid": found["metadata"]["uid"], "generation": 1}
    act = command(action=RERUN_JOB, target=sample.target, **bound)
    copy = {"metadata": {"annotations": {"mendlog.io/last-command": ID}}, "spec": {}}
    here.cluster.put(replace(sample.target, name=f"mendlog-{ID}"), copy)
    assert words(await here.do(act)) == ["unknown invalid"]
    assert here.cluster.changes == []
