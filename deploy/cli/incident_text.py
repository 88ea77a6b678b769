"""An incident in words: one row of a list, one line of change, or everything about it."""

from collections.abc import Iterator, Mapping
from typing import Any

from deploy.cli.plain import plain
from deploy.cli.times import age, shown

ID_CHARS = 8
HEADINGS = (
    "id",
    "state",
    "severity",
    "age",
    "title",
    "service",
    "playbook",
    "mode",
    "target",
    "who acts",
)
NEEDS_PEOPLE = frozenset({"awaiting_approval", "escalated"})
LEFT_ALONE = frozenset({"suppressed", "resolved", "closed"})


def who_acts(incident: Any) -> str:
    """Whose turn it is."""
    if incident.state == "awaiting_approval":
        return f"{_people(incident)}: approve"
    if incident.state in NEEDS_PEOPLE:
        return _people(incident)
    return "nobody" if incident.state in LEFT_ALONE else "mendlog"


def _people(incident: Any) -> str:
    return plain(", ".join(incident.receivers)) or "people"


def row(incident: Any, now_ms: int) -> tuple[str, ...]:
    return (
        incident.incident_id[:ID_CHARS],
        incident.state,
        plain(incident.severity, 20),
        age(now_ms - incident.opened_at_ms),
        plain(incident.title, 60),
        plain(incident.service, 30),
        plain(incident.playbook, 30),
        incident.mode,
        plain(str(incident.target or ""), 80),
        who_acts(incident),
    )


def change(incident: Any) -> str:
    """What happened to it last, on a line."""
    last = incident.timeline[-1] if incident.timeline else None
    detail = f" ({plain(last.detail, 120)})" if last and last.detail else ""
    why = f"{last.what}: {last.reason}{detail}" if last else incident.reason
    return (
        f"{shown(incident.updated_at_ms)}  {incident.incident_id[:ID_CHARS]}  "
        f"{incident.state:<17}  {plain(incident.severity, 20):<8}  "
        f"{plain(incident.title, 60)}  {why}"
    )


def whole(incident: Any, now_ms: int) -> Iterator[str]:
    yield f"{plain(incident.title)} ({plain(incident.severity)})"
    yield f"  id         {incident.incident_id}"
    yield f"  state      {incident.state}, {incident.reason}; {_when(incident, now_ms)}"
    yield f"  who acts   {who_acts(incident)}"
    yield f"  cluster    {plain(incident.cluster)}"
    for name, text in _facts(incident):
        if text:
            yield f"  {name:<9}  {text}"
    for name in sorted(incident.links):
        yield f"  {plain(name, 20):<9}  {plain(incident.links[name])}"
    if incident.proposal:
        yield ""
        yield from proposed(incident, now_ms)
        yield from _how(incident)
    yield ""
    yield "timeline, since it was opened"
    yield from timeline(incident)


def _when(incident: Any, now_ms: int) -> str:
    opened = f"opened {age(now_ms - incident.opened_at_ms)} ago ({shown(incident.opened_at_ms)})"
    if incident.due_at_ms is None or incident.due_at_ms <= now_ms:
        return opened
    return f"{opened}, looked at again in {age(incident.due_at_ms - now_ms)}"


def _facts(incident: Any) -> Iterator[tuple[str, str]]:
    yield "alerts", f"{incident.members}"
    yield "labels", _pairs(incident.labels)
    yield "service", plain(incident.service)
    mode = f", {incident.mode}" if incident.mode else ""
    yield "playbook", f"{plain(incident.playbook)}{mode}" if incident.playbook else ""
    yield "step", _step(incident)
    yield "target", plain(str(incident.target or ""))
    yield "change", "somebody deployed shortly before" if incident.change_related else ""
    yield "policy", plain(incident.policy)


def _step(incident: Any) -> str:
    return (
        f"{incident.step + 1}, attempt {incident.attempt + 1}: {act(incident)}"
        if (incident.action)
        else ""
    )


def act(incident: Any) -> str:
    """The action with its parameters."""
    return f"{plain(incident.action)} {_pairs(incident.parameters)}".strip()


def _pairs(pairs: Mapping[str, str]) -> str:
    return ", ".join(f"{plain(name)}={plain(pairs[name])}" for name in sorted(pairs))


def proposed(incident: Any, now_ms: int) -> Iterator[str]:
    """What a yes would be to."""
    asked = incident.state == "awaiting_approval"
    yield "awaits approval" if asked else "would have done this; do you agree?"
    yield f"  action     {act(incident)}"
    yield f"  target     {plain(str(incident.target or ''))}"
    if asked:
        yield f"  approved   {_approved(incident)}"
        if incident.due_at_ms is not None and incident.due_at_ms > now_ms:
            yield f"  expires    in {age(incident.due_at_ms - now_ms)}, and that means no"
    yield f"  proposal   {incident.proposal}"


def _how(incident: Any) -> Iterator[str]:
    name = incident.incident_id[:ID_CHARS]
    yield f"  yes        mendlog approve {name}"
    yield f"  no         mendlog reject {name} --reason WHY"


def _approved(incident: Any) -> str:
    by = f", by {plain(', '.join(incident.approvals))}" if incident.approvals else ""
    return f"{len(incident.approvals)} of {max(1, incident.persons)}{by}"


def timeline(incident: Any) -> Iterator[str]:
    for entry in incident.timeline:
        detail = f"  {plain(entry.detail)}" if entry.detail else ""
        since = age(entry.at_ms - incident.opened_at_ms)
        yield f"  {'+' + since:>8}  {entry.what}: {entry.reason}{detail}"
