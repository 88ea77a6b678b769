"""A file of stories: given these alerts at these times, expect these decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from yaml.nodes import Node

from streams.desk.deeds import ALERT, VERBS, Deed
from streams.desk.expected import EXPECT
from streams.policy.selectors import LABELS
from streams.reading.faults import Fault, FileError
from streams.reading.nodes import Reading
from streams.reading.shapes import (
    TEXT,
    WORDS,
    Found,
    Key,
    Shape,
    Unreadable,
    checked,
    duration,
    list_of,
    names,
    record,
)

MONDAY = "2026-01-05T12:00:00Z"
"""A story begins on a Monday, at noon, unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class Moment:
    """At this time that happens, and then this is so."""

    line: int
    at_ms: int
    """Since the beginning."""
    deed: Deed | None
    expects: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Story:
    name: str
    line: int
    start_ms: int
    cluster: str
    source: str
    labels: Mapping[str, str]
    always: tuple[Mapping[str, str], ...]
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Stories:
    file: str
    policy: str
    """Where the policy is, from the file's folder on; empty: the file does not say."""
    detections: str
    """Where the rules over samples are, likewise."""
    all: tuple[Story, ...]


def read_stories(path: Path) -> Stories:
    """Raises FileError with everything that is wrong, or OSError."""
    try:
        return stories_of(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError as fault:
        raise FileError([Fault(str(path), 1, 1, f"not UTF-8: {fault.reason}")]) from None


def stories_of(text: str, file: str) -> Stories:
    reading = Reading(file)
    root = reading.root(text)
    found = None
    try:
        found = FILE.read(reading, root)
    except Unreadable:
        pass
    reading.settle_names()
    reading.stop_at_faults()
    assert found
    told = tuple(_whole(found, story) for story in found["tests"])
    return Stories(file, found["policy"], found["detections"], told)


# One moment.


@dataclass(frozen=True, slots=True)
class _Entry:
    node: Node
    at_ms: int | None
    after_ms: int | None
    deed: Deed | None
    expects: Mapping[str, Any] | None


def _entry(found: Found) -> _Entry:
    verbs = [verb for verb in VERBS if verb in found]
    if len(verbs) > 1:
        found.fault(verbs[1], f"one thing happens at a time: also {verbs[0]!r}")
    if not verbs and "expect" not in found:
        found.reading.fault(found.node, "nothing happens here, and nothing is expected")
    if "at" in found and "after" in found:
        found.fault("after", "either `at` or `after`")
    if "target" in found and not verbs:
        found.fault("target", "belongs to an answer of the executor")
    deed = Deed(verbs[0], found[verbs[0]], found["target"]) if verbs else None
    return _Entry(found.node, found["at"], found["after"], deed, found["expect"])


ENTRY: Shape[_Entry] = record(
    "a moment",
    {
        "at": Key(duration(0), "when, since the beginning", None),
        "after": Key(duration(0), "when, since the moment before", None),
        **{verb: Key(row.shape, row.about, None) for verb, row in VERBS.items()},
        "target": Key(WORDS, "whose command is answered, where several are", ""),
        "expect": Key(EXPECT, "what is so then", None),
    },
    _entry,
)


def _in_order(reading: Reading, node: Node, entries: tuple[_Entry, ...]) -> None:
    now_ms = 0
    for entry in entries:
        if entry.at_ms is not None and entry.at_ms < now_ms:
            reading.fault(entry.node, "earlier than the moment before")
        now_ms = _time_of(entry, now_ms)


def _time_of(entry: _Entry, now_ms: int) -> int:
    return now_ms + (entry.after_ms or 0) if entry.at_ms is None else entry.at_ms


# One story, and the file.


def _start(reading: Reading, node: Node, text: str) -> None:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None or not 1970 < moment.year < 9000:
            raise ValueError
    except ValueError:
        reading.fault(node, f"expected a moment with its zone, in quotes, such as {MONDAY}")


_COMMON = {
    "cluster": Key(WORDS, "where everything happens; else `eu-1`", ""),
    "labels": Key(LABELS, "of every alert that does not say otherwise", {}),
    "source": Key(WORDS, "who sends the alerts; else `prometheus`", ""),
    "starts": Key(checked(TEXT, _start), f"the moment of `0s`; else {MONDAY}", ""),
    "always": Key(list_of(ALERT), "alerts that fire all along, such as a watchdog", ()),
}
STORY: Shape[Found] = record(
    "a test",
    {
        "name": Key(names("test"), "what it shows"),
        **_COMMON,
        "timeline": Key(checked(list_of(ENTRY, 1), _in_order), "moment after moment"),
    },
    lambda found: found,
)
FILE: Shape[Found] = record(
    "a file of tests",
    {
        "policy": Key(WORDS, "a file or folder, from this file's folder on", ""),
        "detections": Key(WORDS, "a file of rules over samples, likewise", ""),
        **_COMMON,
        "tests": Key(list_of(STORY, 1), "each in a world of its own"),
    },
    lambda found: found,
)


def _whole(file: Found, story: Found) -> Story:
    """What a test does not say is the file's to say."""
    starts = story["starts"] or file["starts"] or MONDAY
    return Story(
        name=story["name"],
        line=_line(story.at("name")),
        start_ms=round(datetime.fromisoformat(starts).timestamp() * 1000),
        cluster=story["cluster"] or file["cluster"] or "eu-1",
        source=story["source"] or file["source"] or "prometheus",
        labels={**file["labels"], **story["labels"]},
        always=(*file["always"], *story["always"]),
        moments=tuple(_moments(story["timeline"])),
    )


def _moments(entries: tuple[_Entry, ...]) -> list[Moment]:
    found, now_ms = [], 0
    for entry in entries:
        now_ms = _time_of(entry, now_ms)
        found.append(Moment(_line(entry.node), now_ms, entry.deed, entry.expects))
    return found


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
