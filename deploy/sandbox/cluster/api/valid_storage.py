"""What makes a claim to storage, or a class of storage, invalid."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.api.quantities import value_of
from deploy.sandbox.cluster.api.valid_values import IMMUTABLE_RULE
from deploy.sandbox.cluster.objects import Json

ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]
ONLY_GROWS = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName "
    "for bound claims"
)
SET_ONCE = ("volumeName", "storageClassName")


def claim(obj: Json, old: Json | None) -> Iterator[Cause]:
    spec = obj["spec"]
    if not spec.get("accessModes"):
        yield Cause.required("spec.accessModes", "at least 1 access mode is required")
    for mode in spec.get("accessModes") or ():
        if mode not in ACCESS_MODES:
            yield Cause.unsupported("spec.accessModes", mode, ACCESS_MODES)
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


def storage_class(obj: Json, old: Json | None) -> Iterator[Cause]:
    if not obj.get("provisioner"):
        yield Cause.required("provisioner")
    for field in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"):
        if old is not None and obj.get(field) != old.get(field):
            yield Cause.invalid(field, obj.get(field), IMMUTABLE_RULE)


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
