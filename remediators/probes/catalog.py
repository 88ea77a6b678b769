"""Every probe that a playbook may name. A new one is a file of its own and a row here."""

from collections.abc import Mapping

from remediators.core import parameters
from remediators.probes import (
    drained,
    expanded,
    gone,
    has_room,
    http,
    job_succeeded,
    metric,
    promql,
    ready,
    rollout,
    stable,
)
from remediators.probes.asked import Asked, filled_in
from remediators.probes.sight import Probe, Sight, Verdict, untold
from schemas import probes
from schemas.probes import (
    DRAINED,
    EXPANDED,
    GONE,
    HAS_ROOM,
    HTTP,
    JOB_SUCCEEDED,
    METRIC,
    PROMQL,
    READY,
    ROLLOUT,
    STABLE,
)
from schemas.remediation import Check

PROBES: Mapping[str, Probe] = {
    ROLLOUT: rollout.probe,
    DRAINED: drained.probe,
    GONE: gone.probe,
    HAS_ROOM: has_room.probe,
    EXPANDED: expanded.probe,
    READY: ready.probe,
    STABLE: stable.probe,
    JOB_SUCCEEDED: job_succeeded.probe,
    HTTP: http.probe,
    PROMQL: promql.probe,
    METRIC: metric.probe,
}
NAME_CHARS_MAX = 100


async def run(asked: Asked, sight: Sight) -> Check:
    verdict = await _verdict(asked, sight)
    return Check(asked.name[:NAME_CHARS_MAX], verdict.passed, verdict.detail)


async def _verdict(asked: Asked, sight: Sight) -> Verdict:
    probe = PROBES.get(asked.kind)
    if probe is None:
        return untold("no such probe in this release")
    kind = probes.PROBES[asked.kind]
    fault = parameters.fault(asked.kind, kind.parameters, kind.one_of, asked.parameters)
    return untold(fault) if fault else await probe(filled_in(asked, sight.target), sight)
