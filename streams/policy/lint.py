"""What can be read, and is surely not what was meant: shown by `mendlog policy check`.

Every remark is certain. What could not be shown is not remarked on.
"""

from collections.abc import Iterator
from dataclasses import asdict

from yaml.nodes import MappingNode, Node, ScalarNode

from streams.core import routing
from streams.core.playbook import Mode, Playbook, Rung
from streams.core.policy import Policy
from streams.core.routing import Route
from streams.policy.conditions import constant
from streams.policy.implied import implies, values
from streams.policy.limits import LIMITS, field_of
from streams.policy.presets import PRESETS
from streams.reading.faults import Fault
from streams.reading.nodes import spoken

Where = tuple[str | int, ...]
"""The way from the top of the text: keys, and numbers in lists."""
Remark = tuple[Where, str]


def remarks(policy: Policy, root: MappingNode) -> list[Fault]:
    """In the order of the text."""
    found = [
        *_playbooks(policy),
        *_limits(policy),
        *_routes(policy),
        *_names(policy),
        *_catalogue(policy),
    ]
    return sorted({_fault(root, where, why) for where, why in found})


def differences(policy: Policy, root: MappingNode) -> list[str]:
    """The limits that are not the named preset's, as a person would say them."""
    named = node_at(root, ("limits", "preset"))
    preset = named.value if isinstance(named, ScalarNode) else ""
    if preset not in PRESETS:
        return []
    ours, theirs = asdict(policy.limits), asdict(PRESETS[preset])
    changed = [key for key in LIMITS if ours[field_of(key)] != theirs[field_of(key)]]
    return [
        f"{key}: {_said(key, ours[field_of(key)])}, not {_said(key, theirs[field_of(key)])}"
        for key in changed
    ]


def _said(key: str, value: int) -> str:
    return spoken(value) if field_of(key).endswith("_ms") else str(value)


def _playbooks(policy: Policy) -> Iterator[Remark]:
    for nth, book in enumerate(policy.playbooks):
        where: Where = ("playbooks", nth)
        for earlier in policy.playbooks[:nth]:
            if implies(book.matches, earlier.matches):
                yield where, f"never reached: {earlier.name!r} is taken before {book.name!r}"
                break
        for never in policy.never:
            if implies(book.matches, never):
                yield where, f"never acts: {never} is never remediated"
                break
        yield from _never_acts(policy, book, where)
        for step, rung in enumerate(book.rungs):
            yield from _step(policy, rung, (*where, "steps", step))


def _never_acts(policy: Policy, book: Playbook, where: Where) -> Iterator[Remark]:
    namespace, kind = book.target.namespace, book.target.kind
    if not namespace:
        if kind not in policy.cluster_kinds:
            yield (*where, "target"), f"never acts: {kind} is not one of `cluster_kinds`"
    elif not namespace.startswith("{") and namespace not in policy.namespaces:
        yield (*where, "target"), f"never acts: {namespace!r} is not one of `namespaces`"
    for matcher in book.matches.all:
        listed = values(matcher) if matcher.label == "severity" else None
        table = policy.severities
        if listed is None or table is None:
            continue
        if not any(value in table and table[value].remediate for value in listed):
            severities = ", ".join(listed)
            yield (*where, "match"), f"never acts: `severities` remediates no {severities}"


def _step(policy: Policy, rung: Rung, where: Where) -> Iterator[Remark]:
    limits = policy.limits
    if rung.mode is Mode.OFF:
        yield where, "never taken: its mode is off"
    for condition, key in ((rung.when, "when"), (rung.approval.when, "approval")):
        always = constant(condition) if condition else None
        if always is not None:
            told = "never holds" if not always else "always holds"
            yield (*where, key), f"{told}, whatever the incident"
    if rung.attempts and rung.attempts >= limits.attempts_per_target:
        allowed = limits.attempts_per_target
        yield (*where, "attempts"), f"changes nothing: the limits allow {allowed}"
    verify = rung.verify
    if rung.acts and verify.every_ms > verify.deadline_ms - verify.first_check_ms:
        yield (*where, "verify"), "checked only once: `every` reaches beyond the deadline"


def _limits(policy: Policy) -> Iterator[Remark]:
    limits = policy.limits
    for small, large in (
        ("burst", "actions_per_minute"),
        ("actions_per_minute", "actions_per_hour"),
        ("concurrent_per_service", "concurrent"),
    ):
        if getattr(limits, small) > getattr(limits, large):
            yield ("limits", small), f"stops nothing: it is more than {large}"
    rungs = [rung for book in policy.playbooks for rung in book.rungs if rung.acts]
    cooldowns = [r.cooldown_ms for r in rungs if r.cooldown_ms is not None]
    if min([limits.cooldown_ms, *cooldowns]) > limits.attempts_window_ms:
        why = "attempts_per_target stops nothing: every cooldown is longer"
        yield ("limits", "attempts_window"), why


def _routes(policy: Policy) -> Iterator[Remark]:
    for route in routing.walk(policy.route):
        for nth, child in enumerate(route.routes):
            for earlier in route.routes[:nth]:
                if not earlier.continues and implies(child.matches, earlier.matches):
                    yield _way(child), "never reached: a route before it takes all of these"
                    break


def _way(route: Route) -> Where:
    way: list[str | int] = ["route"]
    for number in route.path.split("/")[1:]:
        way += ["routes", int(number)]
    return tuple(way)


def _names(policy: Policy) -> Iterator[Remark]:
    tree = list(routing.walk(policy.route))
    told = {route.receiver for route in tree}
    told |= {name for service in policy.services for name in service.receivers}
    for severity in (policy.severities or {}).values():
        told |= set(severity.receivers)
    for nth, name in enumerate(policy.receivers):
        if name not in told:
            yield ("receivers", nth), f"nobody is told through {name!r}"
    used = {name for route in tree for name in (*route.mute, *route.active)}
    used |= {interval.name for freeze in policy.freezes for interval in freeze.during}
    for nth, name in enumerate(policy.intervals):
        if name not in used:
            yield ("time_intervals", nth), f"nothing uses {name!r}"


def _catalogue(policy: Policy) -> Iterator[Remark]:
    for nth, service in enumerate(policy.services):
        for earlier in policy.services[:nth]:
            if implies(service.matches, earlier.matches):
                yield ("services", nth), f"never reached: {earlier.name!r} takes all its alerts"
                break
    if not policy.namespaces:
        yield ("namespaces",), "nothing is ever done: no namespace is allowed"
    for nth, brake in enumerate(policy.brakes):
        if not brake.matches.all and not brake.equal:
            yield ("brakes", nth), "any alert at all stops every action"


def node_at(root: Node, where: Where) -> Node:
    """The node there, or the last one on the way that was written down."""
    node = root
    for step in where:
        below = _below(node, step)
        if below is None:
            return node
        node = below
    return node


def _below(node: Node, step: str | int) -> Node | None:
    if isinstance(step, int):
        return node.value[step] if isinstance(node.value, list) and step < len(node.value) else None
    pairs = node.value if isinstance(node, MappingNode) else ()
    return next((value for key, value in pairs if key.value == step), None)


def _fault(root: Node, where: Where, why: str) -> Fault:
    mark = node_at(root, where).start_mark
    return Fault(mark.name, mark.line + 1, mark.column + 1, why)
