"""Versions of a template, kept as ControllerRevisions: what stateful and daemon sets roll out."""

from deploy.sandbox.cluster.api.registry import Registry
from deploy.sandbox.cluster.api.resources import CONTROLLER_REVISIONS
from deploy.sandbox.cluster.api.rules import Deletion
from deploy.sandbox.cluster.controllers.revisions import template_hash
from deploy.sandbox.cluster.controllers.writers import CONTROLLER
from deploy.sandbox.cluster.objects import (
    Json,
    controlled_by,
    controller_of,
    edited,
    name,
    namespace,
    owner_reference,
)

HASH_LABEL = "controller.kubernetes.io/hash"
POD_LABEL = "controller-revision-hash"


class History:
    """The versions of one owner's template."""

    def __init__(self, registry: Registry, owner: Json) -> None:
        self._registry = registry
        self._owner = owner

    def all(self) -> list[Json]:
        """Oldest first."""
        found = self._registry.store.all(CONTROLLER_REVISIONS.id, namespace(self._owner))
        own = [one for one in found if controlled_by(one, self._owner)]
        return sorted(own, key=lambda one: one["revision"])

    def newest(self) -> Json:
        """That of the template as it is. One that is wanted again becomes the newest."""
        known = self.all()
        number = known[-1]["revision"] + 1 if known else 1
        data = {"spec": {"template": {"$patch": "replace", **self._owner["spec"]["template"]}}}
        same = next((one for one in known if one["data"] == data), None)
        if same is None:
            return self._create(data, number)
        if same is known[-1]:
            return same

        def renumber(old: Json) -> Json:
            return {**old, "revision": number}

        return self._registry.update(
            CONTROLLER_REVISIONS, namespace(same), name(same), renumber, CONTROLLER
        )

    def template(self, revision: str) -> Json | None:
        """The template of that name, free to be changed."""
        found = self._registry.store.get(CONTROLLER_REVISIONS.id, namespace(self._owner), revision)
        if found is None:
            return None
        template = edited(found["data"]["spec"]["template"])
        return {key: part for key, part in template.items() if key != "$patch"}

    def forget(self, in_use: set[str]) -> None:
        """Beyond the history limit, the oldest that no pod is of."""
        spent = [one for one in self.all() if name(one) not in in_use]
        beyond = max(0, len(spent) - self._owner["spec"]["revisionHistoryLimit"])
        for one in spent[:beyond]:
            self._registry.delete(CONTROLLER_REVISIONS, namespace(one), name(one), Deletion())

    def _create(self, data: Json, number: int) -> Json:
        space, collisions = namespace(self._owner), 0
        suffix = template_hash(data, collisions)
        while taken := self._registry.store.get(
            CONTROLLER_REVISIONS.id, space, f"{name(self._owner)}-{suffix}"
        ):
            if taken["data"] == data and controller_of(taken) is None:
                return self._adopt(taken, number)
            collisions += 1
            suffix = template_hash(data, collisions)
        labels = self._owner["spec"]["template"]["metadata"].get("labels") or {}
        made = {
            "metadata": {
                "name": f"{name(self._owner)}-{suffix}",
                "labels": {**labels, HASH_LABEL: suffix},
                "ownerReferences": [owner_reference(self._owner)],
            },
            "data": data,
            "revision": number,
        }
        return self._registry.create(CONTROLLER_REVISIONS, space, made, CONTROLLER)

    def _adopt(self, orphan: Json, number: int) -> Json:
        """Left behind by a namesake whose pods were to stay."""

        def adopt(old: Json) -> Json:
            old["metadata"]["ownerReferences"] = [owner_reference(self._owner)]
            return {**old, "revision": number}

        return self._registry.update(
            CONTROLLER_REVISIONS, namespace(orphan), name(orphan), adopt, CONTROLLER
        )
