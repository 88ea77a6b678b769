"""The rules by which objects come to be, change and go, whoever asks.

Requests over HTTP and the controllers in this process share them: optimistic concurrency,
generations, field managers, dry runs, finalizers and graceful deletion.
"""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from deploy.sandbox.cluster.api import defaults, errors, managed_fields, validation
from deploy.sandbox.cluster.api.canonical import canonical
from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.api.managed_fields import Writer
from deploy.sandbox.cluster.api.resources import NAMESPACES, PODS, Resource
from deploy.sandbox.cluster.api.store import Store
from deploy.sandbox.cluster.objects import Json, deleting, edited, ended, now, time_text

SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""As the real one: no vowels and no digits that look like them, so no words appear by chance."""

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"
POLICY_FINALIZERS = {"Orphan": ORPHAN, "Foreground": FOREGROUND}

SYSTEM_METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generateName",
    "generation",
    "name",
    "namespace",
    "uid",
)

Change = Callable[[Json], Json]


@dataclass(frozen=True, slots=True)
class Write:
    """How something is written: by whom, and whether for real."""

    writer: Writer
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Deletion:
    """The part of DeleteOptions that has a meaning here."""

    uid: str | None = None
    resource_version: str | None = None
    grace_s: int | None = None
    policy: str | None = None
    dry_run: bool = False


class Registry:
    def __init__(self, store: Store) -> None:
        self.store = store

    def get(self, resource: Resource, namespace: str, name: str) -> Json:
        found = self.store.get(resource.id, namespace, name)
        if found is None:
            raise errors.not_found(resource, name)
        return found

    def create(self, resource: Resource, namespace: str, obj: Json, how: Write) -> Json:
        new = edited(obj)
        meta = new.setdefault("metadata", {})
        self._name(resource, namespace, meta)
        self._check_room(resource, namespace, meta["name"])
        for key in ("resourceVersion", "managedFields", "deletionTimestamp", "generation"):
            meta.pop(key, None)
        meta["uid"] = str(uuid.uuid4())
        meta["creationTimestamp"] = time_text(now())
        if resource.counts_generations:
            meta["generation"] = 1
        if resource.has_status and not resource.status_at_creation:
            new["status"] = {}
        return self._finish(resource, new, None, how)

    def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        change: Change,
        how: Write,
        subresource: str = "",
    ) -> Json:
        """`change` gets a copy of what is there and returns what should be.

        What it returns with another resourceVersion than the stored one is a conflict.
        """
        old = self.get(resource, namespace, name)
        new = change(edited(old))
        _check_identity(resource, old, new)
        _check_version(resource, old, new)
        _keep(resource, old, new, subresource)
        writer = replace(how.writer, subresource=subresource or how.writer.subresource)
        return self._finish(resource, new, old, replace(how, writer=writer))

    def delete(self, resource: Resource, namespace: str, name: str, how: Deletion) -> Json:
        """The object as it last stood; marked, when something has to happen before it can go."""
        old = self.get(resource, namespace, name)
        check_preconditions(resource, old, how)
        new = edited(old)
        grace_s = _grace_s(resource, old, how)
        finalizer = POLICY_FINALIZERS.get(how.policy or "")
        if finalizer:
            held = new["metadata"].setdefault("finalizers", [])
            held.extend([] if finalizer in held else [finalizer])
        if resource is NAMESPACES:
            new["status"]["phase"] = "Terminating"
        held_back = grace_s > 0 or new["metadata"].get("finalizers") or resource is NAMESPACES
        if how.dry_run:
            return new
        if not held_back:
            self.store.remove(resource.id, new)
            return new
        return self._mark(resource, old, new, grace_s)

    def remove(self, resource: Resource, obj: Json) -> None:
        """Let go of an object whose last reason to stay is gone."""
        self.store.remove(resource.id, edited(obj))

    def _mark(self, resource: Resource, old: Json, new: Json, grace_s: int) -> Json:
        meta = new["metadata"]
        if deleting(old) and grace_s >= meta.get("deletionGracePeriodSeconds", 0):
            return old
        meta["deletionTimestamp"] = time_text(now() + timedelta(seconds=grace_s))
        meta["deletionGracePeriodSeconds"] = grace_s
        if "generation" in meta and not deleting(old):
            meta["generation"] += 1
        return self.store.put(resource.id, new)

    def _finish(self, resource: Resource, new: Json, old: Json | None, how: Write) -> Json:
        new["apiVersion"], new["kind"] = resource.api_version, resource.kind
        defaults.fill(resource.kind, new)
        new = canonical(new)
        wrong = validation.problems(resource.kind, new, old)
        if wrong:
            raise errors.invalid(resource, new["metadata"]["name"], wrong)
        if new == old:
            return old
        if old is not None and _is_new_generation(resource, new, old, how.writer):
            new["metadata"]["generation"] = old["metadata"]["generation"] + 1
        new["metadata"]["managedFields"] = managed_fields.recorded(new, old, how.writer, now())
        if how.dry_run:
            return new
        if old is not None and _may_go(old, new):
            self.store.remove(resource.id, new)
            return new
        return self.store.put(resource.id, new)

    def _name(self, resource: Resource, namespace: str, meta: Json) -> None:
        if meta.get("namespace") not in (None, "", namespace):
            raise errors.bad_request(
                "the namespace of the provided object does not match the namespace "
                "sent on the request"
            )
        meta.pop("namespace", None)
        if resource.namespaced:
            meta["namespace"] = namespace
        if not meta.get("name"):
            if not meta.get("generateName"):
                required = Cause.required("metadata.name", "name or generateName is required")
                raise errors.invalid(resource, "", [required])
            meta["name"] = meta["generateName"] + random_suffix()

    def _check_room(self, resource: Resource, namespace: str, name: str) -> None:
        if resource.namespaced:
            room = self.store.get(NAMESPACES.id, "", namespace)
            if room is None:
                raise errors.not_found(NAMESPACES, namespace)
            if deleting(room):
                why = (
                    f"unable to create new content in namespace {namespace} "
                    "because it is being terminated"
                )
                raise errors.forbidden(resource, name, why)
        if self.store.get(resource.id, namespace, name) is not None:
            raise errors.already_exists(resource, name)


def random_suffix() -> str:
    return "".join(secrets.choice(SUFFIX_ALPHABET) for _ in range(5))


def _check_identity(resource: Resource, old: Json, new: Json) -> None:
    meta, wanted = new.get("metadata", {}), old["metadata"]
    if meta.get("name", wanted["name"]) != wanted["name"]:
        raise errors.bad_request(
            f"the name of the object ({meta['name']}) does not match "
            f"the name on the URL ({wanted['name']})"
        )
    if meta.get("uid", wanted["uid"]) != wanted["uid"]:
        why = (
            f"Precondition failed: UID in precondition: {meta['uid']}, "
            f"UID in object meta: {wanted['uid']}"
        )
        raise errors.conflict(resource, wanted["name"], why)


def _check_version(resource: Resource, old: Json, new: Json) -> None:
    name, current = old["metadata"]["name"], old["metadata"]["resourceVersion"]
    asked = new["metadata"].get("resourceVersion")
    if asked in (None, "", "0"):
        if not resource.unconditional_update:
            cause = Cause(
                "metadata.resourceVersion", "Invalid value: 0: must be specified for an update"
            )
            raise errors.invalid(resource, name, [cause])
    elif not asked.isdecimal():
        cause = Cause.invalid("metadata.resourceVersion", asked, "must be a number")
        raise errors.invalid(resource, name, [cause])
    elif asked != current:
        raise errors.conflict(resource, name)


def check_preconditions(resource: Resource, old: Json, how: Deletion) -> None:
    for field_name, asked, key in (
        ("UID", how.uid, "uid"),
        ("ResourceVersion", how.resource_version, "resourceVersion"),
    ):
        found = old["metadata"][key]
        if asked is not None and asked != found:
            why = (
                f"Precondition failed: {field_name} in precondition: {asked}, "
                f"{field_name} in object meta: {found}"
            )
            raise errors.conflict(resource, old["metadata"]["name"], why)


def _keep(resource: Resource, old: Json, new: Json, subresource: str) -> None:
    """Take from the stored object what this kind of request may not change."""
    meta = new["metadata"]
    for key in (*SYSTEM_METADATA, "managedFields", "resourceVersion"):
        meta.pop(key, None)
        if key in old["metadata"]:
            meta[key] = old["metadata"][key]
    if subresource == "status":
        status = new.get("status", {})
        for key in ("labels", "ownerReferences", "finalizers"):
            meta.pop(key, None)
            if key in old["metadata"]:
                meta[key] = old["metadata"][key]
        new.clear()
        new.update(edited({**old, "metadata": meta, "status": status}))
    elif resource.has_status:
        new.pop("status", None)
        if "status" in old:
            new["status"] = edited(old["status"])


def _grace_s(resource: Resource, pod: Json, how: Deletion) -> int:
    if resource is not PODS or ended(pod) or not pod["spec"].get("nodeName"):
        return 0
    wanted_s = pod["spec"]["terminationGracePeriodSeconds"] if how.grace_s is None else how.grace_s
    return wanted_s if wanted_s >= 0 else 1


def _is_new_generation(resource: Resource, new: Json, old: Json, writer: Writer) -> bool:
    """Another spec, or for a Deployment other annotations, which it hands on to its replica
    sets. What is written through status never counts."""
    if not resource.counts_generations or writer.subresource == "status":
        return False
    if new["spec"] != old["spec"]:
        return True
    return resource.kind == "Deployment" and _notes(new) != _notes(old)


def _notes(obj: Json) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def _may_go(old: Json, new: Json) -> bool:
    """Deleted before, and just now without finalizers."""
    return (
        deleting(old)
        and bool(old["metadata"].get("finalizers"))
        and not new["metadata"].get("finalizers")
        and not old["metadata"].get("deletionGracePeriodSeconds")
    )
