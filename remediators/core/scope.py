"""The one namespace, or the one workload in it, that an executor is bound to, if it is."""

from dataclasses import dataclass

from remediators.core.refusal import Refusal
from schemas.remediation import OutcomeReason, Target

DEPLOYMENT = "Deployment"


@dataclass(frozen=True, slots=True)
class Scope:
    namespace: str = ""
    deployment: str = ""
    """Only together with its namespace."""

    def refusal(self, target: Target) -> Refusal | None:
        """Of whatever is asked about another: also of reading it."""
        if self.namespace and target.namespace != self.namespace:
            return _outside(f"namespace {self.namespace}")
        if self.deployment and (target.kind, target.name) != (DEPLOYMENT, self.deployment):
            return _outside(f"deployment {self.deployment} in {self.namespace}")
        return None


def _outside(bounds: str) -> Refusal:
    return Refusal(OutcomeReason.OUT_OF_SCOPE, f"this executor is bound to {bounds}")
