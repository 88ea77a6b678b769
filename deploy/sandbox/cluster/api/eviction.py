"""Eviction: a deletion that the pod's disruption budget has to allow."""

from dataclasses import replace

from deploy.sandbox.cluster.api import errors, selectors
from deploy.sandbox.cluster.api.errors import ApiError
from deploy.sandbox.cluster.api.managed_fields import Writer
from deploy.sandbox.cluster.api.registry import Registry, Write
from deploy.sandbox.cluster.api.resources import BUDGETS, PODS
from deploy.sandbox.cluster.api.rules import Deletion, check_preconditions
from deploy.sandbox.cluster.objects import (
    Json,
    condition,
    condition_is_true,
    deleting,
    edited,
    ended,
    labels,
    name,
    namespace,
    now,
    time_text,
)

RETRY_S = 10
REFUSAL = "Cannot evict pod as it would violate the pod's disruption budget."
MORE_THAN_ONE = (
    "This pod has more than one PodDisruptionBudget, which the eviction subresource "
    "does not support."
)
SUCCESS = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Success",
    "code": 201,
}

API_SERVER = Write(Writer("kube-apiserver"))


def evict(registry: Registry, space: str, pod_name: str, how: Deletion) -> Json:
    """The budget comes before the preconditions: one that is wrong still uses up a disruption."""
    pod = registry.get(PODS, space, pod_name)
    if not _needs_no_budget(pod):
        budgets = budgets_of(registry, pod)
        if len(budgets) > 1:
            raise ApiError(500, "", MORE_THAN_ONE)
        if budgets and not _already_counted_out(pod, budgets[0]):
            _take(registry, budgets[0], pod, dry_run=how.dry_run)
        check_preconditions(PODS, pod, how)
        if not how.dry_run:
            _mark_disrupted(registry, pod)
        # Marking it has changed its version, which was checked above.
        how = replace(how, resource_version=None)
    registry.delete(PODS, space, pod_name, how)
    return SUCCESS


def budgets_of(registry: Registry, pod: Json) -> list[Json]:
    """An empty selector is taken for none at all here, unlike by the budget's controller."""
    return [
        budget
        for budget in registry.store.all(BUDGETS.id, namespace(pod))
        if not selectors.is_empty(budget["spec"].get("selector"))
        and selectors.selects(budget["spec"]["selector"], labels(pod))
    ]


def _needs_no_budget(pod: Json) -> bool:
    return ended(pod) or pod["status"]["phase"] == "Pending" or deleting(pod)


def _already_counted_out(pod: Json, budget: Json) -> bool:
    """A pod that is not ready is none of the healthy ones which the budget counts."""
    if condition_is_true(pod, "Ready"):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status", {})
    return status.get("currentHealthy", 0) >= status.get("desiredHealthy", 0) > 0


def _take(registry: Registry, budget: Json, pod: Json, *, dry_run: bool) -> None:
    """Use up one allowed disruption, or refuse."""
    status = budget.get("status", {})
    if status.get("observedGeneration", 0) < budget["metadata"]["generation"]:
        problem = f"The disruption budget {name(budget)} is still being processed by the server."
        raise _refused(problem, retry_after_s=RETRY_S)
    if status.get("disruptionsAllowed", 0) <= 0:
        problem = (
            f"The disruption budget {name(budget)} needs {status['desiredHealthy']} healthy pods "
            f"and has {status['currentHealthy']} currently"
        )
        raise _refused(problem, retry_after_s=0)

    def use_one(old: Json) -> Json:
        old["status"]["disruptionsAllowed"] -= 1
        old["status"].setdefault("disruptedPods", {})[name(pod)] = time_text(now())
        return old

    how = Write(API_SERVER.writer, dry_run=dry_run)
    registry.update(BUDGETS, namespace(budget), name(budget), use_one, how, "status")


def _refused(problem: str, *, retry_after_s: int) -> ApiError:
    cause = {"reason": "DisruptionBudget", "message": problem}
    return errors.too_many_requests(REFUSAL, retry_after_s=retry_after_s, cause=cause)


def _mark_disrupted(registry: Registry, pod: Json) -> None:
    def mark(old: Json) -> Json:
        new = edited(old)
        if condition(new, "DisruptionTarget") is None:
            new["status"].setdefault("conditions", []).append(
                {
                    "type": "DisruptionTarget",
                    "status": "True",
                    "reason": "EvictionByEvictionAPI",
                    "message": "Eviction API: evicting",
                    "lastTransitionTime": time_text(now()),
                }
            )
        return new

    registry.update(PODS, namespace(pod), name(pod), mark, API_SERVER, "status")
