"""The executor's rights as Kubernetes manifests: roles and who has them, ready to apply."""

from collections.abc import Mapping, Sequence
from typing import Any

from remediators.actions.rights import NAMESPACE_OF_NODES, Rights, Rule

NAME = "mendlog-executor"
GROUP = "rbac.authorization.k8s.io"

Manifest = Mapping[str, Any]


def manifests(
    rights: Rights, account: str, account_namespace: str, namespaces: Sequence[str]
) -> list[Manifest]:
    """Without namespaces, for all of them, which is more than most clusters should grant."""
    subject = {"kind": "ServiceAccount", "name": account, "namespace": account_namespace}
    if not namespaces:
        return _granted("ClusterRole", rights.everywhere, subject)
    made = _granted("ClusterRole", rights.cluster, subject)
    for namespace in dict.fromkeys(namespaces):
        made += _granted("Role", rights.namespaced, subject, namespace)
    if NAMESPACE_OF_NODES not in namespaces:
        made += _granted("Role", rights.default, subject, NAMESPACE_OF_NODES)
    return made


def _granted(
    kind: str, rules: Sequence[Rule], subject: Mapping[str, str], namespace: str = ""
) -> list[Manifest]:
    """A role and its binding; of no rules, neither."""
    if not rules:
        return []
    about = {"name": NAME, "namespace": namespace} if namespace else {"name": NAME}
    head = {"apiVersion": f"{GROUP}/v1", "metadata": about}
    role = {"apiGroup": GROUP, "kind": kind, "name": NAME}
    return [
        {**head, "kind": kind, "rules": [rule.plain() for rule in rules]},
        {**head, "kind": f"{kind}Binding", "roleRef": role, "subjects": [subject]},
    ]
