"""What a policy makes of one alert, said in full: who is told, what is done, and why not the rest.

Every answer is the core's own, asked of a moment in which nothing else has happened. What the
cluster, earlier actions and people add to it can only stop an action; `policy test` plays that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.alerts import Sighting
from streams.core import routing
from streams.core.alerts import muting
from streams.core.draft import Draft
from streams.core.entries import AlertState
from streams.core.firing import inhibitors
from streams.core.incident import notice
from streams.core.ladder import climb
from streams.core.matching import Labels
from streams.core.playbook import Playbook
from streams.core.policy import Policy
from streams.core.routing import Route
from streams.desk import moment
from streams.desk.steps import Step, steps_of, target_of
from streams.policy.routes import EVERY_LABEL


@dataclass(frozen=True, slots=True)
class Told:
    """A route that takes the alert."""

    receiver: str
    path: str
    group_by: tuple[str, ...]
    group_labels: Mapping[str, str]
    muted_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inhibition:
    rule: str
    """Its name; where it has none, its number in the text."""
    source: Labels


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A playbook that is not the alert's."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Explained:
    labels: Labels
    """With what the policy adds."""
    added: Labels
    links: Mapping[str, str]
    routes: tuple[Told, ...]
    receivers: tuple[str, ...]
    """Who is told now: the routes that are not muted, the service's and the severity's."""
    muted_by: tuple[str, ...]
    inhibited_by: tuple[Inhibition, ...]
    suppressed: str
    """Why nobody is told and nothing is done for the time being; else empty."""
    service: str
    severity: str
    remediated: bool
    """Whether the policy lets anything be done about this severity."""
    playbook: str | None
    mode: str | None
    target: Mapping[str, str] | None
    for_people: str
    """Why nothing is ever done about it by itself; else empty."""
    never: tuple[str, ...]
    """The matchers of the never-list that hold."""
    steps: tuple[Step, ...]
    not_taken: tuple[NotTaken, ...]


def explain(
    policy: Policy,
    alert: Sighting,
    at_ms: int,
    active: Iterable[Sighting] = (),
    cluster: str = "",
) -> Explained:
    draft = moment.of(policy, at_ms, active, cluster)
    incident = moment.begins(draft, policy, alert, cluster)
    labels, seen = incident.labels, policy.sees(alert.labels)
    routes = tuple(_told(policy, route, labels, at_ms) for route in seen.routes)
    unfit = climb.unfit(policy, incident, seen.playbook)
    severity = (policy.severities or {}).get(incident.severity)
    return Explained(
        labels=dict(labels),
        added=dict(seen.added),
        links=dict(incident.links),
        routes=routes,
        receivers=notice(draft, incident, "", "").receivers,
        muted_by=tuple(dict.fromkeys(name for route in routes for name in route.muted_by)),
        inhibited_by=tuple(_inhibitions(draft, policy, alert, cluster)),
        suppressed=muting.of(draft, policy, incident) or "",
        service=incident.service,
        severity=incident.severity,
        remediated=policy.severities is None or bool(severity and severity.remediate),
        playbook=seen.playbook.name if seen.playbook else None,
        mode=seen.playbook.mode.value if seen.playbook else None,
        target=target_of(seen.playbook, incident),
        for_people=unfit or "",
        never=tuple(str(m) for m in policy.never if m(labels)),
        steps=steps_of(draft, policy, incident, seen.playbook, unfit) if seen.playbook else (),
        not_taken=tuple(_not_taken(policy, seen.playbook, labels)),
    )


def _told(policy: Policy, route: Route, labels: Labels, at_ms: int) -> Told:
    return Told(
        receiver=route.receiver,
        path=route.path,
        group_by=(EVERY_LABEL,) if route.group_by_all else route.group_by,
        group_labels=routing.group_labels(route, labels),
        muted_by=muting.muting_intervals(policy, route, at_ms),
    )


def _inhibitions(
    draft: Draft, policy: Policy, alert: Sighting, cluster: str
) -> Iterable[Inhibition]:
    seen, key = policy.sees(alert.labels), moment.key_of(alert, cluster)
    labels = {**alert.labels, **seen.added}
    found = inhibitors(policy, key, labels, seen, lambda asked: draft.answers(policy, asked))
    for number, source in found:
        fires = draft.get(source, AlertState)
        assert fires
        yield Inhibition(policy.inhibit[number].name or f"rule {number + 1}", dict(fires.labels))


def _not_taken(policy: Policy, taken: Playbook | None, labels: Labels) -> Iterable[NotTaken]:
    for book in policy.playbooks:
        if book is taken:
            continue
        failing = book.matches.failing(labels)
        if failing is None:
            assert taken
            why = f"it matches, too; {taken.name!r} comes before it"
        elif value := labels.get(failing.label, ""):
            why = f"{failing} does not hold: it is {value!r}"
        else:
            why = f"{failing} does not hold: there is no {failing.label!r}"
        yield NotTaken(book.name, why)
