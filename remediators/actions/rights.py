"""What an executor must be allowed in a cluster: what its actions need, and nothing else.

The one place that says so. `mendlog executor rights` prints it, and the tests on a real control
plane run with exactly this. There is no wildcard in it, and no way to write one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from remediators.actions.catalog import CATALOG
from remediators.actions.plan import Right, Row
from remediators.core.rollouts import REFERRED
from schemas.actions import ACTIONS
from schemas.kinds import (
    AUTOSCALER,
    BUDGET,
    DAEMON_SET,
    EVENT,
    KINDS,
    NODE,
    POD,
    REPLICA_SET,
    ROLLOUT,
    STATEFUL_SET,
)

SURVEYED = (Right("list", AUTOSCALER), Right("list", BUDGET))
"""Beside a target, before it is decided on and again before it is changed."""
NODES = Right("list", NODE)
KEEPERS = tuple(Right("get", kind) for kind in (DAEMON_SET, REPLICA_SET, STATEFUL_SET))
"""What would replace a pod."""
TAKEN_OVER = Right("list", ROLLOUT)
"""Of a kind that a Rollout may run in its place."""
TELLING = Right("create", EVENT)
NAMESPACE_OF_NODES = "default"
"""Where the API keeps events about what is in no namespace."""


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """As RBAC has it, of one kind of object."""

    group: str
    resource: str
    verbs: tuple[str, ...]

    def plain(self) -> Mapping[str, list[str]]:
        return {
            "apiGroups": [self.group],
            "resources": [self.resource],
            "verbs": list(self.verbs),
        }


@dataclass(frozen=True, slots=True)
class Rights:
    """Of an executor with certain actions."""

    cluster: tuple[Rule, ...]
    """What has to be granted for the whole cluster."""
    namespaced: tuple[Rule, ...]
    """What is granted in each namespace of its targets, and nowhere else."""
    default: tuple[Rule, ...]
    """What is granted in the namespace `default` alone."""

    @property
    def everywhere(self) -> tuple[Rule, ...]:
        """All of it, as one role for the whole cluster."""
        rules = (*self.cluster, *self.namespaced, *self.default)
        pairs = {(rule.group, rule.resource, verb) for rule in rules for verb in rule.verbs}
        return _grouped(pairs)


def rights_of(
    actions: Iterable[str] = (), more: Iterable[Right] = (), *, telling: bool = True
) -> Rights:
    """Without names, of all actions. `more` is granted in namespaces, where its kind has one.
    `telling` of what was done, by events."""
    rows = [CATALOG[name] for name in actions] or list(CATALOG.values())
    wanted = [_of(row) for row in rows]
    on_nodes = any(cluster for cluster, _ in wanted)
    cluster = {NODES, *(right for found, _ in wanted for right in found)}
    inside = {*(right for _, found in wanted for right in found), *more}
    told = {TELLING} if telling else set()
    inside |= told if any(found for _, found in wanted) else set()
    cluster |= {right for right in inside if not _kept_in_namespaces(right)}
    return Rights(
        rules_of(cluster),
        rules_of(inside - cluster),
        rules_of(told if on_nodes else ()),
    )


def rules_of(rights: Iterable[Right]) -> tuple[Rule, ...]:
    """One rule for each kind of object, its verbs together."""
    return _grouped(
        (KINDS[right.kind].group, _resource(right), right.verb)
        for right in rights
        if right.kind in KINDS
    )


def _of(row: Row) -> tuple[set[Right], set[Right]]:
    """For the whole cluster, and in namespaces. What an action does beside a target that is in no
    namespace, it does in any."""
    kinds = [kind for kind in ACTIONS[row.name].kinds if kind in KINDS]
    inside = [kind for kind in kinds if KINDS[kind].namespaced]
    outside = [kind for kind in kinds if not KINDS[kind].namespaced]
    beside = set(row.rights)
    cluster = {*_on(row, outside), *beside} if outside else set()
    namespaced = {*_on(row, inside), *beside, *SURVEYED} if inside or not kinds else set()
    namespaced |= set(KEEPERS) if POD in inside else set()
    namespaced |= {TAKEN_OVER} if REFERRED & set(inside) else set()
    return cluster, namespaced


def _on(row: Row, kinds: Iterable[str]) -> Iterable[Right]:
    """A target is read, and marked where it is the target itself that is changed."""
    for kind in kinds:
        yield Right("get", kind)
        if row.marks:
            yield Right("patch", kind)


def _kept_in_namespaces(right: Right) -> bool:
    return right.kind not in KINDS or KINDS[right.kind].namespaced


def _resource(right: Right) -> str:
    plural = KINDS[right.kind].plural
    return f"{plural}/{right.subresource}" if right.subresource else plural


def _grouped(pairs: Iterable[tuple[str, str, str]]) -> tuple[Rule, ...]:
    verbs: dict[tuple[str, str], set[str]] = {}
    for group, resource, verb in pairs:
        verbs.setdefault((group, resource), set()).add(verb)
    return tuple(Rule(*kind, tuple(sorted(verbs[kind]))) for kind in sorted(verbs))
