"""Who may do what: a service account with a token, bound to a role with exactly these rules."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from kubernetes import client, config

from deploy.sandbox.control_plane.credentials import CONTEXT

NAMESPACE = "identities"
TOKEN_S = 24 * 60 * 60

Rules = Sequence[Mapping[str, Sequence[str]]]
"""As `rules` of a ClusterRole has them."""

KUBELET: Rules = (
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "watch", "create"]},
    {"apiGroups": [""], "resources": ["nodes/status"], "verbs": ["patch"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch", "patch", "delete"]},
    {"apiGroups": [""], "resources": ["pods/status"], "verbs": ["patch"]},
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "patch"]},
)
"""What the process kubelet asks of the API, and nothing else."""


class Identities:
    def __init__(self, admin: Path) -> None:
        api = config.new_client_from_config(str(admin), CONTEXT)
        self._core = client.CoreV1Api(api)
        self._rbac = client.RbacAuthorizationV1Api(api)
        self._core.create_namespace({"metadata": {"name": NAMESPACE}})

    def token(self, name: str, rules: Rules) -> str:
        """Of a new identity, which may do what `rules` say everywhere in the cluster."""
        about = {"metadata": {"name": name}}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
        subject = {"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}
        self._core.create_namespaced_service_account(NAMESPACE, about)
        self._rbac.create_cluster_role({**about, "rules": list(rules)})
        self._rbac.create_cluster_role_binding({**about, "roleRef": role, "subjects": [subject]})
        asked = {"spec": {"expirationSeconds": TOKEN_S}}
        made = self._core.create_namespaced_service_account_token(name, NAMESPACE, asked)
        return str(made.status.token)
