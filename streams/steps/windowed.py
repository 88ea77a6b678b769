"""Counters to windows of their rises, in the host's windowed table, beside the detect step.

What a target's scrapes have risen by is kept for each whole scrape, and so are the counters of the
last one and the scrapes under way. A step is handed the windows along with the record, as a header.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from math import isfinite
from typing import Any, Protocol, TypeVar

import msgspec

from schemas.codec import Undecodable, decode
from schemas.metrics import Samples
from streams.core.keys import key_part
from streams.detect.rule import RatioRule
from streams.detect.scrapes import NOTHING, Held, Scrape, add
from streams.detect.window import Reading, increase
from streams.steps.effects import InputRecord
from streams.steps.kept import AHEAD_MS, VALUE_MAX

T = TypeVar("T")
SERIES_MAX = 1_000
"""Of one target and rule: the host's table has them, and scrapes under way, in one record."""
WINDOWS = "windows"
"""The header in which the host hands over what its windows hold, as JSON."""
HELD_SPANS_MS = (70_000, 370_000)
"""How far back a target's scrapes under way are looked for: most were written a moment ago."""
HELD_EVERY_MS = 10_000
STEPS_BACK_MS = 60_000
"""The broker's clock may step back a little."""


class Window(msgspec.Struct, frozen=True):
    """Of one group: what the host's table holds, for each scrape that is whole by now."""

    target: str = ""
    judged: Sequence[tuple[int, Mapping[str, Sequence[Reading]]]] = ()
    left_out: int = 0


_windows_of = msgspec.json.Decoder(dict[str, Window]).decode


def windows_in(record: InputRecord) -> Mapping[str, Window]:
    # The host's is the last: whoever wrote the record may have put one of that name before it.
    header = next((value for name, value in reversed(record.headers) if name == WINDOWS), None)
    return _windows_of(header) if header else {}


def names_of(rule: RatioRule) -> tuple[str, ...]:
    """What tells groups apart: no ratio is of two clusters."""
    return rule.by if "cluster" in rule.by else (*rule.by, "cluster")


def group_key(rule: RatioRule, samples: Samples) -> str:
    pairs = (f"{name}={key_part(samples.labels.get(name, ''))}" for name in names_of(rule))
    return f"{rule.name}/" + ",".join(pairs)


class SampleWindows(Protocol):
    """The host's windows: by key, by member."""

    def remember(self, key: str, member: str, at_ms: int, reading: object) -> None: ...

    def recent(self, key: str, until_ms: int, span_ms: int) -> dict[str, list[Any]]: ...


def windowing(
    rules: Sequence[RatioRule],
) -> Callable[[InputRecord, SampleWindows], InputRecord]:
    """Remembers a piece of a scrape, and hands over the windows of the scrapes that it made whole.

    A record that is read again finds its scrape in the windows already, and is judged again."""

    def enrich(record: InputRecord, windows: SampleWindows) -> InputRecord:
        samples = decode(record.value, Samples)
        found: dict[str, Window] = {}
        if not isinstance(samples, Undecodable) and samples.at_ms <= record.at_ms + AHEAD_MS:
            for rule in rules:
                if piece := piece_of(rule, samples):
                    key = group_key(rule, samples)
                    found[key] = _window(rule, key, samples, piece, record.at_ms, windows)
        header = (WINDOWS, msgspec.json.encode(found))
        return replace(record, headers=(*record.headers, header))

    return enrich


def piece_of(rule: RatioRule, samples: Samples) -> dict[str, tuple[float, float] | None]:
    """Of each series what it adds to the part and to the whole; None where it has no value."""
    found: dict[str, tuple[float, float] | None] = {}
    for sample in samples.samples:
        part = sample.name == rule.part.metric and rule.part.matches(sample.labels)
        whole = sample.name == rule.whole.metric and rule.whole.matches(sample.labels)
        if part or whole:
            is_value = isfinite(sample.value) and abs(sample.value) < VALUE_MAX
            value = (sample.value * part, sample.value * whole) if is_value else None
            found[_digest(sample.name, sample.labels)] = value
    return found


def _window(
    rule: RatioRule,
    key: str,
    samples: Samples,
    piece: Mapping[str, tuple[float, float] | None],
    now_ms: int,
    windows: SampleWindows,
) -> Window:
    target = _digest("", samples.labels)
    place, rises = f"held/{key}/{target}", f"rises/{key}"
    held = _held(windows, place, now_ms)
    taken = _with_room(held, piece)
    after, whole = add(held, samples.at_ms, taken)
    if after != held:
        slot_ms = now_ms // HELD_EVERY_MS * HELD_EVERY_MS
        windows.remember(place, "", slot_ms, msgspec.to_builtins(after, str_keys=True))
    for scrape in whole:
        if (reading := _reading(scrape, rule.window_ms)) is not None:
            windows.remember(rises, target, scrape.at_ms, reading)
    times = [scrape.at_ms for scrape in whole if scrape.series]
    if not whole and samples.at_ms <= held.whole_ms:
        times = [samples.at_ms]
    judged = [(at_ms, windows.recent(rises, at_ms, rule.window_ms)) for at_ms in times]
    return Window(target, judged, len(piece) - len(taken))


def _with_room(held: Held, piece: Mapping[str, T]) -> dict[str, T]:
    had = set(held.known).union(*held.pending.values())
    new = [name for name in piece if name not in had]
    left_out = set(new[max(0, SERIES_MAX - len(had)) :])
    return {name: value for name, value in piece.items() if name not in left_out}


def _held(windows: SampleWindows, place: str, now_ms: int) -> Held:
    for span_ms in HELD_SPANS_MS:
        if found := windows.recent(place, now_ms + STEPS_BACK_MS, span_ms).get(""):
            return msgspec.convert(found[-1], Held, str_keys=True)
    return NOTHING


def _reading(scrape: Scrape, window_ms: int) -> Reading | None:
    """Nobody knows when within a gap that is longer than the window a counter has risen."""
    part = whole = 0.0
    watched_ms = 0
    for at_ms, before, now in scrape.series.values():
        span_ms = scrape.at_ms - at_ms
        if span_ms <= window_ms:
            part += increase(before[0], now[0])
            whole += increase(before[1], now[1])
            watched_ms = max(watched_ms, span_ms)
    return (scrape.at_ms, part, whole, watched_ms) if watched_ms else None


def _digest(name: str, labels: Mapping[str, str]) -> str:
    text = repr((name, sorted(labels.items())))
    return blake2b(text.encode(), digest_size=8).hexdigest()
