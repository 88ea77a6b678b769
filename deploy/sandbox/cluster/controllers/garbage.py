"""Garbage: what belonged to something that is gone, emptied namespaces, and old events."""

from collections.abc import Iterable, Iterator

from deploy.sandbox.cluster.api.registry import FOREGROUND, ORPHAN, Registry
from deploy.sandbox.cluster.api.resources import (
    BY_KIND,
    CONTROLLER_REVISIONS,
    EVENTS,
    JOBS,
    LEASES,
    NAMESPACES,
    PODS,
    REPLICA_SETS,
    RESOURCES,
    Resource,
)
from deploy.sandbox.cluster.api.rules import Deletion
from deploy.sandbox.cluster.api.store import MODIFIED, Change
from deploy.sandbox.cluster.controllers.jobs import TRACKING
from deploy.sandbox.cluster.controllers.loop import Key
from deploy.sandbox.cluster.controllers.writers import CONTROLLER
from deploy.sandbox.cluster.objects import Json, deleting, name, namespace, uid

EVENTS_MAX = 1000
"""The real server forgets events after an hour; here the oldest make room."""

OWNED = (REPLICA_SETS, JOBS, CONTROLLER_REVISIONS, PODS)
STORED = tuple(resource for resource in RESOURCES if not resource.stored_as)
OWNERS = tuple(resource for resource in STORED if resource not in (EVENTS, LEASES, NAMESPACES))
MAY_BE_GARBAGE = frozenset(resource.id for resource in OWNERS)


class Garbage:
    """Looks at everything of a kind at once; the keys are just ids of resources."""

    watched = tuple(resource.id for resource in STORED)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def keys(self, change: Change) -> Iterable[Key]:
        if change.resource_id == EVENTS.id:
            return [("events", "")]
        came_or_goes = change.type != MODIFIED or deleting(change.object)
        keys = [("owned", "")] if came_or_goes and change.resource_id in MAY_BE_GARBAGE else []
        space = self._namespace(change.object) or change.object
        return [*keys, ("namespaces", "")] if deleting(space) else keys

    def reconcile(self, key: Key) -> float | None:
        match key[0]:
            case "owned":
                self._collect_owned()
                self._let_owners_go()
            case "namespaces":
                self._empty_namespaces()
            case "events":
                self._forget_events()
        return None

    def _namespace(self, obj: Json) -> Json | None:
        return self._store.get(NAMESPACES.id, "", namespace(obj))

    def _collect_owned(self) -> None:
        for resource, obj in self._all(OWNED):
            if not obj["metadata"].get("ownerReferences") or deleting(obj):
                continue
            owners = self._owners(obj)
            if owners is not None and all(map(_waits_for_dependents, owners)):
                policy = "Foreground" if owners and resource is not PODS else "Background"
                self._registry.delete(resource, namespace(obj), name(obj), Deletion(policy=policy))

    def _owners(self, obj: Json) -> list[Json] | None:
        """Those that still exist; None when there is one of a kind not known here."""
        found = []
        for reference in obj["metadata"]["ownerReferences"]:
            resource = BY_KIND.get((reference["apiVersion"], reference["kind"]))
            if resource is None:
                return None
            space = namespace(obj) if resource.namespaced else ""
            owner = self._store.get(resource.id, space, reference["name"])
            # The same name with another uid is somebody else.
            if owner is not None and uid(owner) == reference["uid"]:
                found.append(owner)
        return found

    def _let_owners_go(self) -> None:
        for resource, owner in self._all(OWNERS):
            finalizers = owner["metadata"].get("finalizers") or []
            if not deleting(owner):
                continue
            if ORPHAN in finalizers:
                self._disown_dependents(owner)
                self._without_finalizer(resource, owner, ORPHAN)
            elif FOREGROUND in finalizers and not any(self._dependents(owner)):
                self._without_finalizer(resource, owner, FOREGROUND)

    def _dependents(self, owner: Json) -> Iterator[tuple[Resource, Json]]:
        for resource, obj in self._all(OWNED):
            references = obj["metadata"].get("ownerReferences") or ()
            if any(reference["uid"] == uid(owner) for reference in references):
                yield resource, obj

    def _disown_dependents(self, owner: Json) -> None:
        def disown(obj: Json) -> Json:
            obj["metadata"]["ownerReferences"] = [
                reference
                for reference in obj["metadata"]["ownerReferences"]
                if reference["uid"] != uid(owner)
            ]
            # Nobody is left to count how it ends.
            held = obj["metadata"].get("finalizers") or []
            obj["metadata"]["finalizers"] = [one for one in held if one != TRACKING]
            return obj

        for resource, obj in list(self._dependents(owner)):
            self._registry.update(resource, namespace(obj), name(obj), disown, CONTROLLER)

    def _without_finalizer(self, resource: Resource, obj: Json, finalizer: str) -> None:
        def drop(old: Json) -> Json:
            old["metadata"]["finalizers"].remove(finalizer)
            return old

        self._registry.update(resource, namespace(obj), name(obj), drop, CONTROLLER)

    def _empty_namespaces(self) -> None:
        for space in filter(deleting, self._store.all(NAMESPACES.id)):
            inside = [
                (resource, obj)
                for resource in STORED
                if resource.namespaced
                for obj in self._store.all(resource.id, name(space))
            ]
            for resource, obj in inside:
                if not deleting(obj):
                    how = Deletion(policy="Background")
                    self._registry.delete(resource, name(space), name(obj), how)
            if not inside:
                self._registry.remove(NAMESPACES, space)

    def _forget_events(self) -> None:
        events = self._store.all(EVENTS.id)
        if len(events) <= EVENTS_MAX:
            return
        events.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
        for event in events[:-EVENTS_MAX]:
            self._registry.remove(EVENTS, event)

    def _all(self, resources: tuple[Resource, ...]) -> Iterator[tuple[Resource, Json]]:
        return ((one, obj) for one in resources for obj in self._store.all(one.id))


def _waits_for_dependents(owner: Json) -> bool:
    return deleting(owner) and FOREGROUND in (owner["metadata"].get("finalizers") or ())
