"""Autoscalers, and what each of them scales."""

from collections.abc import Iterable, Iterator

from remediators.core.seen import Json
from schemas.kinds import AUTOSCALER, VERTICAL_AUTOSCALER
from schemas.remediation import Target

OFF = "Off"
"""Advice only."""


def horizontal(target: Target, found: Iterable[Json]) -> tuple[str, ...]:
    """Those of the target's namespace that name it: they own its number of replicas."""
    return tuple(_naming("scaleTargetRef", AUTOSCALER, target, found))


def vertical(target: Target, found: Iterable[Json]) -> tuple[str, ...]:
    """Those that name it and do more than give advice: they set what its pods ask for. Not every
    version of their API says that what they name must be there."""
    acting = [each for each in found if _mode(each) != OFF]
    return tuple(_naming("targetRef", VERTICAL_AUTOSCALER, target, acting))


def _mode(found: Json) -> str:
    """One that does not say acts."""
    policy: Json = found["spec"].get("updatePolicy") or {}
    return str(policy.get("updateMode", ""))


def _naming(member: str, kind: str, target: Target, found: Iterable[Json]) -> Iterator[str]:
    for each in found:
        reference = each["spec"].get(member)
        if reference and _names(reference, target):
            yield f"{kind}/{each['metadata']['name']}"


def _names(reference: Json, target: Target) -> bool:
    """Whatever the version: it is the group that tells kinds of one name apart."""
    group = reference.get("apiVersion", "apps/v1").partition("/")[0]
    return (group, reference["kind"], reference["name"]) == ("apps", target.kind, target.name)
