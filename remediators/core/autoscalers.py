"""Autoscalers, and what each of them scales."""

from collections.abc import Iterable, Iterator

from remediators.core.seen import Json
from schemas.kinds import AUTOSCALER
from schemas.remediation import Target


def horizontal(target: Target, found: Iterable[Json]) -> tuple[str, ...]:
    """Those of the target's namespace that name it: they own its number of replicas."""
    return tuple(_naming("scaleTargetRef", AUTOSCALER, target, found))


def _naming(member: str, kind: str, target: Target, found: Iterable[Json]) -> Iterator[str]:
    for each in found:
        if _names(each["spec"][member], target):
            yield f"{kind}/{each['metadata']['name']}"


def _names(reference: Json, target: Target) -> bool:
    """Whatever the version: it is the group that tells kinds of one name apart."""
    group = reference.get("apiVersion", "apps/v1").partition("/")[0]
    return (group, reference["kind"], reference["name"]) == ("apps", target.kind, target.name)
