"""Merge patches: the plain one (RFC 7386) and the strategic one, which knows keys of lists."""

import copy
from typing import Any

from deploy.sandbox.cluster.objects import Json

MERGE_KEYS = {
    "addresses": "type",
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "hostAliases": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "podIPs": "ip",
    "ports": "containerPort",
    "taints": "key",
    "topologySpreadConstraints": "topologyKey",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
"""Lists of objects that are merged by a key; every other list is replaced as a whole."""

MERGED_PRIMITIVES = frozenset({"finalizers"})

DIRECTIVE = "$patch"
SET_ORDER = "$setElementOrder/"
DELETE_FROM = "$deleteFromPrimitiveList/"
RETAIN = "$retainKeys"


class BadPatch(ValueError):
    """A patch that makes no sense."""


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386: objects are merged, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def strategic_merge(target: Any, patch: Any) -> Any:
    """As `merge`, with lists of keyed objects merged element by element."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    if patch.get(DIRECTIVE) == "replace":
        return _plain(patch)
    result = dict(target) if isinstance(target, dict) else {}
    if RETAIN in patch:
        result = {key: value for key, value in result.items() if key in patch[RETAIN]}
    for key, value in patch.items():
        if key.startswith(DELETE_FROM):
            field = key.removeprefix(DELETE_FROM)
            result[field] = [item for item in result.get(field, ()) if item not in value]
        elif key.startswith("$"):
            continue
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = _merged_field(key, result.get(key), value)
    _put_in_order(result, patch)
    return result


def _merged_field(field: str, current: Any, value: Any) -> Any:
    if not isinstance(value, list):
        if isinstance(value, dict) and value.get(DIRECTIVE) == "delete":
            return {}
        return strategic_merge(current, value)
    if field in MERGED_PRIMITIVES:
        return [*(current or ()), *(item for item in value if item not in (current or ()))]
    if field in MERGE_KEYS and all(isinstance(item, dict) for item in value):
        return _merged_list(_merge_key(field, value), current or [], value)
    return copy.deepcopy(value)


def _merge_key(field: str, items: list[Json]) -> str:
    """Ports of a service have another key than those of a container."""
    if field == "ports" and any("port" in item for item in items):
        return "port"
    return MERGE_KEYS[field]


def _merged_list(key: str, current: list[Json], patch: list[Json]) -> list[Json]:
    if any(item.get(DIRECTIVE) == "replace" for item in patch):
        return [_plain(item) for item in patch if DIRECTIVE not in item]
    merged = list(current)
    for item in patch:
        if key not in item:
            raise BadPatch(f"map: {item} does not contain declared merge key: {key}")
        at = next((i for i, old in enumerate(merged) if old.get(key) == item[key]), None)
        if item.get(DIRECTIVE) == "delete":
            if at is not None:
                del merged[at]
        elif at is None:
            merged.append(strategic_merge({}, item))
        else:
            merged[at] = strategic_merge(merged[at], item)
    return merged


def _put_in_order(result: Json, patch: Json) -> None:
    for directive, order in patch.items():
        field = directive.removeprefix(SET_ORDER)
        if directive == field or not isinstance(result.get(field), list):
            continue
        key = MERGE_KEYS.get(field)
        ranks = {(item[key] if key else item): rank for rank, item in enumerate(order)}
        result[field] = sorted(
            result[field],
            key=lambda item: ranks.get(item.get(key) if key else item, len(ranks)),
        )


def _plain(patch: Json) -> Json:
    return {key: copy.deepcopy(value) for key, value in patch.items() if not key.startswith("$")}
