"""Reading Kubernetes objects, which are plain JSON here, and shaping common parts of them.

Objects that come out of the store are shared and must not be changed: `edited` makes a copy.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


def edited(obj: Json) -> Json:
    """A copy to be changed. (Four times as fast as `copy.deepcopy`, since it is only JSON.)"""
    return {key: _copied(value) for key, value in obj.items()}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_copied(part) for part in value]
    return value


def name(obj: Json) -> str:
    return obj["metadata"]["name"]


def namespace(obj: Json) -> str:
    """Empty for what lives in no namespace."""
    return obj["metadata"].get("namespace", "")


def uid(obj: Json) -> str:
    return obj["metadata"]["uid"]


def labels(obj: Json) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def annotations(obj: Json) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def deleting(obj: Json) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def controller_of(obj: Json) -> Json | None:
    """The owner reference of the controller that manages this object."""
    references = obj["metadata"].get("ownerReferences") or ()
    return next((owner for owner in references if owner.get("controller")), None)


def controlled_by(obj: Json, owner: Json) -> bool:
    reference = controller_of(obj)
    return reference is not None and reference["uid"] == uid(owner)


def owner_reference(owner: Json) -> Json:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name(owner),
        "uid": uid(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def condition(obj: Json, kind: str) -> Json | None:
    return find(obj.get("status", {}).get("conditions") or (), type=kind)


def condition_is_true(obj: Json, kind: str) -> bool:
    found = condition(obj, kind)
    return found is not None and found["status"] == "True"


def find(items: Iterable[Json], **wanted: Any) -> Json | None:
    return next(
        (item for item in items if all(item.get(key) == value for key, value in wanted.items())),
        None,
    )


def ready_since(pod: Json) -> datetime | None:
    found = condition(pod, "Ready")
    if found is None or found["status"] != "True":
        return None
    return parse_time(found["lastTransitionTime"])


def ended(pod: Json) -> bool:
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def now() -> datetime:
    return datetime.now(UTC)


def time_text(at: datetime) -> str:
    """As metav1.Time is written: whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_time_text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
