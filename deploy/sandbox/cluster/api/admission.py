"""What becomes of an object between its author and its rules, where that needs other objects."""

from collections.abc import Callable

from deploy.sandbox.cluster.api import errors
from deploy.sandbox.cluster.api.addresses import give_addresses
from deploy.sandbox.cluster.api.quantities import value_of
from deploy.sandbox.cluster.api.resources import (
    CLAIMS,
    DAEMON_SETS,
    JOBS,
    SERVICES,
    STORAGE_CLASSES,
    VOLUMES,
    Resource,
)
from deploy.sandbox.cluster.api.store import Store
from deploy.sandbox.cluster.objects import Json, annotations, name

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
IN_USE = {CLAIMS: "kubernetes.io/pvc-protection", VOLUMES: "kubernetes.io/pv-protection"}
"""Finalizers that keep storage until nobody uses it."""

NOT_RESIZABLE = (
    "only dynamically provisioned pvc can be resized and the storageclass that provisions "
    "the pvc must support resize"
)


def prepare(store: Store, resource: Resource, new: Json, old: Json | None) -> None:
    """Before defaults: change `new`, a fresh copy, in place."""
    steps: dict[Resource, Callable[[Store, Json, Json | None], None]] = {
        CLAIMS: _with_default_class,
        DAEMON_SETS: _count_templates,
        JOBS: _select_own_pods,
        SERVICES: give_addresses,
    }
    if resource in steps:
        steps[resource](store, new, old)
    if resource in IN_USE and old is None:
        held = new["metadata"].setdefault("finalizers", [])
        held.extend([] if IN_USE[resource] in held else [IN_USE[resource]])


def check(store: Store, resource: Resource, new: Json, old: Json | None) -> None:
    """After validation. Raises."""
    if resource is CLAIMS and old is not None and requested(new) > requested(old):
        kind = store.get(STORAGE_CLASSES.id, "", new["spec"].get("storageClassName", ""))
        if kind is None or not kind.get("allowVolumeExpansion"):
            raise errors.forbidden(CLAIMS, name(new), NOT_RESIZABLE)


def requested(claim: Json) -> float:
    """How many bytes it asks for."""
    return float(value_of(claim["spec"]["resources"]["requests"]["storage"]))


def _with_default_class(store: Store, new: Json, old: Json | None) -> None:
    spec = new.setdefault("spec", {})
    for one in store.all(STORAGE_CLASSES.id) if old is None else ():
        if annotations(one).get(DEFAULT_CLASS) == "true":
            spec.setdefault("storageClassName", name(one))


def _count_templates(_: Store, new: Json, old: Json | None) -> None:
    number = int(annotations(old)[TEMPLATE_GENERATION]) if old else 1
    if old and new.get("spec", {}).get("template") != old["spec"]["template"]:
        number += 1
    notes = new["metadata"].get("annotations") or {}
    new["metadata"]["annotations"] = {**notes, TEMPLATE_GENERATION: str(number)}


def _select_own_pods(_: Store, new: Json, old: Json | None) -> None:
    """A job finds its pods by its own uid, unless it was told to select by hand."""
    spec = new.setdefault("spec", {})
    if old is not None or spec.get("manualSelector"):
        return
    uid = new["metadata"]["uid"]
    own = {"batch.kubernetes.io/controller-uid": uid}
    marks = own | {
        "batch.kubernetes.io/job-name": name(new),
        "controller-uid": uid,
        "job-name": name(new),
    }
    template = spec.setdefault("template", {}).setdefault("metadata", {})
    for meta in (new["metadata"], template):
        meta["labels"] = {**(meta.get("labels") or {}), **marks}
    selector = spec.setdefault("selector", {})
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), **own}
