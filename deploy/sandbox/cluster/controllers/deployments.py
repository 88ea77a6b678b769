"""Deployments: a replica set for each version of the template, and the way between them."""

from collections.abc import Iterable

from deploy.sandbox.cluster.api import events
from deploy.sandbox.cluster.api.registry import Registry
from deploy.sandbox.cluster.api.resources import DEPLOYMENTS, PODS, REPLICA_SETS
from deploy.sandbox.cluster.api.rules import Deletion
from deploy.sandbox.cluster.api.store import Change
from deploy.sandbox.cluster.controllers import revisions, rollout
from deploy.sandbox.cluster.controllers.deployment_status import seconds_to_deadline, status_of
from deploy.sandbox.cluster.controllers.loop import Key, key_of
from deploy.sandbox.cluster.controllers.rollout import Count, Plan
from deploy.sandbox.cluster.controllers.writers import CONTROLLER
from deploy.sandbox.cluster.objects import (
    Json,
    annotations,
    controlled_by,
    controller_of,
    deleting,
    ended,
    name,
    namespace,
    now,
)


class Deployments:
    watched = (DEPLOYMENTS.id, REPLICA_SETS.id, PODS.id)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def keys(self, change: Change) -> Iterable[Key]:
        obj = change.object
        if change.resource_id == PODS.id:
            # Only Recreate waits for pods, and only for those that are gone.
            if change.type != "DELETED":
                return ()
            obj = self._controller(obj, REPLICA_SETS.id) or obj
        if change.resource_id != DEPLOYMENTS.id:
            owner = controller_of(obj)
            if owner is None or owner["kind"] != DEPLOYMENTS.kind:
                return ()
            return [(namespace(obj), owner["name"])]
        return [key_of(obj)]

    def reconcile(self, key: Key) -> float | None:
        deployment = self._store.get(DEPLOYMENTS.id, *key)
        if deployment is None or deleting(deployment):
            return None
        sets = self._sets(deployment)
        new = revisions.newest_of(deployment, sets)
        paused = deployment["spec"].get("paused", False)
        created = new is None and not paused
        if created:
            new = self._make_new(deployment, sets)
        if new is not None and not paused:
            new, deployment = self._number(deployment, new, sets)
        self._scale(deployment, new, self._plan(deployment, new, self._sets(deployment)))
        self._tell(deployment, created=created)
        self._forget_old(deployment, new)
        return seconds_to_deadline(self._registry.get(DEPLOYMENTS, *key), now())

    def _sets(self, deployment: Json) -> list[Json]:
        """The deployment's replica sets, oldest first."""
        found = [
            one
            for one in self._store.all(REPLICA_SETS.id, namespace(deployment))
            if controlled_by(one, deployment)
        ]
        return sorted(found, key=lambda one: (one["metadata"]["creationTimestamp"], name(one)))

    def _controller(self, obj: Json, resource_id: str) -> Json | None:
        owner = controller_of(obj)
        return owner and self._store.get(resource_id, namespace(obj), owner["name"])

    def _make_new(self, deployment: Json, sets: list[Json]) -> Json:
        collisions = deployment.get("status", {}).get("collisionCount", 0)
        made = revisions.new_replica_set(deployment, collisions)
        while self._store.get(REPLICA_SETS.id, namespace(deployment), name(made)):
            collisions += 1
            made = revisions.new_replica_set(deployment, collisions)
        number = max(map(revisions.revision, sets), default=0) + 1
        limits = rollout.limits_of(deployment["spec"])
        size = 0
        if deployment["spec"]["strategy"]["type"] == "RollingUpdate":
            size = rollout.new_size(limits, _count(made), [*map(_count, sets)])
        self._announce(deployment, made, size)
        notes = revisions.annotated(made, deployment, number)
        made["metadata"]["annotations"] = notes | revisions.sizes(limits)
        made["spec"]["replicas"] = size
        return self._registry.create(REPLICA_SETS, namespace(deployment), made, CONTROLLER)

    def _number(self, deployment: Json, new: Json, sets: list[Json]) -> tuple[Json, Json]:
        """The newest set has the highest revision, and the deployment says which it is.

        An old set whose template is wanted again (a rollback) gets a new number.
        """
        number = max((revisions.revision(one) for one in sets if one is not new), default=0) + 1
        number = max(number, revisions.revision(new))

        def annotate(one: Json) -> Json:
            one["metadata"]["annotations"] = revisions.annotated(one, deployment, number)
            one["spec"]["minReadySeconds"] = deployment["spec"].get("minReadySeconds", 0)
            return one

        def tell(one: Json) -> Json:
            one["metadata"].setdefault("annotations", {})[revisions.REVISION] = str(number)
            return one

        new = self._registry.update(REPLICA_SETS, namespace(new), name(new), annotate, CONTROLLER)
        # Through status, as the real one: there an annotation makes no new generation.
        deployment = self._registry.update(
            DEPLOYMENTS, namespace(deployment), name(deployment), tell, CONTROLLER, "status"
        )
        return new, deployment

    def _plan(self, deployment: Json, new: Json | None, sets: list[Json]) -> Plan:
        limits = rollout.limits_of(deployment["spec"])
        counts = {name(one): _count(one) for one in sets}
        active = [one for one in sets if one["spec"]["replicas"] > 0]
        if any(_was_for_other_size(one, deployment) for one in active):
            return self._resize(limits, new, counts, active)
        if deployment["spec"].get("paused") or new is None:
            return {}
        newest = counts.pop(name(new))
        if deployment["spec"]["strategy"]["type"] == "Recreate":
            still = any(self._has_pods(one) for one in sets if name(one) in counts)
            return rollout.recreate_step(limits, newest, [*counts.values()], old_pods=still)
        return rollout.rolling_step(limits, newest, [*counts.values()])

    def _resize(
        self, limits: rollout.Limits, new: Json | None, counts: dict[str, Count], active: list[Json]
    ) -> Plan:
        if len(active) == 1:
            return {name(active[0]): limits.replicas}
        if new is not None and counts[name(new)].available >= limits.replicas:
            return {one: 0 for one in counts if one != name(new)}
        return rollout.proportional_step(limits, [*reversed(counts.values())])

    def _has_pods(self, replica_set: Json) -> bool:
        return any(
            controlled_by(pod, replica_set) and not ended(pod)
            for pod in self._store.all(PODS.id, namespace(replica_set))
        )

    def _scale(self, deployment: Json, new: Json | None, plan: Plan) -> None:
        limits = rollout.limits_of(deployment["spec"])
        for one in self._sets(deployment):
            size = plan.get(name(one), one["spec"]["replicas"])
            if name(one) in plan:
                self._announce(deployment, one, size)
            if size > 0 or name(one) in plan or (new is not None and name(one) == name(new)):
                self._resize_one(one, size, limits)

    def _resize_one(self, replica_set: Json, size: int, limits: rollout.Limits) -> None:
        def resize(one: Json) -> Json:
            one["spec"]["replicas"] = size
            one["metadata"].setdefault("annotations", {}).update(revisions.sizes(limits))
            return one

        self._registry.update(
            REPLICA_SETS, namespace(replica_set), name(replica_set), resize, CONTROLLER
        )

    def _announce(self, deployment: Json, replica_set: Json, size: int) -> None:
        before = replica_set["spec"]["replicas"]
        if size != before:
            way = "up" if size > before else "down"
            text = f"Scaled {way} replica set {name(replica_set)} from {before} to {size}"
            events.record(self._registry, deployment, "ScalingReplicaSet", text, CONTROLLER)

    def _tell(self, deployment: Json, *, created: bool) -> None:
        sets = self._sets(deployment)
        new = revisions.newest_of(deployment, sets)
        limits = rollout.limits_of(deployment["spec"])

        def tell(old: Json) -> Json:
            old["status"] = status_of(old, new, sets, limits, now(), created=created)
            return old

        self._registry.update(
            DEPLOYMENTS, namespace(deployment), name(deployment), tell, CONTROLLER, "status"
        )

    def _forget_old(self, deployment: Json, new: Json | None) -> None:
        """Beyond the history limit, sets that are empty and of no use go, oldest first."""
        spent = [
            one
            for one in self._sets(deployment)
            if (new is None or name(one) != name(new))
            and one["spec"]["replicas"] == 0
            and one.get("status", {}).get("replicas", 0) == 0
            and not deleting(one)
        ]
        spent.sort(key=revisions.revision)
        for one in spent[: max(0, len(spent) - deployment["spec"]["revisionHistoryLimit"])]:
            self._registry.delete(REPLICA_SETS, namespace(one), name(one), Deletion())


def _count(replica_set: Json) -> Count:
    return Count(
        name=name(replica_set),
        wanted=replica_set["spec"]["replicas"],
        # Those beyond what is wanted are on their way out, though still counted as available.
        available=min(
            replica_set["spec"]["replicas"],
            replica_set.get("status", {}).get("availableReplicas", 0),
        ),
        max_replicas=int(annotations(replica_set).get(revisions.MAX_REPLICAS, "0")),
    )


def _was_for_other_size(replica_set: Json, deployment: Json) -> bool:
    """Whether the deployment was scaled since this set was."""
    noted = annotations(replica_set).get(revisions.DESIRED)
    return noted is not None and int(noted) != deployment["spec"]["replicas"]
