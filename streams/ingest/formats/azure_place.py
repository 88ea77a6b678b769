"""Ids of Azure's resources -> where that is, in labels.

/subscriptions/ID/resourceGroups/GROUP/providers/NAMESPACE/TYPE/NAME[/TYPE/NAME ...]
"""

from collections.abc import Mapping, Sequence

CLUSTERS = frozenset(
    {"microsoft.containerservice/managedclusters", "microsoft.kubernetes/connectedclusters"}
)
"""The types whose resources are Kubernetes clusters: AKS's, and others that Azure Arc knows."""


def place_of(targets: Sequence[str]) -> Mapping[str, str]:
    """What all of the targets have in common."""
    places = [_place(target) for target in targets]
    if not places:
        return {}
    return {
        name: value
        for name, value in places[0].items()
        if all(place.get(name) == value for place in places)
    }


def _place(target: str) -> Mapping[str, str]:
    """Azure writes what stands in an id now in capitals, now not; names stay as they come."""
    parts = target.strip("/").split("/")
    names = {part.lower(): name for part, name in zip(parts[:4:2], parts[1:4:2], strict=False)}
    place = {
        "account": names.get("subscriptions", ""),
        "resource_group": names.get("resourcegroups", ""),
    }
    lower = [part.lower() for part in parts]
    if "providers" in lower:
        namespace, *rest = parts[lower.index("providers") + 1 :] or [""]
        types, named = rest[::2], rest[1::2]
        place["resource_type"] = "/".join([namespace, *types]).lower()
        place["resource"] = named[-1] if named else ""
        if "/".join([namespace, *types[:1]]).lower() in CLUSTERS and named:
            place["cluster"] = named[0]
    return {name: value for name, value in place.items() if value}
