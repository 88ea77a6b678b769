"""`steps`: the rungs of a playbook's ladder, from mild to strong; the last is a human."""

from yaml.nodes import Node

from schemas.actions import ACTIONS, ESCALATE, NOTIFY, Action
from streams.core.playbook import MODES, Approval, Mode, Rung
from streams.core.standing import ACTED_MAX, TARGET_KEPT_MS
from streams.policy.conditions import CONDITION
from streams.policy.parameters import parameters
from streams.policy.verification import NO_CHECKS, VERIFY
from streams.reading.nodes import Reading, spoken
from streams.reading.shapes import (
    FLAG,
    WORDS,
    Found,
    Key,
    Shape,
    checked,
    duration,
    either,
    list_of,
    made,
    one_of,
    record,
    referred,
    tagged,
    whole,
)

PERSONS_MAX = 5
LASTS_MAX_MS = 7 * 86_400_000
TIMES_MAX = 100
MODES_SAY: dict[str, str] = {
    Mode.OFF: "does nothing",
    Mode.DRY_RUN: "looks, asks every rail, says what it would do, and hands over",
    Mode.SHADOW: "as a dry run, and asks people whether they agree: its evidence",
    Mode.APPROVE: "acts when people have said yes",
    Mode.AUTO: "acts by itself, as far as the recorded evidence allows",
}
MODE: Shape[Mode] = made(one_of(MODES_SAY), Mode)


def _approval(found: Found) -> Approval:
    if found["always"] and found["when"]:
        found.fault("when", "`always` asks anyway: leave out one of them")
    who = frozenset(found["who"])
    if who and len(who) < found["persons"]:
        found.fault("persons", f"{found['persons']} of {len(who)} cannot say yes")
    return Approval(found["always"], found["when"], who, found["persons"], found["expiry"])


APPROVAL: Shape[Approval] = either(
    made(
        one_of({"always": "before every such step", "never": "only in the mode `approve`"}),
        lambda word: Approval(always=word == "always"),
    ),
    record(
        "an approval",
        {
            "always": Key(FLAG, "ask before every such step", False),
            "when": Key(CONDITION, "ask where this holds, or cannot be told", None),
            "who": Key(list_of(WORDS, 1), "who may say yes; else anybody who may order", ()),
            "persons": Key(whole(1, PERSONS_MAX), "so many must say yes", Approval().persons),
            "expiry": Key(duration(), "then the answer is no", Approval().expiry_ms),
        },
        _approval,
    ),
)


REPEAT: Shape[tuple[int, int]] = record(
    "repeat",
    {
        "times": Key(whole(2, TIMES_MAX), "how often at most, while the alerts still fire"),
        "pause": Key(duration(0), "between two, beside their checks"),
    },
    lambda found: (found["times"], found["pause"]),
)


def _rung(found: Found) -> Rung:
    times, pause_ms = found["repeat"]
    if found["undo"] and not ACTIONS[found["action"]].undoable:
        found.fault("undo", f"{found['action']} cannot be undone")
    if ACTIONS[found["action"]].by_portions and times == 1:
        found.fault("action", f"{found['action']} does a part each time: it needs `repeat`")
    if found["lasts"] is not None:
        _lasts(found, times)
    return Rung(
        action=found["action"],
        parameters=found["parameters"],
        dwell_ms=found["dwell"],
        verify=found["verify"],
        undo=found["undo"],
        when=found["when"],
        mode=found["mode"],
        approval=found["approval"],
        cooldown_ms=found["cooldown"],
        attempts=found["attempts"],
        times=times,
        pause_ms=pause_ms,
        lasts_ms=found["lasts"],
    )


def _lasts(found: Found, times: int) -> None:
    action, verified_ms = found["action"], found["verify"].deadline_ms
    if not ACTIONS[action].undoable:
        found.fault("lasts", f"{action} cannot be undone")
    if times > 1:
        found.fault("lasts", "of what is repeated only the last could be undone: no `repeat`")
    if found["lasts"] <= verified_ms:
        found.fault("lasts", f"longer than its verification may take: {spoken(verified_ms)}")


def _step_of(name: str, action: Action) -> Shape[Rung]:
    given = parameters(name, action.parameters, action.one_of)
    needed = bool(action.one_of) or any(p.required for p in action.parameters.values())
    about = "what the action needs to know"
    return record(
        "a step",
        {
            "action": Key(one_of({name: action.purpose}), action.purpose),
            "parameters": Key(given, about) if needed else Key(given, about, {}),
            "when": Key(CONDITION, "the step is passed over where this does not hold", None),
            "dwell": Key(duration(0), "how long the alerts must have fired on this step before it"),
            "verify": Key(
                referred(VERIFY, "verify"), "when it counts as a success; else the next step"
            ),
            "undo": Key(FLAG, "undo the action where it could not be verified", False),
            "lasts": Key(
                duration(most_ms=LASTS_MAX_MS), "done for so long, then undone; else it stays", None
            ),
            "mode": Key(referred(MODE, "mode"), "lower than the playbook's, for this step", None),
            "approval": Key(referred(APPROVAL, "approval"), "who must say yes first", Approval()),
            "cooldown": Key(
                duration(most_ms=TARGET_KEPT_MS), "in place of the limits', for this step", None
            ),
            "attempts": Key(whole(1, ACTED_MAX), "fewer on one target than the limits allow", None),
            "repeat": Key(REPEAT, "gradual: again and again, with checks between", (1, 0)),
        },
        _rung,
    )


_ESCALATE: Shape[Rung] = record(
    "the last step",
    {"action": Key(one_of({ESCALATE: "a human takes over"}), "a human takes over")},
    lambda found: Rung(ESCALATE, {}, 0, NO_CHECKS, undo=False),
)
_TEXT: Shape[dict[str, str]] = record(
    "what people are told",
    {"text": Key(WORDS, "the words; else only that nothing is changed", "")},
    lambda found: {"text": found["text"]} if found["text"] else {},
)
_NOTIFY: Shape[Rung] = record(
    "a step that only tells",
    {
        "action": Key(one_of({NOTIFY: "people are told"}), "people are told, nothing is changed"),
        "parameters": Key(_TEXT, "what they are told", {}),
        "when": Key(CONDITION, "the step is passed over where this does not hold", None),
        "dwell": Key(duration(0), "how long the alerts must have fired on this step before it"),
    },
    lambda found: Rung(
        NOTIFY, found["parameters"], found["dwell"], NO_CHECKS, undo=False, when=found["when"]
    ),
)
STEP: Shape[Rung] = tagged(
    "a step",
    "action",
    {
        **{name: _step_of(name, row) for name, row in ACTIONS.items()},
        ESCALATE: _ESCALATE,
        NOTIFY: _NOTIFY,
    },
)


def _ends_with_a_human(reading: Reading, node: Node, rungs: tuple[Rung, ...]) -> None:
    *others, last = zip(reading.items(node), rungs, strict=True)
    if not last[1].hands_over:
        reading.fault(last[0], f"the last step must be `action: {ESCALATE}`: a human")
    for item, rung in others:
        if rung.hands_over:
            reading.fault(item, f"nothing can follow `action: {ESCALATE}`")


STEPS: Shape[tuple[Rung, ...]] = checked(list_of(STEP, least=1), _ends_with_a_human)


def lower(mode: Mode, than: Mode) -> bool:
    return MODES.index(mode) < MODES.index(than)
