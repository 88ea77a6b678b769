"""The rules by which objects come to be, change and go, whoever asks.

Requests over HTTP and the controllers in this process share them: optimistic concurrency,
generations, field managers, dry runs, finalizers and graceful deletion.
"""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from deploy.sandbox.cluster.api import (
    admission,
    defaults,
    errors,
    managed_fields,
    rules,
    validation,
)
from deploy.sandbox.cluster.api.canonical import canonical
from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.api.managed_fields import Writer
from deploy.sandbox.cluster.api.resources import NAMESPACES, PODS, Resource
from deploy.sandbox.cluster.api.rules import Deletion
from deploy.sandbox.cluster.api.store import Store
from deploy.sandbox.cluster.objects import Json, deleting, edited, now, parse_time, time_text

SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""As the real one: no vowels and no digits that look like them, so no words appear by chance."""

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"
POLICY_FINALIZERS = {"Orphan": ORPHAN, "Foreground": FOREGROUND}

Change = Callable[[Json], Json]


@dataclass(frozen=True, slots=True)
class Write:
    """How something is written: by whom, and whether for real."""

    writer: Writer
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
        new = {"metadata": {}, **change(edited(old))}
        rules.check_identity(resource, old, new)
        rules.check_version(resource, old, new)
        new = rules.kept(resource, old, new, subresource)
        if new == old:
            return old
        writer = replace(how.writer, subresource=subresource or how.writer.subresource)
        return self._finish(resource, new, old, replace(how, writer=writer))

    def delete(self, resource: Resource, namespace: str, name: str, how: Deletion) -> Json:
        """The object as it last stood; marked, when something has to happen before it can go."""
        old = self.get(resource, namespace, name)
        rules.check_preconditions(resource, old, how)
        new = edited(old)
        grace_s = rules.grace_s(resource, old, how)
        finalizer = POLICY_FINALIZERS.get(how.policy or resource.default_policy)
        if finalizer:
            held = new["metadata"].setdefault("finalizers", [])
            held.extend([] if finalizer in held else [finalizer])
        if resource is NAMESPACES:
            new["status"]["phase"] = "Terminating"
        held_back = grace_s > 0 or new["metadata"].get("finalizers") or resource is NAMESPACES
        if held_back or resource is PODS:
            new = _marked(resource, old, new, grace_s)
        if how.dry_run or new is old:
            return new
        if not held_back:
            self.store.remove(resource.id, new)
            return new
        return self.store.put(resource.id, new)

    def remove(self, resource: Resource, obj: Json) -> None:
        """Let go of an object whose last reason to stay is gone."""
        self.store.remove(resource.id, edited(obj))

    def _finish(self, resource: Resource, new: Json, old: Json | None, how: Write) -> Json:
        new["apiVersion"], new["kind"] = resource.api_version, resource.kind
        admission.prepare(self.store, resource, new, old)
        defaults.fill(resource.kind, new)
        new = canonical(new)
        wrong = validation.problems(resource.kind, new, old)
        if wrong:
            raise errors.invalid(resource, new["metadata"]["name"], wrong)
        admission.check(self.store, resource, new, old)
        if new == old:
            return old
        if old is not None and rules.is_new_generation(resource, new, old, how.writer):
            new["metadata"]["generation"] = old["metadata"]["generation"] + 1
        new["metadata"]["managedFields"] = managed_fields.recorded(new, old, how.writer, now())
        if how.dry_run:
            return new
        if old is not None and rules.may_go(old, new):
            self.store.remove(resource.id, new)
            return new
        return self.store.put(resource.id, new)

    def _name(self, resource: Resource, namespace: str, meta: Json) -> None:
        if meta.get("namespace") not in (None, "", namespace):
            raise errors.other_namespace()
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
                terminating = f"namespace {namespace} is being terminated"
                cause = Cause("metadata.namespace", terminating, "NamespaceTerminating")
                raise errors.forbidden(resource, name, why, [cause])
        if self.store.get(resource.id, namespace, name) is not None:
            raise errors.already_exists(resource, name)


def _marked(resource: Resource, old: Json, new: Json, grace_s: int) -> Json:
    """As being deleted. A time to end that has been set can only get shorter."""
    meta, begun_at = new["metadata"], now()
    if deleting(old):
        before_s = meta.get("deletionGracePeriodSeconds", 0)
        if 0 < before_s <= grace_s or (before_s == grace_s == 0 and meta.get("finalizers")):
            return old
        begun_at = parse_time(meta["deletionTimestamp"]) - timedelta(seconds=before_s)
    meta["deletionTimestamp"] = time_text(begun_at + timedelta(seconds=grace_s))
    if resource is not NAMESPACES:
        meta["deletionGracePeriodSeconds"] = grace_s
    if "generation" in meta and not deleting(old):
        meta["generation"] += 1
    return new


def random_suffix() -> str:
    return "".join(secrets.choice(SUFFIX_ALPHABET) for _ in range(5))
