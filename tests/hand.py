"""A person's own hand on a cluster: objects of any kind, through the official client."""

from dataclasses import replace
from typing import Any

from kubernetes import client

from remediators.adapters.kubernetes import paths
from schemas.kinds import KINDS
from schemas.remediation import Target

Body = dict[str, Any]
JSON, MERGE_PATCH = "application/json", "application/merge-patch+json"
ENABLED = {"mendlog.io/enabled": "true"}


class Hand:
    """Blocking."""

    def __init__(self, api: client.ApiClient) -> None:
        self._api = api
        self._made: list[Target] = []

    def makes(self, target: Target, body: Body) -> None:
        """Opted in, unless it says otherwise."""
        kind, meta = KINDS[target.kind], body.get("metadata", {})
        version = f"{kind.group}/{kind.version}" if kind.group else kind.version
        named = {**meta, "name": target.name, "annotations": ENABLED | meta.get("annotations", {})}
        whole = {**body, "apiVersion": version, "kind": target.kind, "metadata": named}
        self._call("POST", paths.collection(target.kind, target.namespace), whole)
        if "status" in body:
            # What is posted has none.
            self.reports(target, body["status"])
        if not target.namespace:
            self._made.append(target)

    def edits(self, target: Target, body: Body, writer: str = "") -> None:
        """A merge patch. `writer` is whom the API shall take for its author."""
        path = paths.of(target)
        self._call("PATCH", f"{path}?fieldManager={writer}" if writer else path, body, MERGE_PATCH)

    def reports(self, target: Target, status: Body) -> None:
        """As a controller would: a merge patch of its status."""
        self._call("PATCH", f"{paths.of(target)}/status", {"status": status}, MERGE_PATCH)

    def clears_up(self) -> None:
        """What is in no namespace, which would take it along."""
        for target in self._made:
            self._call("DELETE", paths.of(target))
        self._made.clear()

    def _call(
        self, method: str, path: str | None, body: Body | None = None, kind: str = JSON
    ) -> None:
        assert path is not None
        call = self._api.param_serialize(
            method,
            path,
            header_params={"Content-Type": kind, "Accept": JSON},
            body=body,
            auth_settings=["BearerToken"],
        )
        answer = self._api.call_api(*call)
        assert answer.status < 300, answer.read()


def beside(target: Target, kind: str, name: str) -> Target:
    """In its namespace; or in none, where a kind is of the whole cluster."""
    namespace = target.namespace if KINDS[kind].namespaced else ""
    return replace(target, kind=kind, namespace=namespace, name=name)
