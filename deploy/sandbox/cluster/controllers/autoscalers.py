"""Autoscalers: no more replicas and no fewer than they allow.

There are no metrics here, so this is all they do. It is done at once, where the real one looks
every fifteen seconds.
"""

from collections.abc import Iterable
from dataclasses import replace

from deploy.sandbox.cluster.api import events
from deploy.sandbox.cluster.api.registry import Registry
from deploy.sandbox.cluster.api.resources import (
    AUTOSCALERS,
    BY_KIND,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
    Resource,
)
from deploy.sandbox.cluster.api.store import Change
from deploy.sandbox.cluster.controllers.loop import Key, key_of
from deploy.sandbox.cluster.controllers.writers import CONTROLLER
from deploy.sandbox.cluster.objects import Json, condition, name, namespace, now, time_text

SCALED = (DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS)
THROUGH_SCALE = replace(CONTROLLER, writer=replace(CONTROLLER.writer, subresource="scale"))


class Autoscalers:
    watched = (AUTOSCALERS.id, *(resource.id for resource in SCALED))

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def keys(self, change: Change) -> Iterable[Key]:
        if change.resource_id == AUTOSCALERS.id:
            return [key_of(change.object)]
        return [
            key_of(one)
            for one in self._store.all(AUTOSCALERS.id, namespace(change.object))
            if one["spec"]["scaleTargetRef"]["name"] == name(change.object)
        ]

    def reconcile(self, key: Key) -> float | None:
        autoscaler = self._store.get(AUTOSCALERS.id, *key)
        if autoscaler is None:
            return None
        target = autoscaler["spec"]["scaleTargetRef"]
        resource = BY_KIND.get((target["apiVersion"], target["kind"]))
        scaled = resource in SCALED and self._store.get(resource.id, key[0], target["name"])
        if resource is None or not scaled:
            return None
        before = scaled["spec"]["replicas"]
        wanted, why = _within(autoscaler["spec"], before)
        if wanted != before:
            self._scale(resource, scaled, wanted)
            text = f"New size: {wanted}; reason: Current number of replicas {why}"
            events.record(self._registry, autoscaler, "SuccessfulRescale", text, CONTROLLER)
            self._tell(autoscaler, before, wanted)
        return None

    def _scale(self, resource: Resource, scaled: Json, wanted: int) -> None:
        def scale(old: Json) -> Json:
            old["spec"]["replicas"] = wanted
            return old

        self._registry.update(resource, namespace(scaled), name(scaled), scale, THROUGH_SCALE)

    def _tell(self, autoscaler: Json, before: int, wanted: int) -> None:
        at = time_text(now())

        def tell(old: Json) -> Json:
            since = (condition(old, "AbleToScale") or {}).get("lastTransitionTime", at)
            able = {
                "type": "AbleToScale",
                "status": "True",
                "lastTransitionTime": since,
                "reason": "SucceededRescale",
                "message": f"the HPA controller was able to update the target scale to {wanted}",
            }
            old["status"] = {
                "lastScaleTime": at,
                "currentReplicas": before,
                "desiredReplicas": wanted,
                "conditions": [able],
            }
            return old

        self._registry.update(
            AUTOSCALERS, namespace(autoscaler), name(autoscaler), tell, CONTROLLER, "status"
        )


def _within(spec: Json, replicas: int) -> tuple[int, str]:
    """Nobody scales what has been scaled to nothing."""
    if replicas == 0:
        return 0, ""
    if replicas > spec["maxReplicas"]:
        return spec["maxReplicas"], "above Spec.MaxReplicas"
    if replicas < spec["minReplicas"]:
        return spec["minReplicas"], "below Spec.MinReplicas"
    return replicas, ""
