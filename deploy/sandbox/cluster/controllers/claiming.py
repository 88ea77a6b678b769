"""Whose pods are whose: an owner takes in what its selector matches and lets go of the rest."""

from collections.abc import Callable, Iterable

from deploy.sandbox.cluster.api.registry import Registry
from deploy.sandbox.cluster.api.resources import PODS, Resource
from deploy.sandbox.cluster.api.selectors import selects
from deploy.sandbox.cluster.api.store import Store
from deploy.sandbox.cluster.controllers.loop import Key, key_of
from deploy.sandbox.cluster.controllers.writers import CONTROLLER
from deploy.sandbox.cluster.objects import (
    Json,
    controller_of,
    deleting,
    ended,
    labels,
    name,
    namespace,
    owner_reference,
    uid,
)


def claimants(store: Store, resource: Resource, pod: Json) -> Iterable[Key]:
    """Owners of this kind that a pod matters to."""
    owner = controller_of(pod)
    if owner is not None:
        return [(namespace(pod), owner["name"])] if owner["kind"] == resource.kind else ()
    return [
        key_of(one)
        for one in store.all(resource.id, namespace(pod))
        if selects(one["spec"]["selector"], labels(pod))
    ]


def claimed(
    registry: Registry, owner: Json, fits: Callable[[Json], bool] = lambda _: True
) -> list[Json]:
    """The owner's pods. What `fits` does not hold for is not taken in."""
    found = []
    for pod in registry.store.all(PODS.id, namespace(owner)):
        holder = controller_of(pod)
        matches = selects(owner["spec"]["selector"], labels(pod))
        if holder is None:
            orphan = matches and fits(pod) and not deleting(pod) and not ended(pod)
            if orphan and not deleting(owner):
                found.append(_adopt(registry, owner, pod))
        elif holder["uid"] == uid(owner):
            if matches or deleting(owner):
                found.append(pod)
            else:
                _release(registry, owner, pod)
    return found


def _adopt(registry: Registry, owner: Json, pod: Json) -> Json:
    def adopt(old: Json) -> Json:
        old["metadata"].setdefault("ownerReferences", []).append(owner_reference(owner))
        return old

    return registry.update(PODS, namespace(pod), name(pod), adopt, CONTROLLER)


def _release(registry: Registry, owner: Json, pod: Json) -> None:
    def release(old: Json) -> Json:
        references = old["metadata"]["ownerReferences"]
        others = [one for one in references if one["uid"] != uid(owner)]
        old["metadata"]["ownerReferences"] = others
        return old

    registry.update(PODS, namespace(pod), name(pod), release, CONTROLLER)
