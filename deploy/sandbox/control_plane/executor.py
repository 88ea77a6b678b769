"""The executor's identity: what the catalogue of actions needs, and nothing else."""

from collections.abc import Iterable, Mapping, Sequence

from deploy.sandbox.control_plane.identities import Rules
from remediators.actions.catalog import CATALOG
from remediators.actions.plan import Right, Row
from schemas.actions import ACTIONS
from schemas.kinds import AUTOSCALER, BUDGET, KINDS, NODE

SURVEYED = tuple(Right("list", kind) for kind in (AUTOSCALER, BUDGET, NODE))
"""For a full observation; without one of them what it would tell stays unknown."""


def executor_rules(more: Iterable[Right] = ()) -> Rules:
    rights = {right for row in CATALOG.values() for right in (*row.rights, *_understood(row))}
    return rules_of({*rights, *SURVEYED, *more})


def rules_of(rights: Iterable[Right]) -> Rules:
    """One rule for each kind of object, its verbs together."""
    verbs: dict[tuple[str, str], set[str]] = {}
    for right in rights:
        if right.kind not in KINDS:  # what is kept outside of the cluster
            continue
        kind = KINDS[right.kind]
        resource = f"{kind.plural}/{right.subresource}" if right.subresource else kind.plural
        verbs.setdefault((kind.group, resource), set()).add(right.verb)
    return [
        _rule(group, resource, sorted(verbs[group, resource])) for group, resource in sorted(verbs)
    ]


def _understood(row: Row) -> Iterable[Right]:
    """An action reads its target, and marks it."""
    for kind in ACTIONS[row.name].kinds:
        yield from (Right("get", kind), Right("patch", kind))


def _rule(group: str, resource: str, verbs: Sequence[str]) -> Mapping[str, Sequence[str]]:
    return {"apiGroups": [group], "resources": [resource], "verbs": verbs}
