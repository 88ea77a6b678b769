"""What a candidate policy has decided otherwise than the one in force, on the same facts.

A candidate's part in an incident ends with the first look that it would take, so that is what is
compared: which step on which target, or why none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from schemas.incidents import Decision, Incident, Verdict
from streams.core.lifecycle import Event
from streams.core.reasons import Reason

NOT_THERE = "no incident of its own"
WOULD = "would "


@dataclass(frozen=True, slots=True)
class Compared:
    """One incident."""

    incident_id: str
    cluster: str
    title: str
    in_force: str
    candidate: str

    @property
    def same(self) -> bool:
        return self.in_force == self.candidate


@dataclass(slots=True)
class Heard:
    """What was decided about incidents since the candidate's run began, read decision by
    decision."""

    runs: Mapping[int, str]
    """By partition of the tape, the name of the run."""
    _sides: dict[tuple[str, str], tuple[list[Verdict], list[Verdict]]] = field(default_factory=dict)
    """By cluster and incident: the verdicts of the policy in force, and the candidate's."""

    def take(self, decision: Decision) -> None:
        cluster, _, run = decision.cluster.partition("?")
        mine = self.runs.get(decision.tape_partition, "")
        if not mine or decision.tape_offset <= begun_at(mine) or run not in ("", mine):
            return
        for verdict in decision.verdicts:
            if verdict.incident_id:
                self._take((cluster, verdict.incident_id), verdict, candidate=bool(run))

    def _take(self, key: tuple[str, str], verdict: Verdict, *, candidate: bool) -> None:
        """An incident that was open before the run began is no matter of the candidate's."""
        if verdict.what == "opened":
            self._sides.setdefault(key, ([], []))[candidate].append(verdict)
        elif key in self._sides and self._sides[key][candidate]:
            self._sides[key][candidate].append(verdict)

    def compared(self, incidents: Iterable[Incident]) -> list[Compared]:
        """`incidents`: those of the policy in force, as they stand."""
        known = {incident.incident_id: incident for incident in incidents}
        found = []
        for (cluster, incident_id), (live, candidate) in self._sides.items():
            incident = known.get(incident_id)
            title = incident.title if incident else ""
            sides = _of_live(live, incident), _of_candidate(candidate)
            found.append(Compared(incident_id, cluster, title, *sides))
        return found


def begun_at(run: str) -> int:
    """The place on the tape of the order that began it, which its name ends with."""
    return int(run.rpartition("-")[2])


def _of_candidate(verdicts: list[Verdict]) -> str:
    for verdict in verdicts:
        if verdict.reason == Reason.CANDIDATE_WOULD:
            return verdict.what.removeprefix(WOULD)
    return _without_a_step(verdicts)


def _of_live(verdicts: list[Verdict], incident: Incident | None) -> str:
    if not any(verdict.what == Event.READY for verdict in verdicts):
        return _without_a_step(verdicts)
    looked = (e.detail for e in incident.timeline if e.what == Event.READY) if incident else ()
    action = next(iter(looked), "").partition(": ")[2]
    return f"{action} {incident.target}" if incident and action else "a step"


def _without_a_step(verdicts: list[Verdict]) -> str:
    """Why it went to people; else how it stands."""
    if not verdicts:
        return NOT_THERE
    refused = [v for v in verdicts if v.what == Event.REFUSED]
    last = refused[0] if refused else verdicts[-1]
    return f"{last.state}: {last.reason}"
