"""`mendlog executor rights`: manifests that somebody with the right to may apply."""

import json

import pytest
import yaml

from deploy.cli.faults import BAD_CONFIGURATION, USAGE
from tests.deploy.cli.conftest import Mendlog


def rights(mendlog: Mendlog, *arguments: str, **settings: str) -> list[dict]:
    done = mendlog("executor", "rights", "--json", *arguments, **settings)
    assert done.exit_code == 0, done.err
    return json.loads(done.out)["items"]


def kinds(made: list[dict]) -> list[tuple[str, str]]:
    return [(one["kind"], one["metadata"].get("namespace", "")) for one in made]


def test_a_role_in_each_namespace_and_the_rest_for_the_cluster(mendlog: Mendlog):
    made = rights(mendlog, "--actions", "restart", "--namespace", "shop", "--namespace", "payments")
    assert kinds(made) == [
        ("ClusterRole", ""),
        ("ClusterRoleBinding", ""),
        ("Role", "shop"),
        ("RoleBinding", "shop"),
        ("Role", "payments"),
        ("RoleBinding", "payments"),
    ]
    assert made[0]["rules"] == [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}]
    assert {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "patch"]} in (
        made[2]["rules"]
    )
    assert {one["metadata"]["name"] for one in made} == {"mendlog-executor"}


def test_a_binding_names_its_role_and_the_account(mendlog: Mendlog):
    where = ("--namespace", "shop", "--account", "hands", "--account-namespace", "ops")
    role, binding = rights(mendlog, *where)[2:4]
    assert binding["roleRef"]["kind"] == role["kind"] == "Role"
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "hands", "namespace": "ops"}]


def test_events_of_nodes_are_kept_in_default(mendlog: Mendlog):
    assert kinds(rights(mendlog, "--actions", "cordon", "--namespace", "shop")) == [
        ("ClusterRole", ""),
        ("ClusterRoleBinding", ""),
        ("Role", "default"),
        ("RoleBinding", "default"),
    ]


def test_without_a_namespace_in_all_of_them(mendlog: Mendlog):
    assert kinds(rights(mendlog)) == [("ClusterRole", ""), ("ClusterRoleBinding", "")]


def test_what_the_executor_is_set_to(mendlog: Mendlog, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TARGET_NAMESPACE", "shop")
    bound = rights(mendlog, ACTIONS="restart, scale")
    monkeypatch.delenv("TARGET_NAMESPACE")
    asked = rights(mendlog, "--actions", "restart,scale", "--namespace", "shop", ACTIONS="cordon")
    assert bound == asked


def test_as_yaml_they_say_the_same(mendlog: Mendlog):
    text = mendlog("executor", "rights", "--namespace", "shop")
    assert text.exit_code == 0
    assert list(yaml.safe_load_all(text.out)) == rights(mendlog, "--namespace", "shop")


def test_an_action_that_there_is_not(mendlog: Mendlog):
    done = mendlog("executor", "rights", "--actions", "restart,drop_tables")
    assert done.exit_code == BAD_CONFIGURATION
    assert "no action is called drop_tables" in done.err


@pytest.mark.parametrize("extra", [("--json", "--yaml")])
def test_one_form_at_a_time(mendlog: Mendlog, extra: tuple[str, ...]):
    assert mendlog("executor", "rights", *extra).exit_code == USAGE
