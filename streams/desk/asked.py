"""What a story may ask of incidents, commands, notices and detections: how each is written."""

from collections.abc import Mapping
from typing import Any

from schemas.actions import ACTIONS, ESCALATE
from schemas.alerts import AlertStatus
from schemas.remediation import CommandKind
from streams.core.lifecycle import Phase
from streams.core.playbook import MODES
from streams.core.reasons import Reason
from streams.policy.selectors import LABELS
from streams.reading.nodes import spoken
from streams.reading.shapes import (
    FLAG,
    TEXT,
    WORDS,
    Found,
    Key,
    Keys,
    Shape,
    duration,
    either,
    list_of,
    made,
    one_of,
    record,
    whole,
)

Asked = Mapping[str, Any]
"""The keys that were written down, with what they must be."""


def written(what: str, keys: Mapping[str, tuple[Shape[Any], str]]) -> Shape[Asked]:
    """A mapping of which only what is written down is asked."""
    optional: Keys = {name: Key(shape, about, None) for name, (shape, about) in keys.items()}
    return record(what, optional, _given)


def _given(found: Found) -> Asked:
    return {name: value for name, value in found.all().items() if name in found}


def words(words: Any) -> Shape[str]:
    return one_of({str(word): "" for word in words})


PHASE = words(Phase)
INCIDENT: Shape[Asked] = either(
    made(PHASE, lambda state: {"state": state}),
    written(
        "an incident",
        {
            "of": (LABELS, "which: the newest one whose labels are these"),
            "state": (PHASE, "its phase"),
            "reason": (words(Reason), "why it is in it"),
            "playbook": (TEXT, 'its name; "" for none'),
            "mode": (words(MODES), "how far it may go by itself"),
            "step": (whole(), "which step, from 1"),
            "target": (WORDS, "the name of what is acted on"),
            "service": (TEXT, "of the catalogue"),
            "severity": (WORDS, "its severity"),
            "receivers": (list_of(WORDS), "who is told of it"),
            "alerts": (whole(0), "how many it has had"),
            "change_related": (FLAG, "somebody deployed shortly before"),
        },
    ),
)
KIND = words(CommandKind)
COMMAND: Shape[Asked] = either(
    made(KIND, lambda kind: {"kind": kind}),
    written(
        "a command",
        {
            "kind": (KIND, "look, act, verify or rollback"),
            "action": (words(a for a in ACTIONS if a != ESCALATE), "what it does"),
            "target": (WORDS, "the name of what it does it to"),
            "namespace": (WORDS, "where that is"),
            "parameters": (LABELS, "all of them"),
        },
    ),
)
NOTICE: Shape[Asked] = either(
    made(WORDS, lambda kind: {"kind": kind}),
    written(
        "a notice",
        {
            "kind": (WORDS, "escalated, approval, resolved, …"),
            "receivers": (list_of(WORDS), "who is told"),
            "text": (WORDS, "part of what is said"),
        },
    ),
)
DETECTION: Shape[Asked] = either(
    made(WORDS, lambda rule: {"rule": rule}),
    written(
        "a detection",
        {
            "rule": (WORDS, "its name"),
            "labels": (LABELS, "some of its labels"),
            "state": (words(AlertStatus), "firing or resolved"),
            "since": (made(duration(0), spoken), "when it began, since the beginning of the test"),
            "says": (WORDS, "part of why"),
        },
    ),
)
