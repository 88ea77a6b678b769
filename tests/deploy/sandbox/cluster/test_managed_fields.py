"""Who owns which field after which write."""

import copy
from datetime import UTC, datetime

from deploy.sandbox.cluster.api.managed_fields import Writer, manager_of, recorded

AT = datetime(2026, 11, 21, tzinfo=UTC)


def deployment(**spec) -> dict:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": spec,
    }


def written(new: dict, old: dict | None, writer: Writer) -> dict:
    new["metadata"]["managedFields"] = recorded(new, old, writer, AT)
    return new


def owners(obj: dict) -> dict[tuple[str, str], dict]:
    return {
        (entry["manager"], entry.get("subresource", "")): entry["fieldsV1"]
        for entry in obj["metadata"]["managedFields"]
    }


def test_the_creator_owns_everything():
    created = written(deployment(replicas=1, paused=False), None, Writer("kubectl"))
    assert owners(created) == {
        ("kubectl", ""): {"f:spec": {"f:replicas": {}, "f:paused": {}}},
    }
    (entry,) = created["metadata"]["managedFields"]
    assert entry["operation"] == "Update"
    assert entry["apiVersion"] == "apps/v1"
    assert entry["time"] == "2026-11-21T00:00:00Z"


def test_whoever_changes_a_field_takes_it_over():
    old = written(deployment(replicas=1, paused=False), None, Writer("kubectl"))
    new = written(deployment(replicas=2, paused=False), old, Writer("hpa", "scale"))
    assert owners(new) == {
        ("kubectl", ""): {"f:spec": {"f:paused": {}}},
        ("hpa", "scale"): {"f:spec": {"f:replicas": {}}},
    }


def test_a_manager_without_fields_is_forgotten():
    old = written(deployment(replicas=1), None, Writer("kubectl"))
    new = written(deployment(replicas=2), old, Writer("mendlog"))
    assert list(owners(new)) == [("mendlog", "")]


def test_a_field_that_is_gone_is_nobodys():
    old = written(deployment(replicas=1, paused=True), None, Writer("kubectl"))
    new = written(deployment(replicas=1), old, Writer("mendlog"))
    assert owners(new) == {("kubectl", ""): {"f:spec": {"f:replicas": {}}}}


def test_elements_of_keyed_lists_have_owners_of_their_own():
    one = {"name": "main", "image": "a:1"}
    old = written(deployment(containers=[one]), None, Writer("kubectl"))
    new = written(deployment(containers=[{**one, "image": "a:2"}]), old, Writer("mendlog"))
    key = 'k:{"name":"main"}'
    assert owners(new) == {
        ("kubectl", ""): {"f:spec": {"f:containers": {key: {".": {}, "f:name": {}}}}},
        ("mendlog", ""): {"f:spec": {"f:containers": {key: {"f:image": {}}}}},
    }


def test_a_map_belongs_to_whoever_made_its_first_entry():
    def config(data: dict) -> dict:
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}

    old = written(config({"a": "1"}), None, Writer("kubectl"))
    new = written(config({"a": "1", "b": "2"}), old, Writer("mendlog"))
    assert owners(new) == {
        ("kubectl", ""): {"f:data": {".": {}, "f:a": {}}},
        ("mendlog", ""): {"f:data": {"f:b": {}}},
    }


def test_nobody_owns_a_status_but_through_the_status_subresource():
    made = {**deployment(paused=True), "status": {"replicas": 1}}
    created = written(copy.deepcopy(made), None, Writer("kubectl"))
    assert owners(created) == {("kubectl", ""): {"f:spec": {"f:paused": {}}}}
    told = {**copy.deepcopy(made), "status": {"replicas": 2}}
    new = written(told, created, Writer("controller", "status"))
    assert owners(new)["controller", "status"] == {"f:status": {"f:replicas": {}}}


def test_a_selector_is_owned_as_a_whole():
    created = written(deployment(selector={"matchLabels": {"a": "b"}}), None, Writer("kubectl"))
    assert owners(created) == {("kubectl", ""): {"f:spec": {"f:selector": {}}}}


def test_a_write_that_changes_nothing_leaves_no_trace():
    old = written(deployment(replicas=1), None, Writer("kubectl"))
    same = recorded(deployment(replicas=1), old, Writer("mendlog"), AT)
    assert same == old["metadata"]["managedFields"]


def test_the_manager_is_the_one_named_or_the_program():
    assert manager_of("mendlog", "python/1") == "mendlog"
    assert manager_of("", "OpenAPI-Generator/37.0.2/python") == "OpenAPI-Generator"
    assert manager_of("", "") == "unknown"
    assert len(manager_of("x" * 500, "")) == 128
