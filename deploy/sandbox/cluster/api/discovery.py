"""What the server says of itself: its version, its groups and their resources."""

from deploy.sandbox.cluster.api import errors
from deploy.sandbox.cluster.api.resources import RESOURCES, Resource
from deploy.sandbox.cluster.objects import Json

VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
SUBRESOURCE_VERBS = {"eviction": ["create"], "log": ["get"]}
SUBRESOURCE_KINDS = {"eviction": "Eviction", "scale": "Scale"}

VERSION: Json = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.3+sandbox",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}

CORE_VERSIONS: Json = {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def groups() -> Json:
    names = sorted({resource.group for resource in RESOURCES if resource.group})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group(name) for name in names]}


def group(name: str) -> Json:
    versions = sorted({resource.version for resource in RESOURCES if resource.group == name})
    if not versions:
        raise errors.no_such_path()
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": name,
        "versions": listed,
        "preferredVersion": listed[-1],
    }


def resources(api_version: str) -> Json:
    found = [resource for resource in RESOURCES if resource.api_version == api_version]
    if not found:
        raise errors.no_such_path()
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": api_version,
        "resources": [line for resource in found for line in _lines(resource)],
    }


def _lines(resource: Resource) -> list[Json]:
    own = {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": VERBS,
    }
    below = [
        {
            "name": f"{resource.plural}/{sub}",
            "singularName": "",
            "namespaced": resource.namespaced,
            "kind": SUBRESOURCE_KINDS.get(sub, resource.kind),
            "verbs": SUBRESOURCE_VERBS.get(sub, ["get", "patch", "update"]),
        }
        for sub in resource.every_subresource
    ]
    return [own, *below]
