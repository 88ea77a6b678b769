"""A rehearsal that knows what came of it: which commands await an answer, and what is new."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import TypeVar

from schemas.alerts import AlertStatus, Sighting
from schemas.ids import fingerprint
from schemas.incidents import Decision, Incident, Verdict
from schemas.notices import Notice
from schemas.remediation import Command, CommandKind, Withdrawal
from schemas.tape import Detection
from streams.core.decide import Out
from streams.desk.meter import Meter, NotMeasured
from streams.desk.rehearsal import Rehearsal, Restless
from streams.desk.series import Measured
from streams.detect.rules_file import Rule

T = TypeVar("T")
RESENT_MS = 60_000
"""How often Prometheus tells of an alert that goes on."""
FACTS_MAX = 100_000


class NotNow(Exception):
    """A story has something happen that cannot: nobody waits for it."""


class Stage(Rehearsal):
    """`labels`: of every alert that does not say otherwise. `always`: alerts that fire all along,
    and are sent again and again. `rules`: what judges the samples."""

    def __init__(
        self,
        cluster: str,
        start_ms: int,
        labels: Mapping[str, str],
        source: str,
        always: tuple[Mapping[str, str], ...] = (),
        rules: Sequence[Rule] = (),
    ) -> None:
        super().__init__(cluster, start_ms)
        self.start_ms, self.labels, self.source = start_ms, labels, source
        self._always = [self.alert(given, AlertStatus.FIRING) for given in always]
        self._awaiting: dict[str, Command] = {}
        self._known = 0
        """How many outputs have been told of already."""
        self.incidents: dict[str, Incident] = {}
        """Each as it stands, in the order of their opening."""
        self._meter = Meter(rules, cluster, labels)
        self.detected: list[Detection] = []
        """Of the moment under way."""
        self._untold: list[tuple[int, Detection]] = []

    def alert(self, given: Mapping[str, str], status: AlertStatus) -> Sighting:
        whole = {name: value for name, value in {**self.labels, **given}.items() if value}
        begun_ms = self.now_ms
        return Sighting(self.source, fingerprint(whole), status, begun_ms, 0, whole, {})

    def begins(self, source: str) -> None:
        self.publishes(source)
        if self._always:
            self.sees(*self._always)
        self.news()

    def goes_to(self, at_ms: int) -> None:
        """Up to that moment: what falls due, the alerts that are always there, and samples."""
        while True:
            resend_ms, sample_ms = self._next_resend_ms(), self._meter.next_ms
            next_ms = min(
                resend_ms if self._always else inf, inf if sample_ms is None else sample_ms
            )
            if next_ms > at_ms:
                break
            self.waits_until(int(next_ms))
            if self._always and next_ms == resend_ms:
                self.sees(*self._always)
            if next_ms == sample_ms:
                self._reads()
            if self.offset > FACTS_MAX:
                raise Restless(f"more than {FACTS_MAX} facts: `always` is sent every minute")
        self.waits_until(at_ms)

    def measures(self, measured: Measured) -> None:
        """From now on. Raises NotNow."""
        try:
            self._meter.begins(measured, self.now_ms)
        except NotMeasured as fault:
            raise NotNow(str(fault)) from None
        self._reads()

    def _reads(self) -> None:
        for record, detection in self._meter.reads(self.now_ms):
            self.plays(self.now_ms, record)
            self._untold.append((self.now_ms, detection))

    def _next_resend_ms(self) -> int:
        gone_ms = self.now_ms - self.start_ms
        return self.start_ms + (gone_ms // RESENT_MS + 1) * RESENT_MS

    # What came of it.

    def untold(self) -> list[tuple[int, Detection]]:
        """What samples have given since this was asked last, and when."""
        new, self._untold = self._untold, []
        self.detected += [detection for _, detection in new]
        return new

    def news(self) -> list[Out]:
        """What was decided since this was asked last."""
        new, self._known = self.all[self._known :], len(self.all)
        for out in new:
            if isinstance(out, Command):
                self._awaiting[out.command_id] = out
            elif isinstance(out, Incident):
                self.incidents[out.incident_id] = out
        return new

    def awaited(self, *kinds: CommandKind, target: str) -> Command:
        """The latest command that waits for such an answer; of the target of that name, if one is
        named."""
        fitting = [c for c in self._awaiting.values() if c.kind in kinds]
        found = [c for c in fitting if target in ("", c.target.name)]
        if not found:
            asked = " or ".join(kind.upper() for kind in kinds)
            raise NotNow(f"no {asked} awaits an answer{f' of {target}' if target else ''}")
        return found[-1]

    def answered_finally(self, command: Command) -> None:
        self._awaiting.pop(command.command_id, None)

    def proposal(self) -> Incident:
        """The incident that asks people, the latest of them."""
        asking = [incident for incident in self.incidents.values() if incident.proposal]
        if not asking:
            raise NotNow("nothing asks for approval")
        return max(asking, key=lambda incident: incident.updated_at_ms)

    def newest(self) -> Incident:
        if not self.incidents:
            raise NotNow("there is no incident")
        return list(self.incidents.values())[-1]


def of(news: list[Out], kind: type[T]) -> list[T]:
    return [out for out in news if isinstance(out, kind)]


def verdicts(news: list[Out]) -> Iterator[Verdict]:
    for decision in of(news, Decision):
        yield from decision.verdicts


def said(out: Out) -> str:
    """A command, a notice or an incident in a line, for people."""
    match out:
        case Command():
            action = f" {out.action}" if out.kind in (CommandKind.ACT, CommandKind.ROLLBACK) else ""
            given = f" {dict(out.parameters)}" if out.kind is CommandKind.ACT else ""
            return f"{out.kind.value}{action} {out.target}{given if out.parameters else ''}"
        case Withdrawal():
            return f"withdraws the act on {out.target}"
        case Notice():
            to = ", ".join(out.receivers) or "nobody"
            return f"notice {out.kind} to {to}: {out.text}"
        case Incident():
            return f"{out.labels.get('alertname', out.title)}: {out.state} ({out.reason})"
    return str(out)
