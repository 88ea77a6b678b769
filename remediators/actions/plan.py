"""What an action is to the executor: parameters read, then a plan made of what was seen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from remediators.core.flag import Flag
from remediators.core.patch import Operation
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.repository import Repository
from remediators.core.request import DELETE, EVICT
from remediators.core.seen import Json, Seen
from remediators.core.workload import Workload
from schemas.remediation import Command, Target


@dataclass(frozen=True, slots=True)
class Plan:
    """A change of the target itself, in one patch."""

    changes: tuple[Operation, ...]
    undo: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the ROLLBACK that would restore what is there now."""
    tests: tuple[Operation, ...] = ()
    """What is replaced must still be there. Needed where the API keeps no generation."""


@dataclass(frozen=True, slots=True)
class Removal:
    """That very object goes, and no other of its name."""

    target: Target
    uid: str
    verb: str = DELETE
    options: Json = field(default_factory=dict)
    undo: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.verb in (DELETE, EVICT)


@dataclass(frozen=True, slots=True)
class Creation:
    """An object under a name that no other command gives."""

    target: Target
    body: Json
    undo: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Setting:
    """A value in a place that knows no condition."""

    target: Target
    value: str
    was: str
    match: str = ""
    """What its store calls the state that was seen."""
    undo: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StatusPlan:
    """A change of the target's status, with which no marker of ours can be written."""

    changes: tuple[Operation, ...]
    tests: tuple[Operation, ...]
    undo: Mapping[str, str] = field(default_factory=dict)


AnyPlan = Plan | Removal | Creation | Setting | StatusPlan


@dataclass(frozen=True, slots=True)
class Kit:
    """What the executor's own settings allow; no command can ask for more."""

    degraded_param: str = "DEGRADED_MODE"
    """The environment variable that switches a workload to its degraded mode."""
    jobs: Mapping[str, Json] = field(default_factory=dict)
    """By name: templates that `run_job` may run."""
    flags: Mapping[str, Flag] = field(default_factory=dict)
    """By name."""
    repositories: Mapping[str, Repository] = field(default_factory=dict)
    """By name."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a plan may depend on."""

    command: Command
    seen: Seen
    found: tuple[tuple[Json, ...], ...] = ()
    """What each of the row's queries has found."""
    kit: Kit = Kit()

    @property
    def workload(self) -> Workload:
        """For rows whose kinds are all workloads."""
        assert isinstance(self.seen, Workload)
        return self.seen


@dataclass(frozen=True, slots=True)
class Right:
    """What an executor must be allowed for an action. Reading the target, and marking it where the
    row says so, are understood; `rights` makes roles of them."""

    verb: str
    kind: str
    subresource: str = ""


Planner = Callable[[Scene], AnyPlan | Refusal]
Queries = Callable[[Command, Seen], tuple[Query, ...]]


def nothing(_command: Command, _seen: Seen) -> tuple[Query, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Row:
    """One action of the catalogue. Of which kinds its targets may be, `schemas.actions` says."""

    name: str
    plan: Planner
    rollback: Planner | None = None
    reads: Queries = nothing
    rights: tuple[Right, ...] = ()
    marks: bool = True
    """Its target is patched. A removal and a creation leave their traces without that right."""
