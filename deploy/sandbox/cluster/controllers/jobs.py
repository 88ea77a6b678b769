"""Jobs: pods that run to their end, until enough of them have succeeded or too many failed."""

from collections.abc import Iterable

from deploy.sandbox.cluster.api import events
from deploy.sandbox.cluster.api.registry import Registry
from deploy.sandbox.cluster.api.resources import JOBS, PODS
from deploy.sandbox.cluster.api.rules import Deletion
from deploy.sandbox.cluster.api.store import Change
from deploy.sandbox.cluster.controllers import job_status
from deploy.sandbox.cluster.controllers.job_status import Outcome, over
from deploy.sandbox.cluster.controllers.loop import Key, key_of
from deploy.sandbox.cluster.controllers.writers import CONTROLLER
from deploy.sandbox.cluster.objects import (
    Json,
    controlled_by,
    controller_of,
    deleting,
    edited,
    name,
    namespace,
    now,
    owner_reference,
)

TRACKING = "batch.kubernetes.io/job-tracking"
"""Keeps a pod until its end has been counted."""


class Jobs:
    watched = (JOBS.id, PODS.id)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def keys(self, change: Change) -> Iterable[Key]:
        if change.resource_id == JOBS.id:
            return [key_of(change.object)]
        owner = controller_of(change.object)
        if owner is None or owner["kind"] != JOBS.kind:
            return ()
        return [(namespace(change.object), owner["name"])]

    def reconcile(self, key: Key) -> float | None:
        job = self._store.get(JOBS.id, *key)
        if job is None or deleting(job):
            self._let_go([pod for pod in self._of(key) if TRACKING in _finalizers(pod)])
            return None
        counted = [pod for pod in self._pods(job) if TRACKING in _finalizers(pod) and over(pod)]
        if job_status.finished(job):
            self._let_go(counted)
            return self._expire(job)
        pods = self._pods(job)
        outcome = job_status.outcome_of(job, pods, counted, now())
        if outcome is not Outcome.RUNNING:
            self._end(job, [pod for pod in pods if not over(pod) and not deleting(pod)])
        again_in_s = None
        if outcome is Outcome.RUNNING:
            again_in_s = self._fill(job, pods, counted)
        self._tell(job, outcome, counted)
        self._let_go(counted)
        return again_in_s

    def _of(self, key: Key) -> list[Json]:
        """Pods of a job of that name, though it may be gone."""
        wanted = (JOBS.kind, key[1])
        return [
            pod
            for pod in self._store.all(PODS.id, key[0])
            if (owner := controller_of(pod)) and (owner["kind"], owner["name"]) == wanted
        ]

    def _pods(self, job: Json) -> list[Json]:
        pods = self._store.all(PODS.id, namespace(job))
        return [pod for pod in pods if controlled_by(pod, job)]

    def _fill(self, job: Json, pods: list[Json], counted: list[Json]) -> float | None:
        """As many as may run side by side, a while after each failure."""
        at = now()
        wait_s = job_status.seconds_to_retry(job, pods, at)
        missing = job_status.missing(job, pods, counted)
        for _ in range(0 if wait_s else missing):
            self._create_pod(job)
        waits = [wait_s if missing > 0 else 0, job_status.seconds_to_deadline(job, at)]
        return min((wait for wait in waits if wait), default=None)

    def _create_pod(self, job: Json) -> None:
        template = edited(job["spec"]["template"])
        pod = {
            "metadata": {
                **template["metadata"],
                "generateName": f"{name(job)}-",
                "finalizers": [TRACKING],
                "ownerReferences": [owner_reference(job)],
            },
            "spec": template["spec"],
        }
        made = self._registry.create(PODS, namespace(job), pod, CONTROLLER)
        self._note(job, "SuccessfulCreate", f"Created pod: {name(made)}")

    def _end(self, job: Json, pods: list[Json]) -> None:
        for pod in pods:
            self._registry.delete(PODS, namespace(pod), name(pod), Deletion())
            self._note(job, "SuccessfulDelete", f"Deleted pod: {name(pod)}")

    def _tell(self, job: Json, outcome: Outcome, counted: list[Json]) -> None:
        pods = self._pods(job)

        def tell(old: Json) -> Json:
            old["status"] = job_status.status_of(old, pods, counted, outcome, now())
            return old

        told = self._registry.update(JOBS, namespace(job), name(job), tell, CONTROLLER, "status")
        if job_status.finished(told):
            kind, reason, text = job_status.obituary(told)
            self._note(job, reason, text, kind)

    def _let_go(self, counted: list[Json]) -> None:
        def let_go(old: Json) -> Json:
            old["metadata"]["finalizers"].remove(TRACKING)
            return old

        for pod in counted:
            self._registry.update(PODS, namespace(pod), name(pod), let_go, CONTROLLER)

    def _expire(self, job: Json) -> float | None:
        """A finished job goes with its pods when its time to live is over."""
        left_s = job_status.seconds_to_live(job, now())
        if left_s == 0:
            how = Deletion(policy="Foreground")
            self._registry.delete(JOBS, namespace(job), name(job), how)
        return left_s or None

    def _note(self, job: Json, reason: str, text: str, kind: str = "Normal") -> None:
        events.record(self._registry, job, reason, text, CONTROLLER, kind)


def _finalizers(pod: Json) -> list[str]:
    return pod["metadata"].get("finalizers") or []
