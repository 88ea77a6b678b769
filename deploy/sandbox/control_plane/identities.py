"""Who may do what: a service account with a token, bound to a role with exactly these rules."""

from collections.abc import Mapping, Sequence

from deploy.sandbox.control_plane.admin import Admin
from remediators.actions.rights import rights_of

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


SPACE = f"/api/v1/namespaces/{NAMESPACE}"
RBAC = "rbac.authorization.k8s.io"


def executor_rules() -> Rules:
    """Those of `mendlog executor rights`, for all actions."""
    return [rule.plain() for rule in rights_of().everywhere]


class Identities:
    def __init__(self, admin: Admin) -> None:
        self._admin = admin
        admin.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})

    def token(self, name: str, rules: Rules) -> str:
        """Of a new identity, which may do what `rules` say everywhere in the cluster."""
        about = {"metadata": {"name": name}}
        role = {"apiGroup": RBAC, "kind": "ClusterRole", "name": name}
        subject = {"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}
        bound = {"roleRef": role, "subjects": [subject]}
        create = self._admin.create
        create(f"{SPACE}/serviceaccounts", about)
        create(f"/apis/{RBAC}/v1/clusterroles", {**about, "rules": list(rules)})
        create(f"/apis/{RBAC}/v1/clusterrolebindings", {**about, **bound})
        asked = {"spec": {"expirationSeconds": TOKEN_S}}
        made = create(f"{SPACE}/serviceaccounts/{name}/token", asked)
        return str(made["status"]["token"])
