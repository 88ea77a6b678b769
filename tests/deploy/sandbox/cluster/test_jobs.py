"""Jobs: run to their end, counted, given up after too many failures, and cleaned away."""

import pytest
from kubernetes import client

from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients, eventually, refused

TRACKING = "batch.kubernetes.io/job-tracking"


def create(kube: Clients, namespace: str, *command: str, **options) -> client.V1Job:
    body = workloads.job(command=[*command], **options)
    return kube.batch.create_namespaced_job(namespace, body)


def conditions(status: client.V1JobStatus) -> list[tuple[str, str]]:
    return [(one.type, one.reason) for one in status.conditions or () if one.status == "True"]


def finished(kube: Clients, namespace: str) -> client.V1JobStatus:
    def done() -> client.V1JobStatus | None:
        status = kube.batch.read_namespaced_job("once", namespace).status
        ends = {kind for kind, _ in conditions(status)} & {"Complete", "Failed"}
        return status if ends else None

    return eventually(done, "the job's end")


def pods(kube: Clients, namespace: str) -> list[client.V1Pod]:
    return kube.core.list_namespaced_pod(namespace, label_selector="job-name=once").items


def test_a_job_runs_its_pods_to_their_end(kube: Clients, namespace: str):
    create(kube, namespace, "true", completions=2, parallelism=2)
    status = finished(kube, namespace)
    assert (status.succeeded, status.failed, status.active, status.ready) == (2, None, None, 0)
    assert status.completion_time >= status.start_time
    assert conditions(status) == [
        ("SuccessCriteriaMet", "CompletionsReached"),
        ("Complete", "CompletionsReached"),
    ]
    assert [pod.status.phase for pod in pods(kube, namespace)] == ["Succeeded", "Succeeded"]
    assert all(TRACKING not in (pod.metadata.finalizers or ()) for pod in pods(kube, namespace))


def test_it_marks_its_pods_by_its_uid(kube: Clients, namespace: str):
    made = create(kube, namespace, "true", suspend=True)
    own = {"batch.kubernetes.io/controller-uid": made.metadata.uid}
    assert made.spec.selector.match_labels == own
    marks = own | {
        "batch.kubernetes.io/job-name": "once",
        "controller-uid": made.metadata.uid,
        "job-name": "once",
    }
    assert made.metadata.labels == made.spec.template.metadata.labels == marks


@pytest.mark.parametrize("policy", ["Never", "OnFailure"])
def test_after_too_many_failures_it_is_given_up(kube: Clients, namespace: str, policy: str):
    limit = 0 if policy == "Never" else 1
    create(kube, namespace, "false", policy=policy, backoffLimit=limit)
    status = finished(kube, namespace)
    assert (status.succeeded, status.failed, status.completion_time) == (None, 1, None)
    assert conditions(status) == [
        ("FailureTarget", "BackoffLimitExceeded"),
        ("Failed", "BackoffLimitExceeded"),
    ]


def test_a_failed_pod_is_tried_again(kube: Clients, namespace: str):
    create(kube, namespace, "false", backoffLimit=1)
    assert finished(kube, namespace).failed == 2
    assert [pod.status.phase for pod in pods(kube, namespace)] == ["Failed", "Failed"]


def test_a_job_may_run_only_so_long(kube: Clients, namespace: str):
    create(kube, namespace, *workloads.IDLE, activeDeadlineSeconds=2)
    status = finished(kube, namespace)
    assert (status.failed, status.active) == (1, None)
    assert conditions(status)[-1] == ("Failed", "DeadlineExceeded")
    eventually(lambda: not pods(kube, namespace), "its pod to go")


def test_a_suspended_job_has_no_pods_until_it_is_resumed(kube: Clients, namespace: str):
    create(kube, namespace, "true", suspend=True)

    def suspended() -> bool:
        status = kube.batch.read_namespaced_job("once", namespace).status
        return conditions(status) == [("Suspended", "JobSuspended")]

    eventually(suspended, "the condition")
    assert pods(kube, namespace) == []
    kube.batch.patch_namespaced_job("once", namespace, {"spec": {"suspend": False}})
    assert finished(kube, namespace).succeeded == 1


def test_a_finished_job_lives_as_long_as_it_says(kube: Clients, namespace: str):
    create(kube, namespace, "true", ttlSecondsAfterFinished=0)

    def gone() -> bool:
        jobs = kube.batch.list_namespaced_job(namespace).items
        return not jobs and not pods(kube, namespace)

    eventually(gone, "the job and its pod to go")


def test_deleting_a_job_orphans_its_pods_unless_told_otherwise(kube: Clients, namespace: str):
    create(kube, namespace, *workloads.IDLE)
    eventually(lambda: pods(kube, namespace), "its pod")
    kept = kube.batch.delete_namespaced_job("once", namespace, dry_run="All")
    assert kept["metadata"]["finalizers"] == ["orphan"]
    kube.batch.delete_namespaced_job("once", namespace, propagation_policy="Background")
    eventually(lambda: not pods(kube, namespace), "its pod to go")


@pytest.mark.parametrize("change", [{"completions": 2}, {"template": {"metadata": {"name": "x"}}}])
def test_what_it_does_cannot_change(kube: Clients, namespace: str, change: dict):
    create(kube, namespace, "true", completions=1, parallelism=0)
    told = refused(422, kube.batch.patch_namespaced_job, "once", namespace, {"spec": change})
    (cause,) = told["details"]["causes"]
    assert cause["field"] == f"spec.{next(iter(change))}"
    assert cause["message"].endswith(": field is immutable")
