"""What a request may do to a stored object, and what of it stays whatever is asked."""

from dataclasses import dataclass

from deploy.sandbox.cluster.api import errors
from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.api.managed_fields import Writer
from deploy.sandbox.cluster.api.resources import PODS, Resource
from deploy.sandbox.cluster.objects import Json, annotations, deleting, edited, ended

SYSTEM_METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generateName",
    "generation",
    "managedFields",
    "name",
    "namespace",
    "resourceVersion",
    "uid",
)
NOT_WRITTEN_THROUGH_STATUS = ("finalizers", "labels", "ownerReferences")


@dataclass(frozen=True, slots=True)
class Deletion:
    """The part of DeleteOptions that has a meaning here."""

    uid: str | None = None
    resource_version: str | None = None
    grace_s: int | None = None
    policy: str | None = None
    dry_run: bool = False


def check_identity(resource: Resource, old: Json, new: Json) -> None:
    """The name said in a body, which has to be said, and the namespace and uid, if they are,
    have to be those of the object."""
    meta, wanted = new.get("metadata", {}), old["metadata"]
    if not meta.get("name"):
        raise errors.bad_request(
            f"the name of the object ({wanted['name']} based on URL) was undeterminable: "
            "name must be provided"
        )
    if meta["name"] != wanted["name"]:
        raise errors.bad_request(
            f"the name of the object ({meta['name']}) does not match "
            f"the name on the URL ({wanted['name']})"
        )
    if meta.get("namespace", "") not in ("", wanted.get("namespace")):
        raise errors.other_namespace()
    if meta.get("uid", wanted["uid"]) != wanted["uid"]:
        why = (
            f"Precondition failed: UID in precondition: {meta['uid']}, "
            f"UID in object meta: {wanted['uid']}"
        )
        raise errors.conflict(resource, wanted["name"], why)


def check_version(resource: Resource, old: Json, new: Json) -> None:
    """A version said in a body has to be the current one: optimistic concurrency."""
    name, current = old["metadata"]["name"], old["metadata"]["resourceVersion"]
    asked = new["metadata"].get("resourceVersion")
    if asked in (None, "", "0"):
        if not resource.unconditional_update:
            cause = Cause.invalid("metadata.resourceVersion", 0, "must be specified for an update")
            raise errors.invalid(resource, name, [cause])
    elif not asked.isdecimal():
        cause = Cause.invalid("metadata.resourceVersion", asked, "must be a number")
        raise errors.invalid(resource, name, [cause])
    elif asked != current:
        raise errors.conflict(resource, name)


def check_preconditions(resource: Resource, old: Json, how: Deletion) -> None:
    for title, asked, key, excuse in (
        ("UID", how.uid, "uid", "deleted and then recreated"),
        ("ResourceVersion", how.resource_version, "resourceVersion", "modified"),
    ):
        found = old["metadata"][key]
        if asked is not None and asked != found:
            why = (
                f"the {title} in the precondition ({asked}) does not match the {title} "
                f"in record ({found}). The object might have been {excuse}"
            )
            raise errors.precondition_failed(resource, old["metadata"]["name"], why)


def kept(resource: Resource, old: Json, new: Json, subresource: str) -> Json:
    """The new object with everything that this kind of request cannot change as it was."""
    meta = _restored(new["metadata"], old["metadata"], SYSTEM_METADATA)
    if subresource == "status":
        notes = () if resource.annotated_through_status else ("annotations",)
        meta = _restored(meta, old["metadata"], (*NOT_WRITTEN_THROUGH_STATUS, *notes))
        return edited({**old, "metadata": meta, "status": new.get("status", {})})
    result = {**new, "metadata": meta}
    if resource.has_status:
        result["status"] = edited(old.get("status", {}))
    return result


def grace_s(resource: Resource, obj: Json, how: Deletion) -> int:
    """How long it has to end; only a pod that may be running needs time."""
    if resource is not PODS or ended(obj) or not obj["spec"].get("nodeName"):
        return 0
    wanted_s = obj["spec"]["terminationGracePeriodSeconds"] if how.grace_s is None else how.grace_s
    return wanted_s if wanted_s >= 0 else 1


def is_new_generation(resource: Resource, new: Json, old: Json, writer: Writer) -> bool:
    """Another spec, or for a Deployment other annotations, which it hands on to its replica
    sets. What is written through status never counts."""
    if not resource.counts_generations or writer.subresource == "status":
        return False
    if new["spec"] != old["spec"]:
        return True
    return resource.kind == "Deployment" and annotations(new) != annotations(old)


def may_go(old: Json, new: Json) -> bool:
    """Deleted before, and just now without finalizers."""
    return (
        deleting(old)
        and bool(old["metadata"].get("finalizers"))
        and not new["metadata"].get("finalizers")
        and not old["metadata"].get("deletionGracePeriodSeconds")
    )


def _restored(new: Json, old: Json, keys: tuple[str, ...]) -> Json:
    plain = {key: value for key, value in new.items() if key not in keys}
    return plain | {key: old[key] for key in keys if key in old}
