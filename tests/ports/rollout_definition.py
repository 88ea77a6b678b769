"""What a cluster must be told before it keeps Rollouts: as much of Argo Rollouts' own definition as
we rely on. Its schema is structural and has a status apart, as theirs has (v1.9); what theirs
spells out of a spec is left open here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from deploy.sandbox.processes import wait_until
from schemas.kinds import KINDS, ROLLOUT

ESTABLISHED_S = 20.0
TEXT, NUMBER, FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
STATUS = {
    "abort": FLAG,
    "abortedAt": {"type": "string", "format": "date-time"},
    "canary": OPEN,
    "currentPodHash": TEXT,
    "currentStepIndex": NUMBER,
    "observedGeneration": TEXT,
    "phase": TEXT,
    "promoteFull": FLAG,
    "replicas": NUMBER,
    "stableRS": TEXT,
    "updatedReplicas": NUMBER,
}
KIND = KINDS[ROLLOUT]
NAME = f"{KIND.plural}.{KIND.group}"


def definition() -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["spec"],
        "properties": {"spec": OPEN, "status": {"type": "object", "properties": STATUS}},
    }
    version = {"name": KIND.version, "served": True, "storage": True}
    return {
        "metadata": {"name": NAME},
        "spec": {
            "group": KIND.group,
            "names": {"kind": ROLLOUT, "plural": KIND.plural, "singular": "rollout"},
            "scope": "Namespaced",
            "versions": [
                {**version, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}
            ],
        },
    }


@contextmanager
def taught(configuration: client.Configuration) -> Iterator[None]:
    """It keeps Rollouts meanwhile, and nobody there acts on them. Where it does already, it is left
    as it is."""
    api = client.ApiClient(configuration)
    definitions, objects = client.ApiextensionsV1Api(api), client.CustomObjectsApi(api)

    def served() -> bool:
        try:
            objects.list_cluster_custom_object(KIND.group, KIND.version, KIND.plural)
        except ApiException:
            return False
        return True

    if served():
        yield
        return
    definitions.create_custom_resource_definition(definition())
    try:
        wait_until(served, timeout_s=ESTABLISHED_S, what="Rollouts to be served")
        yield
    finally:
        definitions.delete_custom_resource_definition(NAME)
