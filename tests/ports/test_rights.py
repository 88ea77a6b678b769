"""On a real API server: the executor's identity may do what its rights say, and nothing else.

Its rights are those of `mendlog executor rights`; RBAC is asked for each verb on each kind, and
some calls are made.
"""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.rbac import manifests
from deploy.sandbox.control_plane.credentials import CONTEXT
from deploy.sandbox.control_plane.handle import ControlPlane
from remediators.actions.rights import Rule, rights_of
from remediators.adapters.kubernetes.client import ApiServer
from remediators.adapters.kubernetes.cluster import KubernetesCluster
from remediators.clusters import ClusterAddress
from remediators.core.patch import add, patch
from remediators.core.reply import Answer
from schemas.actions import ABORT_CANARY, CORDON, RESTART
from schemas.kinds import KINDS
from tests.remediators.builders import TARGET, command

pytestmark = pytest.mark.control_plane

SPACE, ELSEWHERE, ACCOUNT = "rights", "rights-elsewhere", "hands"
VERBS = (
    *("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"),
    *("impersonate", "bind", "escalate", "use", "approve", "*"),
)
RESOURCES = (
    *((kind.group, kind.plural) for kind in KINDS.values()),
    *(("", one) for one in ("secrets", "namespaces", "serviceaccounts", "endpoints", "users")),
    *(("", f"pods/{part}") for part in ("exec", "log", "eviction", "attach", "status")),
    *(("apps", f"deployments/{part}") for part in ("scale", "status")),
    *(("argoproj.io", f"rollouts/{part}") for part in ("scale", "status")),
    *(("", f"nodes/{part}") for part in ("proxy", "status")),
    *(("rbac.authorization.k8s.io", one) for one in ("roles", "clusterroles", "rolebindings")),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    ("coordination.k8s.io", "leases"),
    ("", "*"),
    ("*", "*"),
)
ROLES = "/apis/rbac.authorization.k8s.io/v1"


class Api:
    """As somebody with a token: status and body of each call."""

    def __init__(self, plane: ControlPlane, token: str) -> None:
        self._url, self._token = plane.url, token
        self._tls = ssl.create_default_context(cafile=plane.ca_file)

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        content = "application/json-patch+json" if method == "PATCH" else "application/json"
        request = urllib.request.Request(
            f"{self._url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": content},
        )
        try:
            with urllib.request.urlopen(request, timeout=10, context=self._tls) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read())

    def create(self, path: str, body: Any) -> Any:
        status, answer = self.call("POST", path, body)
        assert status == 201, answer
        return answer

    def may(self, verb: str, group: str, resource: str, namespace: str = "") -> bool:
        name, _, sub = resource.partition("/")
        asked = {"verb": verb, "group": group, "resource": name, "subresource": sub}
        spec = {"resourceAttributes": {**asked, "namespace": namespace}}
        kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        return bool(self.create(path, {**kind, "spec": spec})["status"]["allowed"])


def token_of(kubeconfig: Path) -> str:
    return str(yaml.safe_load(kubeconfig.read_text())["users"][0]["user"]["token"])


@pytest.fixture(scope="module")
def admin(control_plane: ControlPlane) -> Api:
    made = Api(control_plane, token_of(control_plane.kubeconfig))
    for name in (SPACE, ELSEWHERE):
        made.create("/api/v1/namespaces", {"metadata": {"name": name}})
    return made


@pytest.fixture(scope="module")
def hands(admin: Api, control_plane: ControlPlane) -> Api:
    """A service account with the very manifests for all actions in one namespace."""
    account = f"/api/v1/namespaces/{SPACE}/serviceaccounts"
    admin.create(account, {"metadata": {"name": ACCOUNT}})
    for one in manifests(rights_of(), ACCOUNT, SPACE, [SPACE]):
        admin.create(place(one), one)
    asked = {"spec": {"expirationSeconds": 3600}}
    token = admin.create(f"{account}/{ACCOUNT}/token", asked)["status"]["token"]
    return Api(control_plane, token)


