"""The releases of a Deployment, as its ReplicaSets remember them."""

from collections.abc import Iterable
from dataclasses import dataclass

from remediators.core.parameters import whole
from remediators.core.query import Query
from remediators.core.seen import Json, Seen
from remediators.core.selectors import selector_text
from remediators.core.workload import REVISION, Workload
from schemas.kinds import REPLICA_SET
from schemas.remediation import Command


@dataclass(frozen=True, slots=True)
class Revision:
    """One past or present pod template of a workload, by its owner's count."""

    number: int
    template: Json
    available: int = 0
    """Of its pods, right now. Whether it ever had any, nobody writes down."""


def replica_sets(_command: Command, seen: Seen) -> tuple[Query, ...]:
    assert isinstance(seen, Workload)
    namespace, labels = seen.target.namespace, selector_text(seen.selector)
    return (Query(REPLICA_SET, namespace, labels=labels),)


def revisions(owner_uid: str, found: Iterable[Json]) -> tuple[Revision, ...]:
    """Of those that the Deployment controls, oldest first."""
    numbered = [
        Revision(number, rs["spec"]["template"], _available(rs))
        for rs in found
        if _controlled_by(rs, owner_uid) and (number := _revision(rs)) is not None
    ]
    return tuple(sorted(numbered, key=lambda revision: revision.number))


def _controlled_by(found: Json, uid: str) -> bool:
    owners = found["metadata"].get("ownerReferences") or ()
    return any(o.get("controller") and o.get("uid") == uid for o in owners)


def _available(found: Json) -> int:
    return int((found.get("status") or {}).get("availableReplicas", 0))


def _revision(found: Json) -> int | None:
    return revision_number(str((found["metadata"].get("annotations") or {}).get(REVISION, "")))


def revision_number(text: str) -> int | None:
    """From an annotation, in which anybody may write anything."""
    number = whole(text)
    return number if number is not None and number >= 0 else None
