"""Storage: claims bound to volumes, made where a sandbox class asks for it, and growing."""

from collections.abc import Iterable
from decimal import Decimal

from deploy.sandbox.cluster.api.admission import IN_USE
from deploy.sandbox.cluster.api.quantities import value_of
from deploy.sandbox.cluster.api.registry import Registry
from deploy.sandbox.cluster.api.resources import CLAIMS, PODS, STORAGE_CLASSES, VOLUMES, Resource
from deploy.sandbox.cluster.api.rules import Deletion
from deploy.sandbox.cluster.api.store import Change
from deploy.sandbox.cluster.controllers.loop import Key, key_of
from deploy.sandbox.cluster.controllers.writers import CONTROLLER
from deploy.sandbox.cluster.objects import Json, deleting, ended, name, namespace, uid

PROVISIONER = "sandbox.mendlog.io/disk"
"""Classes of this provisioner get a volume for each claim; all others need one made by hand."""

BOUND_NOTE = "pv.kubernetes.io/bind-completed"
VOLUME = ("", "")
"""The key under which all volumes are looked at."""


class Volumes:
    watched = (CLAIMS.id, VOLUMES.id, STORAGE_CLASSES.id, PODS.id)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def keys(self, change: Change) -> Iterable[Key]:
        if change.resource_id == CLAIMS.id:
            return [key_of(change.object), VOLUME]
        if change.resource_id == PODS.id:
            if change.type != "DELETED" and not ended(change.object):
                return ()
            return [(namespace(change.object), one) for one in _claimed(change.object)]
        return [*(key_of(one) for one in self._store.all(CLAIMS.id)), VOLUME]

    def reconcile(self, key: Key) -> float | None:
        if key == VOLUME:
            for volume in self._store.all(VOLUMES.id):
                self._settle(volume)
            return None
        claim = self._store.get(CLAIMS.id, *key)
        if claim is None:
            return None
        if deleting(claim):
            if not self._in_use(claim):
                self._drop_finalizer(CLAIMS, claim)
        elif claim["status"]["phase"] == "Bound":
            self._grow(claim)
        else:
            self._bind(claim)
        return None

    def _bind(self, claim: Json) -> None:
        volume = self._volume_for(claim) or self._provision(claim)
        if volume is None:
            return
        reference = _reference(claim)

        def take(old: Json) -> Json:
            old["spec"]["claimRef"] = reference
            return old

        def bind(old: Json) -> Json:
            old["spec"]["volumeName"] = name(volume)
            old["metadata"].setdefault("annotations", {})[BOUND_NOTE] = "yes"
            return old

        self._registry.update(VOLUMES, "", name(volume), take, CONTROLLER)
        self._registry.update(CLAIMS, namespace(claim), name(claim), bind, CONTROLLER)
        self._tell(claim, volume["spec"]["capacity"])

    def _volume_for(self, claim: Json) -> Json | None:
        """The one it names, or the smallest free one of its class that is large enough."""
        spec = claim["spec"]
        free = [one for one in self._store.all(VOLUMES.id) if _is_free(one, claim)]
        if spec.get("volumeName"):
            return next((one for one in free if name(one) == spec["volumeName"]), None)
        fitting = [
            one
            for one in free
            if one["spec"].get("storageClassName", "") == spec.get("storageClassName", "")
            and _size(one) >= value_of(spec["resources"]["requests"]["storage"])
        ]
        return min(fitting, key=lambda one: (_size(one), name(one)), default=None)

    def _provision(self, claim: Json) -> Json | None:
        spec = claim["spec"]
        kind = self._store.get(STORAGE_CLASSES.id, "", spec.get("storageClassName", ""))
        if kind is None or kind["provisioner"] != PROVISIONER or spec.get("volumeName"):
            return None
        made = {
            "metadata": {"name": f"pvc-{uid(claim)}"},
            "spec": {
                "capacity": {"storage": spec["resources"]["requests"]["storage"]},
                "accessModes": spec["accessModes"],
                "storageClassName": name(kind),
                "persistentVolumeReclaimPolicy": kind["reclaimPolicy"],
                "csi": {"driver": PROVISIONER, "volumeHandle": uid(claim)},
            },
        }
        return self._registry.create(VOLUMES, "", made, CONTROLLER)

    def _grow(self, claim: Json) -> None:
        """Only volumes made here do; a volume made by hand is as large as it is."""
        volume = self._store.get(VOLUMES.id, "", claim["spec"]["volumeName"])
        wanted = claim["spec"]["resources"]["requests"]["storage"]
        if volume is None or not _made_here(volume) or value_of(wanted) <= _size(volume):
            return

        def grow(old: Json) -> Json:
            old["spec"]["capacity"]["storage"] = wanted
            return old

        self._registry.update(VOLUMES, "", name(volume), grow, CONTROLLER)
        self._tell(claim, {"storage": wanted})

    def _tell(self, claim: Json, capacity: Json) -> None:
        def tell(old: Json) -> Json:
            modes = old["spec"]["accessModes"]
            old["status"] = {"phase": "Bound", "accessModes": modes, "capacity": capacity}
            return old

        self._registry.update(CLAIMS, namespace(claim), name(claim), tell, CONTROLLER, "status")

    def _settle(self, volume: Json) -> None:
        """Its phase, and its end when nobody claims it any more."""
        reference = volume["spec"].get("claimRef")
        claim = reference and self._store.get(CLAIMS.id, reference["namespace"], reference["name"])
        held = bool(claim) and uid(claim) == reference["uid"]
        phase = "Bound" if held else "Released" if reference else "Available"

        def tell(old: Json) -> Json:
            old["status"]["phase"] = phase
            return old

        if deleting(volume):
            if not held:
                self._drop_finalizer(VOLUMES, volume)
            return
        self._registry.update(VOLUMES, "", name(volume), tell, CONTROLLER, "status")
        keep = volume["spec"]["persistentVolumeReclaimPolicy"] != "Delete"
        if phase == "Released" and _made_here(volume) and not keep:
            self._registry.delete(VOLUMES, "", name(volume), Deletion())

    def _in_use(self, claim: Json) -> bool:
        return any(
            name(claim) in _claimed(pod) and not ended(pod) and pod["spec"].get("nodeName")
            for pod in self._store.all(PODS.id, namespace(claim))
        )

    def _drop_finalizer(self, resource: Resource, obj: Json) -> None:
        def drop(old: Json) -> Json:
            held = old["metadata"].get("finalizers") or []
            old["metadata"]["finalizers"] = [one for one in held if one != IN_USE[resource]]
            return old

        self._registry.update(resource, namespace(obj), name(obj), drop, CONTROLLER)


def _reference(claim: Json) -> Json:
    return {
        "apiVersion": CLAIMS.api_version,
        "kind": CLAIMS.kind,
        "namespace": namespace(claim),
        "name": name(claim),
        "uid": uid(claim),
        "resourceVersion": claim["metadata"]["resourceVersion"],
    }


def _claimed(pod: Json) -> list[str]:
    sources = [one.get("persistentVolumeClaim") for one in pod["spec"].get("volumes") or ()]
    return [source["claimName"] for source in sources if source]


def _is_free(volume: Json, claim: Json) -> bool:
    reference = volume["spec"].get("claimRef")
    return not deleting(volume) and (reference is None or reference.get("uid") == uid(claim))


def _made_here(volume: Json) -> bool:
    return (volume["spec"].get("csi") or {}).get("driver") == PROVISIONER


def _size(volume: Json) -> Decimal:
    return value_of(volume["spec"]["capacity"]["storage"])
