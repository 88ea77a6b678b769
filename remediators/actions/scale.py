"""Scale: change the number of replicas, never to none and never beyond the playbook's maximum.

The Deployment itself is patched, not its `/scale`, which could not carry the marker.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from remediators.actions.parameters import bad, undeclared
from remediators.actions.plan import Plan, Row, Scene
from remediators.core.parameters import whole
from remediators.core.patch import add
from remediators.core.refusal import Refusal
from schemas.actions import SCALE
from schemas.remediation import OutcomeReason

REPLICAS_MIN = 1


@dataclass(frozen=True, slots=True)
class Parameters:
    """Either `replicas` or `by`."""

    max: int
    replicas: int | None = None
    by: int | None = None

    def wanted(self, now: int) -> int:
        """A step is cut at the maximum; it never turns into one the other way."""
        if self.replicas is not None:
            return self.replicas
        assert self.by is not None
        return (
            max(now, self.max) if self.by > 0 and now > self.max else min(now + self.by, self.max)
        )


def plan(scene: Scene) -> Plan | Refusal:
    parameters = read(scene.command.parameters)
    if isinstance(parameters, Refusal):
        return parameters
    return _to(parameters.wanted(scene.workload.replicas_wanted), scene)


def rollback(scene: Scene) -> Plan | Refusal:
    """Its parameters are the undo of the ACT: the number of replicas that there was."""
    replicas = whole(scene.command.parameters.get("replicas", ""))
    if replicas is None or set(scene.command.parameters) != {"replicas"}:
        return bad("undoing a scale needs replicas, and nothing else")
    return _to(replicas, scene)


def _to(replicas: int, scene: Scene) -> Plan | Refusal:
    now = scene.workload.replicas_wanted
    if replicas < REPLICAS_MIN:
        return Refusal(OutcomeReason.BELOW_MINIMUM, f"{replicas} replicas are too few")
    if replicas == now:
        return Refusal(OutcomeReason.NOTHING_TO_DO, f"it has {now} replicas already")
    return Plan((add(replicas, "spec", "replicas"),), {"replicas": str(now)})


def read(parameters: Mapping[str, str]) -> Parameters | Refusal:
    if refusal := undeclared(SCALE, parameters):
        return refusal
    values = {name: whole(text) for name, text in parameters.items()}
    wanted, by, most = values.get("replicas"), values.get("by"), values["max"]
    assert most is not None
    if by == 0:
        return bad("by is 0")
    if wanted is not None and wanted > most:
        return bad(f"replicas {wanted} is more than max {most}")
    return Parameters(most, wanted, by)


ROW = Row(SCALE, plan, rollback)
