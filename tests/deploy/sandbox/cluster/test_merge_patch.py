"""The plain merge and the strategic one."""

import pytest

from deploy.sandbox.cluster.api.merge_patch import BadPatch, merge, strategic_merge


def test_merge_follows_rfc_7386():
    target = {"a": {"b": 1, "c": 2}, "list": [1, 2]}
    assert merge(target, {"a": {"b": None}, "list": [3], "d": {"e": None, "f": 1}}) == {
        "a": {"c": 2},
        "list": [3],
        "d": {"f": 1},
    }
    assert target == {"a": {"b": 1, "c": 2}, "list": [1, 2]}


def spec(*containers: dict) -> dict:
    return {"spec": {"containers": list(containers)}}


MAIN = {"name": "main", "image": "a:1", "env": [{"name": "X", "value": "1"}]}
SIDE = {"name": "side", "image": "b:1"}


def test_containers_are_merged_by_name():
    merged = strategic_merge(spec(MAIN, SIDE), spec({"name": "main", "image": "a:2"}))
    assert merged == spec({**MAIN, "image": "a:2"}, SIDE)


def test_variables_are_merged_by_name_inside_their_container():
    patch = spec(
        {"name": "main", "env": [{"name": "Y", "value": "2"}, {"name": "X", "value": "3"}]}
    )
    merged = strategic_merge(spec(MAIN), patch)
    assert merged["spec"]["containers"][0]["env"] == [
        {"name": "X", "value": "3"},
        {"name": "Y", "value": "2"},
    ]


def test_an_element_can_be_deleted_or_the_list_replaced():
    gone = strategic_merge(spec(MAIN, SIDE), spec({"name": "side", "$patch": "delete"}))
    assert gone == spec(MAIN)
    replaced = strategic_merge(spec(MAIN), spec({"$patch": "replace"}, SIDE))
    assert replaced == spec(SIDE)


def test_the_order_of_elements_can_be_set():
    patch = {"spec": {"$setElementOrder/containers": [{"name": "side"}, {"name": "main"}]}}
    assert strategic_merge(spec(MAIN, SIDE), patch) == spec(SIDE, MAIN)


def test_finalizers_are_added_and_deleted_by_value():
    target = {"metadata": {"finalizers": ["a", "b"]}}
    added = strategic_merge(target, {"metadata": {"finalizers": ["b", "c"]}})
    assert added["metadata"]["finalizers"] == ["a", "b", "c"]
    dropped = strategic_merge(target, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}})
    assert dropped["metadata"]["finalizers"] == ["b"]


def test_a_map_can_be_replaced_or_cut_to_some_keys():
    target = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}
    assert strategic_merge(target, {"strategy": {"$patch": "replace", "type": "Recreate"}}) == {
        "strategy": {"type": "Recreate"}
    }
    assert strategic_merge(target, {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}) == {
        "strategy": {"type": "Recreate"}
    }


def test_lists_without_a_key_are_replaced():
    assert strategic_merge({"args": ["a", "b"]}, {"args": ["c"]}) == {"args": ["c"]}


def test_an_element_without_its_key_is_refused():
    with pytest.raises(BadPatch):
        strategic_merge(spec(MAIN), spec({"image": "a:2"}))
