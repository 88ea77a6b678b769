"""Events have two shapes, core/v1 and events.k8s.io/v1, of the same stored objects."""

from deploy.sandbox.cluster.api import errors
from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.api.registry import Registry, Write
from deploy.sandbox.cluster.api.resources import EVENTS, NEW_EVENTS, Resource
from deploy.sandbox.cluster.objects import Json, name, namespace, now, time_text, uid

NEW_NAME_OF = {
    "involvedObject": "regarding",
    "message": "note",
    "count": "deprecatedCount",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "source": "deprecatedSource",
    "reportingComponent": "reportingController",
}
OLD_NAME_OF = {new: old for old, new in NEW_NAME_OF.items()}


def stored_form(resource: Resource, obj: Json) -> Json:
    """As the core kind, which is what the store keeps."""
    if resource is not NEW_EVENTS:
        return obj
    wrong = [] if "eventTime" in obj else [Cause.required("eventTime")]
    if obj.get("type") not in ("Normal", "Warning"):
        problem = f"has invalid value: {obj.get('type', '')}"
        wrong.append(Cause.invalid("type", "", problem))
    if wrong:
        raise errors.invalid(EVENTS, obj.get("metadata", {}).get("name", ""), wrong)
    renamed = {OLD_NAME_OF.get(key, key): value for key, value in obj.items()}
    return renamed | {"apiVersion": EVENTS.api_version, "kind": EVENTS.kind}


def shown_form(resource: Resource, obj: Json) -> Json:
    """As the kind that was asked for."""
    if resource is not NEW_EVENTS:
        return obj
    renamed = {NEW_NAME_OF.get(key, key): value for key, value in obj.items()}
    return renamed | {"apiVersion": NEW_EVENTS.api_version, "kind": NEW_EVENTS.kind}


def record(
    registry: Registry, regarding: Json, reason: str, message: str, how: Write, kind: str = "Normal"
) -> None:
    """What a controller did to an object, for people to read."""
    at = time_text(now())
    space = namespace(regarding) or "default"
    event = {
        "metadata": {"generateName": f"{name(regarding)}."},
        "involvedObject": {
            "apiVersion": regarding["apiVersion"],
            "kind": regarding["kind"],
            "name": name(regarding),
            "namespace": space,
            "uid": uid(regarding),
        },
        "reason": reason,
        "message": message,
        "type": kind,
        "count": 1,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "source": {"component": how.writer.manager},
    }
    registry.create(EVENTS, space, event, how)
