"""What a list or a watch asks for: the part of the URL behind the question mark."""

from collections.abc import Mapping
from dataclasses import dataclass

from deploy.sandbox.cluster.api import errors, selectors
from deploy.sandbox.cluster.api.resources import Resource
from deploy.sandbox.cluster.api.selectors import BadSelector, Matcher, UnknownField

FIELDS_OF_ALL = ("metadata.name", "metadata.namespace")
FIELDS = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.nominatedNodeName",
        "status.phase",
        "status.podIP",
    ),
    "events": (
        "involvedObject.kind",
        "involvedObject.name",
        "involvedObject.namespace",
        "involvedObject.uid",
        "reason",
        "reportingComponent",
        "type",
    ),
    "events.events.k8s.io": ("regarding.kind", "regarding.name", "reason", "type"),
    "nodes": ("spec.unschedulable",),
    "namespaces": ("status.phase",),
    "replicasets.apps": ("status.replicas",),
    "services": ("spec.clusterIP", "spec.type"),
    "jobs.batch": ("status.successful",),
}
BARE_REFUSAL = ("events", "namespaces", "nodes", "pods", "services")
"""Kinds that do not say which fields they know."""

TRUE_WORDS = ("1", "t", "T", "true", "TRUE", "True")


@dataclass(frozen=True, slots=True)
class Query:
    resource: Resource
    namespace: str
    label_selector: str
    field_selector: str
    resource_version: str
    exact_version: bool
    limit: int
    continue_token: str
    timeout_s: float | None
    bookmarks: bool

    @property
    def matches(self) -> Matcher:
        try:
            by_labels = selectors.by_labels(self.label_selector)
            known = FIELDS_OF_ALL + FIELDS.get(self.resource.id, ())
            by_fields = selectors.by_fields(self.field_selector, known)
        except UnknownField as error:
            raise errors.bad_request(_unknown_field(self.resource, error.field)) from error
        except BadSelector as error:
            raise errors.bad_request(str(error)) from error
        return lambda obj: by_labels(obj) and by_fields(obj)

    @property
    def selective(self) -> bool:
        return bool(self.label_selector or self.field_selector)


def _unknown_field(resource: Resource, field: str) -> str:
    if resource.id in BARE_REFUSAL:
        return f"field label not supported: {field}"
    if resource.id in FIELDS:
        return f'field label "{field}" not supported for {resource.kind}'
    listed = ", ".join(f'"{one}"' for one in FIELDS_OF_ALL)
    return f'"{field}" is not a known field selector: only {listed}'


def query_of(resource: Resource, namespace: str, name: str, parameters: Mapping[str, str]) -> Query:
    """A `name` in the path narrows a watch to that object."""
    fields = parameters.get("fieldSelector", "")
    if name:
        fields = ",".join(part for part in (fields, f"metadata.name={name}") if part)
    timeout_s = number(parameters, "timeoutSeconds")
    return Query(
        resource=resource,
        namespace=namespace,
        label_selector=parameters.get("labelSelector", ""),
        field_selector=fields,
        resource_version=parameters.get("resourceVersion", ""),
        exact_version=parameters.get("resourceVersionMatch") == "Exact",
        limit=number(parameters, "limit") or 0,
        continue_token=parameters.get("continue", ""),
        timeout_s=timeout_s,
        bookmarks=truth(parameters, "allowWatchBookmarks"),
    )


def truth(parameters: Mapping[str, str], key: str) -> bool:
    return parameters.get(key, "") in TRUE_WORDS


def number(parameters: Mapping[str, str], key: str) -> int | None:
    text = parameters.get(key, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError as error:
        problem = f'strconv.ParseInt: parsing "{text}": invalid syntax'
        raise errors.bad_request(problem) from error


def version_number(text: str) -> int:
    if not text.isdecimal():
        problem = f'Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        raise errors.bad_request(f"invalid resource version: resourceVersion: {problem}")
    return int(text)
