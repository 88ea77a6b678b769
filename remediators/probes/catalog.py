"""Every probe that a playbook may name. A new one is a file of its own and a row here."""

from collections.abc import Callable, Mapping

from remediators.core.workload import Workload
from remediators.probes import rollout
from schemas.remediation import Check

PROBES: Mapping[str, Callable[[Workload], Check]] = {rollout.NAME: rollout.check}


def names(parameter: str) -> tuple[str, ...]:
    return tuple(name for part in parameter.split(",") if (name := part.strip()))


def run(name: str, seen: Workload) -> Check:
    probe = PROBES.get(name)
    return probe(seen) if probe else Check(name, None, "no such probe in this release")


def cannot_tell(name: str, why: str) -> Check:
    return Check(name, None, why)
