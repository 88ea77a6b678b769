"""`playbooks`: which alerts, which target, which ladder, and how far it may go by itself."""

from yaml.nodes import Node

from schemas.actions import ACTIONS
from schemas.kinds import namespaced
from streams.core.playbook import Playbook, TargetTemplate
from streams.policy.digests import ladder_digest
from streams.policy.never import why_never
from streams.policy.selectors import SOMETHING
from streams.policy.steps import MODE, STEPS, lower
from streams.reading.nodes import Reading
from streams.reading.shapes import (
    FLAG,
    TEXT,
    WORDS,
    Found,
    Key,
    Shape,
    checked,
    names,
    one_of,
    record,
    referred,
)


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'AEIO' else 'a'} {kind}"


KINDS = {kind: _a(kind) for kind in sorted({k for a in ACTIONS.values() for k in a.kinds})}


def _one_slot(reading: Reading, node: Node, text: str) -> None:
    inner = text[1:-1] if text.startswith("{") and text.endswith("}") else text
    if not inner or any(c in inner for c in "{}* \t\n"):
        reading.fault(node, 'expected a name, or one label as "{label}"')


_SLOT = checked(TEXT, _one_slot)


def _target(found: Found) -> TargetTemplate:
    kind, namespace = found["kind"], found["namespace"]
    if namespaced(kind) and not namespace:
        found.fault("kind", f"{_a(kind)} needs a `namespace`")
    elif namespace and not namespaced(kind):
        found.fault("namespace", f"{_a(kind)} is in no namespace")
    return TargetTemplate(kind, namespace, found["name"])


TARGET: Shape[TargetTemplate] = record(
    "a target",
    {
        "kind": Key(one_of(KINDS), "what is acted on"),
        "namespace": Key(
            _SLOT, "a name, or one label as {label}; no label, no action. Not for a Node", ""
        ),
        "name": Key(_SLOT, "as namespace"),
    },
    _target,
)


def _playbook(found: Found) -> Playbook:
    kind = found["target"].kind
    for rung in found["steps"]:
        action = ACTIONS.get(rung.action)
        if action is not None and kind not in action.kinds:
            found.fault("steps", f"{rung.action} cannot change {_a(kind)}")
        if rung.mode and not lower(rung.mode, found["mode"]):
            why = f"a step's mode must be lower than the playbook's, not {rung.mode}"
            found.fault("steps", why)
    book = Playbook(
        name=found["name"],
        matches=found["match"],
        target=found["target"],
        rungs=found["steps"],
        digest="",
        mode=found["mode"],
        trusted=found["trusted"],
        prefer_rollback=found["prefer_rollback"],
    )
    if why := why_never(book):
        found.fault("match", why)
    return ladder_digest(book)


PLAYBOOK: Shape[Playbook] = record(
    "a playbook",
    {
        "name": Key(names("playbook"), "what people call it"),
        "match": Key(SOMETHING, "matchers, all of which must hold; the first playbook is taken"),
        "target": Key(TARGET, "where to act"),
        "mode": Key(referred(MODE, "mode"), "how far it may go by itself"),
        "trusted": Key(WORDS, "why it may go beyond what the recorded evidence allows", ""),
        "prefer_rollback": Key(
            FLAG, "after a change, begin at the first step that undoes it", True
        ),
        "steps": Key(STEPS, "the ladder: from mild to strong, then a human"),
    },
    _playbook,
)
