"""`verify`: when a step counts as a success."""

from yaml.nodes import Node

from schemas.probes import PROBES, PROBES_MAX
from streams.core.playbook import Probe, Verification
from streams.policy.parameters import parameters
from streams.reading.nodes import Reading
from streams.reading.shapes import (
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
)

_BARE = {
    kind: row.purpose
    for kind, row in PROBES.items()
    if not row.one_of and not any(p.required for p in row.parameters.values())
}
"""Kinds that need no parameter, and may be named by a word."""


def _probe(found: Found) -> Probe:
    given = [kind for kind in PROBES if kind in found]
    if len(given) != 1:
        found.reading.fault(found.node, f"a probe is one of {', '.join(PROBES)}")
        return Probe("", "")
    (kind,) = given
    return Probe(kind, found["name"] or kind, found[kind])


PROBE: Shape[Probe] = either(
    made(one_of(_BARE), lambda kind: Probe(kind, kind)),
    record(
        "a probe",
        {
            "name": Key(WORDS, "under which its answer is told; the kind, unless given", None),
            **{
                kind: Key(parameters(kind, row.parameters, row.one_of), row.purpose, None)
                for kind, row in PROBES.items()
            },
        },
        _probe,
    ),
)


def _names_differ(reading: Reading, node: Node, probes: tuple[Probe, ...]) -> None:
    if len(probes) > PROBES_MAX:
        reading.fault(node, f"at most {PROBES_MAX} probes")
        return
    names = [probe.name for probe in probes]
    for name in sorted({name for name in names if names.count(name) > 1}):
        reading.fault(node, f"two probes are named {name!r}; give one of them a `name`")


def _verification(found: Found) -> Verification:
    rule = Verification(
        first_check_ms=found["first_check"],
        every_ms=found["every"],
        hold_ms=found["hold"],
        deadline_ms=found["deadline"],
        probes=found["probes"],
    )
    if rule.deadline_ms <= rule.first_check_ms + rule.hold_ms:
        found.fault("deadline", "must be later than first_check and hold together")
    return rule


VERIFY: Shape[Verification] = record(
    "verify",
    {
        "first_check": Key(duration(0), "how long after the action the first check is"),
        "every": Key(duration(100), "between two checks"),
        "hold": Key(duration(0), "how long the alerts must stay clear"),
        "deadline": Key(duration(), "when it has failed"),
        "probes": Key(checked(list_of(PROBE, least=1), _names_differ), "all must pass"),
    },
    _verification,
)
NO_CHECKS = Verification(0, 0, 0, 0, ())
"""Of a step that hands over."""
