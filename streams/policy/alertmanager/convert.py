"""`alertmanager.yml` to a policy.

What Alertmanager would refuse is a fault at its place, and what a policy has no counterpart for is
listed, never dropped in silence.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from streams.policy.alertmanager.document import MAP, SEQ, compose
from streams.policy.alertmanager.keys import check_keys
from streams.policy.alertmanager.receivers import Receiver, entries, read_receivers
from streams.policy.alertmanager.sections import Rewriting, written
from streams.policy.inhibits import read_inhibit_rules
from streams.policy.routes import read_route
from streams.policy.times import read_time_intervals
from streams.reading.faults import Fault, FileError
from streams.reading.nodes import TEXT_BYTES_MAX, Reading

HEAD = """\
# Made by `mendlog policy import-alertmanager`. Comments are not carried over.
#
# Not in this policy:
{notes}
#
# Nothing is acted on yet: no namespaces, no playbooks. The limits are a careful start.
"""
FIRST = """\
version: 1
namespaces: []
limits:
  preset: production-1
  actions_per_minute: 1
  actions_per_hour: 10
  concurrent: 1
playbooks: []
"""
_COUNTERPARTS = frozenset(
    {"route", "receivers", "inhibit_rules", "time_intervals", "mute_time_intervals"}
)


@dataclass(frozen=True, slots=True)
class Imported:
    policy: str
    notes: tuple[Fault, ...]
    """What is not in the policy, each with its place."""


def import_file(path: Path) -> Imported:
    """Raises FileError, or OSError where the file cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as fault:
        raise FileError([Fault(str(path), 1, 1, f"not UTF-8: {fault.reason}")]) from None
    return import_alertmanager(text, str(path))


def import_alertmanager(text: str, file: str) -> Imported:
    """Raises FileError with all that is wrong."""
    reading = Reading(file)
    top = compose(reading, text)
    check_keys(reading, top)
    reading.stop_at_faults()
    fields = entries(top)
    rewriting = Rewriting(reading)
    receivers = read_receivers(reading, fields.get("receivers"), entries(fields.get("global")))
    sections = _sections(reading, rewriting, top, fields, receivers)
    reading.stop_at_faults()
    _note_the_rest(rewriting, top, receivers)
    imported = Imported(_text(sections, rewriting.notes), tuple(sorted(rewriting.notes)))
    if len(imported.policy.encode()) > TEXT_BYTES_MAX:
        raise FileError([Fault(file, 1, 1, f"larger than {TEXT_BYTES_MAX} bytes as a policy")])
    return imported


def _text(sections: MappingNode, notes: list[Fault]) -> str:
    listed = [f"#   line {note.line}: {note.why}" for note in sorted(notes)]
    head = HEAD.format(notes="\n".join(listed) or "#   nothing: all of it is here")
    return head + FIRST + str(yaml.serialize(sections, allow_unicode=True, width=100))


def _sections(
    reading: Reading,
    rewriting: Rewriting,
    top: Node,
    fields: dict[str, Node],
    receivers: tuple[Receiver, ...],
) -> MappingNode:
    """The policy's sections, read by the policy's own readers."""
    found: dict[str, Node] = {"receivers": _names(top, receivers)}
    muting, timing = fields.get("mute_time_intervals"), fields.get("time_intervals")
    listed = [rewriting.each(node, rewriting.time_interval) for node in (muting, timing) if node]
    intervals = _joined(reading, top, listed)
    named = [interval.name for interval in read_time_intervals(reading, intervals)]
    if intervals.value:
        found["time_intervals"] = intervals
    if "inhibit_rules" in fields:
        rules = rewriting.each(fields["inhibit_rules"], rewriting.inhibit_rule)
        read_inhibit_rules(reading, rules)
        found["inhibit_rules"] = rules
    if "route" in fields:
        found["route"] = rewriting.route(fields["route"])
        read_route(reading, found["route"], [r.name for r in receivers], named)
    else:
        reading.fault(top, "no route: Alertmanager needs one")
    return MappingNode(MAP, [(written(key, node), node) for key, node in found.items()])


def _names(top: Node, receivers: tuple[Receiver, ...]) -> SequenceNode:
    names = [written(receiver.name, receiver.node) for receiver in receivers]
    return SequenceNode(SEQ, names, top.start_mark, top.end_mark, flow_style=False)


def _joined(reading: Reading, top: Node, lists: list[Node]) -> SequenceNode:
    """`mute_time_intervals` is the older name of the same section, and names are shared."""
    items = [item for node in lists for item in reading.items(node)]
    start = lists[0] if lists else top
    return SequenceNode(SEQ, items, start.start_mark, start.end_mark, flow_style=False)


def _note_the_rest(rewriting: Rewriting, top: Node, receivers: tuple[Receiver, ...]) -> None:
    for key, value in top.value:
        if key.value not in _COUNTERPARTS:
            under = ", ".join(entries(value)) if isinstance(value, MappingNode) else ""
            rewriting.note(key, f"`{key.value}`" + (f": {under}" if under else ""))
    for receiver in receivers:
        counted = Counter(receiver.integrations).items()
        sends = ", ".join(f"{kind} ({count})" for kind, count in counted)
        rewriting.note(
            receiver.node,
            f"receiver {receiver.name!r}: "
            + (f"{sends}; these belong in the notifier's file" if sends else "tells nobody"),
        )