def place(manifest: Mapping[str, Any]) -> str:
    namespace = manifest["metadata"].get("namespace")
    plural = f"{manifest['kind'].lower()}s"
    return f"{ROLES}/namespaces/{namespace}/{plural}" if namespace else f"{ROLES}/{plural}"


def granted(rules: Iterable[Rule]) -> set[tuple[str, str, str]]:
    return {(verb, rule.group, rule.resource) for rule in rules for verb in rule.verbs}


def allowed(api: Api, namespace: str) -> set[tuple[str, str, str]]:
    table = ((verb, *what) for what in RESOURCES for verb in VERBS)
    return {one for one in table if api.may(*one, namespace)}


def test_in_its_namespace_what_is_listed_and_not_a_verb_more(hands: Api):
    rights = rights_of()
    assert allowed(hands, SPACE) == granted((*rights.cluster, *rights.namespaced))


def test_elsewhere_and_everywhere_only_what_belongs_to_the_cluster(hands: Api):
    of_the_cluster = granted(rights_of().cluster)
    assert allowed(hands, ELSEWHERE) == of_the_cluster
    assert allowed(hands, "") == of_the_cluster


def test_in_default_events_alone(hands: Api):
    rights = rights_of()
    assert allowed(hands, "default") == granted((*rights.cluster, *rights.default))


async def test_an_action_without_its_right_is_refused_by_the_rehearsal_in_the_apis_words(
    hands: Api, control_plane: ControlPlane
):
    """What people are told when a playbook is turned off: which verb, on which kind."""
    rules = [Rule("apps", "deployments", ("get",))]
    kubeconfig = control_plane.identity("only-looks", [rule.plain() for rule in rules])
    address = ClusterAddress(context=CONTEXT, kubeconfig=str(kubeconfig))
    cluster = KubernetesCluster(ApiServer(address, 10.0, 1), "rights", 1)
    target = replace(TARGET, namespace=SPACE)
    reply = await cluster.rehearse(patch(command(target=target), (add(3, "spec", "replicas"),)))
    await cluster.close()
    assert reply.answer is Answer.FORBIDDEN
    assert 'cannot patch resource "deployments" in API group "apps"' in reply.detail


NAMED = f"/api/v1/namespaces/{SPACE}"
REFUSED = (
    ("GET", f"{NAMED}/secrets"),
    ("GET", "/api/v1/namespaces/kube-system/secrets"),
    ("GET", f"/apis/apps/v1/namespaces/{ELSEWHERE}/deployments/web"),
    ("DELETE", f"/apis/apps/v1/namespaces/{SPACE}/deployments/web"),
    ("DELETE", "/api/v1/nodes/n1"),
    ("DELETE", f"/api/v1/namespaces/{SPACE}"),
    ("GET", f"{ROLES}/clusterroles"),
    ("DELETE", f"{NAMED}/events"),
)


@pytest.mark.parametrize(("method", "path"), REFUSED, ids=[" ".join(one) for one in REFUSED])
def test_the_api_refuses_and_names_the_rule(hands: Api, method: str, path: str):
    status, answer = hands.call(method, path)
    assert status == 403
    assert f'"system:serviceaccount:{SPACE}:{ACCOUNT}" cannot' in answer["message"]


def test_it_cannot_make_itself_anything_more(hands: Api):
    role = {"metadata": {"name": "more"}, "rules": [{"apiGroups": ["*"], "resources": ["*"]}]}
    for path in (f"{ROLES}/clusterroles", f"{ROLES}/namespaces/{SPACE}/roles"):
        assert hands.call("POST", path, role)[0] == 403
    assert hands.call("POST", f"{NAMED}/serviceaccounts/default/token", {"spec": {}})[0] == 403


@pytest.mark.parametrize("action", [RESTART, CORDON, ABORT_CANARY])
def test_with_one_action_enabled_only_what_that_needs(control_plane: ControlPlane, action: str):
    rules = rights_of([action]).everywhere
    kubeconfig = control_plane.identity(
        f"only-{action.replace('_', '-')}", [rule.plain() for rule in rules]
    )
    api = Api(control_plane, token_of(kubeconfig))
    assert allowed(api, SPACE) == granted(rules)
