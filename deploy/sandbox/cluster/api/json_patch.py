"""JSON Patch (RFC 6902) as the API server applies it.

It is looser than the RFC in three places: `replace` adds a member that is not there, `copy` of
one copies null, and a negative index counts from the end.
"""

import copy
from typing import Any

OPERATIONS_MAX = 10_000

Path = tuple[str, ...]


class BadPatch(ValueError):
    """Not a JSON Patch at all."""


class PatchFailed(ValueError):
    """A patch that cannot be applied to this document: a test failed, a path is missing."""


def apply(document: Any, operations: Any) -> Any:
    """The document after all operations, or an exception and nothing changed."""
    if not isinstance(operations, list) or not all(isinstance(step, dict) for step in operations):
        raise BadPatch("a JSON Patch is an array of operations")
    result = copy.deepcopy(document)
    for step in operations:
        result = _apply_one(result, step)
    return result


def _apply_one(document: Any, step: dict[str, Any]) -> Any:
    path = _pointer(step, "path")
    match step.get("op"):
        case "test":
            return _tested(document, path, step.get("value"))
        case "add":
            return _added(document, path, copy.deepcopy(step.get("value")))
        case "remove":
            return _removed(document, path)
        case "replace":
            return _put(document, path, copy.deepcopy(step.get("value")))
        case "move":
            moved = _get(document, _pointer(step, "from"))
            return _added(_removed(document, _pointer(step, "from")), path, moved)
        case "copy":
            return _added(document, path, copy.deepcopy(_member(document, _pointer(step, "from"))))
    raise PatchFailed(f"unexpected kind of operation: {step.get('op')!r}")


def _tested(document: Any, path: Path, wanted: Any) -> Any:
    # A missing member equals null, so that `test … null` can ask for absence.
    if not _same(_member(document, path), wanted):
        raise PatchFailed(f"testing value {_text(path)} failed")
    return document


def _member(document: Any, path: Path) -> Any:
    """What is there, or None where the last member of the path, and only that, is missing."""
    parent = _get(document, path[:-1])
    absent = path and isinstance(parent, dict) and path[-1] not in parent
    return None if absent else _get(document, path)


def _same(left: Any, right: Any) -> bool:
    """Equal as written: Python alone would take true for 1, and 2.0 for 2."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)


def _get(document: Any, path: Path) -> Any:
    for part in path:
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list):
            document = document[_index(document, part, path)]
        else:
            raise PatchFailed(f"missing path {_text(path)}")
    return document


def _added(document: Any, path: Path, value: Any) -> Any:
    if path:
        parent = _get(document, path[:-1])
        if isinstance(parent, list):
            at = len(parent) if path[-1] == "-" else _index([*parent, None], path[-1], path)
            parent.insert(at, value)
            return document
    return _put(document, path, value)


def _put(document: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    parent = _get(document, path[:-1])
    if isinstance(parent, dict):
        parent[path[-1]] = value
    elif isinstance(parent, list):
        parent[_index(parent, path[-1], path)] = value
    else:
        raise PatchFailed(f"{_text(path[:-1])} has no members")
    return document


def _removed(document: Any, path: Path) -> Any:
    _get(document, path)
    if not path:
        raise PatchFailed("the whole document cannot be removed")
    parent = _get(document, path[:-1])
    del parent[path[-1] if isinstance(parent, dict) else _index(parent, path[-1], path)]
    return document


def _index(items: list[Any], part: str, path: Path) -> int:
    number = int(part) if part.removeprefix("-").isdecimal() else len(items)
    if not -len(items) <= number < len(items):
        raise PatchFailed(f"no element {_text(path)}")
    return number % len(items)


def _pointer(step: dict[str, Any], field: str) -> Path:
    text = step.get(field)
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise PatchFailed(f"{field!r} is not a JSON pointer: {text!r}")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def _text(path: Path) -> str:
    return "/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in path)
