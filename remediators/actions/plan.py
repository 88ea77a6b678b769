"""What an action is to the executor: parameters read, then a plan made of what was seen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from remediators.core.patch import Operation
from remediators.core.refusal import Refusal
from remediators.core.workload import Revision, Workload
from schemas.remediation import Command


@dataclass(frozen=True, slots=True)
class Plan:
    changes: tuple[Operation, ...]
    undo: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the ROLLBACK that would restore what is there now."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a plan may depend on."""

    command: Command
    workload: Workload
    degraded_param: str
    """The environment variable that switches the workload to its degraded mode."""
    revisions: tuple[Revision, ...] = ()


Planner = Callable[[Scene], Plan | Refusal]


@dataclass(frozen=True, slots=True)
class Row:
    """One action of the catalogue."""

    name: str
    kinds: frozenset[str]
    """The kinds of target that it knows how to change."""
    plan: Planner
    rollback: Planner | None = None
    reads_revisions: bool = False
