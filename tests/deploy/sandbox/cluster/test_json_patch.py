"""RFC 6902 as the API server applies it, on which the executor's precondition rests."""

import pytest

from deploy.sandbox.cluster.api.json_patch import BadPatch, PatchFailed, apply

DOCUMENT = {"a": {"b/c": 1, "d~e": 2}, "list": [1, 2, 3], "flag": True}


@pytest.mark.parametrize(
    ("op", "path", "value", "expected"),
    [
        ("add", "/new", {"x": 1}, {"new": {"x": 1}}),
        ("add", "/flag", 2, {"flag": 2}),
        ("add", "/list/1", 9, {"list": [1, 9, 2, 3]}),
        ("add", "/list/3", 4, {"list": [1, 2, 3, 4]}),
        ("add", "/list/-", 4, {"list": [1, 2, 3, 4]}),
        ("remove", "/list/0", None, {"list": [2, 3]}),
        ("replace", "/a/b~1c", 5, {"a": {"b/c": 5, "d~e": 2}}),
        ("replace", "/a/d~0e", 5, {"a": {"b/c": 1, "d~e": 5}}),
        ("test", "/absent", None, {}),
        ("replace", "/absent", 1, {"absent": 1}),
        ("replace", "/list/-1", 9, {"list": [1, 2, 9]}),
        ("test", "/list/-3", 1, {}),
    ],
)
def test_operations(op: str, path: str, value, expected: dict):
    assert apply(DOCUMENT, [{"op": op, "path": path, "value": value}]) == DOCUMENT | expected


def test_copy_leaves_the_original():
    copied = apply(DOCUMENT, [{"op": "copy", "from": "/list", "path": "/a"}])
    assert copied == DOCUMENT | {"a": [1, 2, 3]}


def test_copying_what_is_not_there_copies_null():
    assert apply({"a": 1}, [{"op": "copy", "from": "/b", "path": "/a"}]) == {"a": None}


def test_move_takes_it_from_where_it_was():
    assert apply({"a": 1}, [{"op": "move", "from": "/a", "path": "/b"}]) == {"b": 1}


def test_the_whole_document_can_be_replaced():
    assert apply({"a": 1}, [{"op": "replace", "path": "", "value": {"b": 2}}]) == {"b": 2}


@pytest.mark.parametrize(
    "step",
    [
        pytest.param({"op": "test", "path": "/flag", "value": 1}, id="true is not 1"),
        pytest.param({"op": "test", "path": "/list", "value": [1, 2]}, id="shorter list"),
        pytest.param({"op": "test", "path": "/list/0", "value": 1.0}, id="1 is not 1.0"),
        pytest.param({"op": "test", "path": "/list/3", "value": None}, id="test past the end"),
        pytest.param({"op": "test", "path": "/list/-4", "value": None}, id="before the start"),
        pytest.param({"op": "test", "path": "/absent/below", "value": None}, id="below nothing"),
        pytest.param({"op": "add", "path": "/absent/below", "value": 1}, id="add below nothing"),
        pytest.param({"op": "add", "path": "/flag/below", "value": 1}, id="add below a scalar"),
        pytest.param({"op": "add", "path": "/list/4", "value": 1}, id="add past the end"),
        pytest.param({"op": "remove", "path": "/absent"}, id="remove nothing"),
        pytest.param({"op": "remove", "path": ""}, id="remove everything"),
        pytest.param(
            {"op": "replace", "path": "/absent/x", "value": 1}, id="replace below nothing"
        ),
        pytest.param({"op": "replace", "path": "/list/x", "value": 1}, id="index is a word"),
        pytest.param({"op": "move", "from": "/absent", "path": "/b"}, id="move nothing"),
        pytest.param({"op": "jump", "path": "/a"}, id="unknown operation"),
        pytest.param({"op": "add", "path": "a", "value": 1}, id="not a pointer"),
        pytest.param({"op": "copy", "path": "/a"}, id="from nowhere"),
    ],
)
def test_what_does_not_fit_fails(step):
    with pytest.raises(PatchFailed):
        apply(DOCUMENT, [step])


@pytest.mark.parametrize("operations", [{"op": "add"}, ["add"], None])
def test_what_is_no_patch_is_told_apart(operations):
    with pytest.raises(BadPatch):
        apply(DOCUMENT, operations)


def test_all_or_nothing():
    document = {"a": {"b": 1}}
    with pytest.raises(PatchFailed):
        apply(
            document, [{"op": "remove", "path": "/a/b"}, {"op": "test", "path": "/a", "value": 1}]
        )
    assert document == {"a": {"b": 1}}
