"""What makes claims to storage, volumes and classes of storage invalid."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.api.quantities import value_of
from deploy.sandbox.cluster.api.valid_values import IMMUTABLE_RULE
from deploy.sandbox.cluster.objects import Json

ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]
RECLAIM_POLICIES = ["Delete", "Recycle", "Retain"]
NO_SOURCE = ("capacity", "claimRef", "nodeAffinity")
"""What else is an object in a volume's spec, beside the one that says where it is."""

ONLY_GROWS = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName "
    "for bound claims"
)
SET_ONCE = ("volumeName", "storageClassName")


def claim(obj: Json, old: Json | None) -> Iterator[Cause]:
    spec = obj["spec"]
    if not spec.get("accessModes"):
        yield Cause.required("spec.accessModes", "at least 1 access mode is required")
    yield from _access_modes(spec)
    wanted = _storage(spec.get("resources", {}).get("requests"))
    if wanted is None:
        yield Cause.required("spec.resources[storage]")
    elif value_of(wanted) <= 0:
        yield Cause.invalid("spec.resources[storage]", wanted, "must be greater than zero")
    if old is None:
        return
    if _fixed(spec, old) != _fixed(old["spec"], old):
        yield Cause.forbidden("spec", ONLY_GROWS)
    elif _bytes(wanted) < _bytes(_storage(old["status"].get("capacity"))):
        problem = "field can not be less than status.capacity"
        yield Cause.forbidden("spec.resources.requests.storage", problem)


def volume(obj: Json, _: Json | None) -> Iterator[Cause]:
    spec = obj["spec"]
    if not spec.get("accessModes"):
        yield Cause.required("spec.accessModes")
    yield from _access_modes(spec)
    capacity = spec.get("capacity") or {}
    if not capacity:
        yield Cause.required("spec.capacity")
    if capacity.keys() != {"storage"}:
        shown = json.dumps(capacity or None, separators=(",", ":"))
        problem = f'Unsupported value: {shown}: supported values: "storage"'
        yield Cause("spec.capacity", problem, "FieldValueNotSupported")
    elif value_of(capacity["storage"]) <= 0:
        problem = "must be greater than zero"
        yield Cause.invalid("spec.capacity[storage]", capacity["storage"], problem)
    if not any(isinstance(part, dict) for key, part in spec.items() if key not in NO_SOURCE):
        yield Cause.required("spec", "must specify a volume type")
    policy = spec["persistentVolumeReclaimPolicy"]
    if policy not in RECLAIM_POLICIES:
        yield Cause.unsupported("spec.persistentVolumeReclaimPolicy", policy, RECLAIM_POLICIES)


def storage_class(obj: Json, old: Json | None) -> Iterator[Cause]:
    if not obj.get("provisioner"):
        yield Cause.required("provisioner")
    for field in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"):
        if old is not None and obj.get(field) != old.get(field):
            yield Cause.invalid(field, obj.get(field), IMMUTABLE_RULE)


def _access_modes(spec: Json) -> Iterator[Cause]:
    for mode in spec.get("accessModes") or ():
        if mode not in ACCESS_MODES:
            yield Cause.unsupported("spec.accessModes", mode, ACCESS_MODES)


def _fixed(spec: Json, old: Json) -> Json:
    """What has to stay: all that was said, but how much is asked for only until it is bound."""
    unsaid = {key for key in SET_ONCE if not old["spec"].get(key)}
    fixed = {key: part for key, part in spec.items() if key not in unsaid}
    if old["status"]["phase"] == "Bound":
        fixed["resources"] = {**spec.get("resources", {}), "requests": None}
    return fixed


def _storage(amounts: Any) -> str | None:
    return (amounts or {}).get("storage")


def _bytes(amount: str | None) -> Decimal:
    return value_of(amount) if amount else Decimal(0)
