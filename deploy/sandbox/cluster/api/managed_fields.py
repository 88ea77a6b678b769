"""Who wrote which field: the `managedFields` that tell owners of a value apart.

Inside, a set of fields is a set of paths; each path is a tuple of the FieldsV1 segments, such as
`("f:spec", "f:containers", 'k:{"name":"web"}', "f:image")`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy.sandbox.cluster.api.merge_patch import MERGE_KEYS
from deploy.sandbox.cluster.objects import Json, time_text

Path = tuple[str, ...]

MANAGER_CHARS_MAX = 128

NOT_OWNED = frozenset({"apiVersion", "kind"})
NOT_OWNED_METADATA = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "name",
        "namespace",
        "resourceVersion",
        "uid",
    }
)


MAPS = frozenset(
    {"annotations", "capacity", "data", "labels", "limits", "requests", "rollingUpdate"}
)
"""Their keys are the user's. The map itself has an owner too: who made the first entry."""

ATOMIC = frozenset({"fieldRef", "nodeSelector", "selector"})
"""Owned as a whole."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: the field manager, and through which subresource."""

    manager: str
    subresource: str = ""
    operation: str = "Update"

    def wrote(self, entry: Json) -> bool:
        return (
            entry["manager"] == self.manager
            and entry["operation"] == self.operation
            and entry.get("subresource", "") == self.subresource
        )


def recorded(new: Json, old: Json | None, writer: Writer, at: datetime) -> list[Json]:
    """The `managedFields` of `new`: what changed is the writer's now, what is gone is nobody's."""
    before = dict(_fields(old, writer)) if old else {}
    after = dict(_fields(new, writer))
    absent = object()
    changed = {path for path, value in after.items() if before.get(path, absent) != value}
    gone = before.keys() - after.keys()
    entries = list(old["metadata"].get("managedFields", ())) if old else []
    if not changed and not gone:
        return entries
    own = next((entry for entry in entries if writer.wrote(entry)), None)
    kept = [
        trimmed
        for entry in entries
        if entry is not own and (trimmed := _without(entry, changed | gone)) is not None
    ]
    owned = (_paths(own["fieldsV1"]) if own else set()) - gone | changed
    if owned:
        kept.append(_entry(new, writer, owned, at))
    return kept


def manager_of(field_manager: str, user_agent: str) -> str:
    """The name given, or the program's name from its user agent."""
    return (field_manager or user_agent.partition("/")[0] or "unknown")[:MANAGER_CHARS_MAX]


def _fields(obj: Json, writer: Writer) -> Iterator[tuple[Path, Any]]:
    """All that the writer may own: the status only through the status subresource."""
    for key, value in obj.items():
        if key == "status" and writer.subresource != "status":
            continue
        if key == "metadata":
            for field, part in value.items():
                if field not in NOT_OWNED_METADATA:
                    yield from _leaves(("f:metadata", f"f:{field}"), field, part)
        elif key not in NOT_OWNED:
            yield from _leaves((f"f:{key}",), key, value)


def _leaves(path: Path, field: str, value: Any) -> Iterator[tuple[Path, Any]]:
    key = MERGE_KEYS.get(field)
    if isinstance(value, dict) and value and field not in ATOMIC:
        if field in MAPS:
            yield path, None
        for name, part in value.items():
            yield from _leaves((*path, f"f:{name}"), name, part)
    elif isinstance(value, list) and key and all(key in item for item in value):
        if field != "containers":  # the one such list that may not be empty
            yield path, None
        for item in value:
            segment = "k:" + json.dumps({key: item[key]}, separators=(",", ":"))
            if field == "ownerReferences":  # each of them is owned as a whole
                yield (*path, segment), item
                continue
            yield (*path, segment), None
            yield from _leaves((*path, segment), "", item)
    else:
        yield path, value


def _without(entry: Json, taken: set[Path]) -> Json | None:
    """The entry with fewer fields, or nothing when none is left."""
    owned = _paths(entry["fieldsV1"])
    if not owned & taken:
        return entry
    left = owned - taken
    return {**entry, "fieldsV1": _tree(left)} if left else None


def _entry(obj: Json, writer: Writer, owned: set[Path], at: datetime) -> Json:
    entry = {
        "manager": writer.manager,
        "operation": writer.operation,
        "apiVersion": obj["apiVersion"],
        "time": time_text(at),
        "fieldsType": "FieldsV1",
        "fieldsV1": _tree(owned),
    }
    return entry | ({"subresource": writer.subresource} if writer.subresource else {})


def _tree(paths: set[Path]) -> Json:
    """FieldsV1: nested, with `.` where a path ends and others go on."""
    tree: Json = {}
    for path in sorted(paths):
        node = tree
        for segment in path:
            node = node.setdefault(segment, {})
        node["."] = {}
    return _without_needless_dots(tree)


def _without_needless_dots(tree: Json) -> Json:
    return {
        segment: {} if below.keys() == {"."} else _without_needless_dots(below)
        for segment, below in tree.items()
    }


def _paths(tree: Json, prefix: Path = ()) -> set[Path]:
    paths: set[Path] = set()
    for segment, below in tree.items():
        if segment == ".":
            paths.add(prefix)
        elif below:
            paths |= _paths(below, (*prefix, segment))
        else:
            paths.add((*prefix, segment))
    return paths
