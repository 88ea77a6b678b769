"""How the roll-ups of an SLO are kept in the journal of `detect`.

A bucket is stored when it ends, one small entry each, its slot used again; and with it the series'
counters as they were then. So a restart loses nothing: the next samples tell what came since.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from streams.core.keys import key_part
from streams.detect.burn import BURNS, Slo
from streams.detect.rollup import HOURS_KEPT, MINUTES_KEPT, Bucket, Reading, Rollup
from streams.steps.kept import Changes, Group, decode_kept, encode_kept, fits, kept, key_of

HEAD, MINUTE, HOUR, STANDING = "burn", "burn-minute", "burn-hour", "burn-standing"
KINDS = (HEAD, MINUTE, HOUR, STANDING)
Place = tuple[str, ...]
"""The SLO's name and the group, as they stand in keys."""


class Head(msgspec.Struct, frozen=True):
    """When the last stored minute ended."""

    series: Mapping[str, Reading]
    watched_until_ms: int
    about: str = ""


def recovered(
    slos: Sequence[Slo], made_of: Mapping[str, str], entries: Mapping[bytes, bytes]
) -> dict[Place, Rollup]:
    minutes = _buckets(entries, MINUTE, MINUTES_KEPT)
    hours = _buckets(entries, HOUR, HOURS_KEPT)
    by_name = {key_part(slo.name): slo for slo in slos}
    found = {}
    for _, place, value in kept(entries, HEAD):
        if place[0] not in by_name or place not in minutes:
            continue
        head, slo = decode_kept(value, Head), by_name[place[0]]
        if fits(slo.by, place[1:], head.about, made_of[slo.name]):
            ended = minutes[place]
            under_way = Bucket(ended[-1].number + 1)
            found[place] = Rollup(
                head.series, head.watched_until_ms, (*ended, under_way), hours.get(place, ())
            )
    return found


def place_of(kind: str, parts: Place) -> Place:
    """Of an entry: its last part is its slot, or its alert."""
    return parts if kind == HEAD else parts[:-1]


def keys_of(place: Place) -> Iterator[bytes]:
    """All that it may have, whether it was written or not."""
    yield budget_key(HEAD, place)
    for kind, slots in ((MINUTE, MINUTES_KEPT), (HOUR, HOURS_KEPT)):
        yield from (budget_key(kind, (*place, str(slot))) for slot in range(slots))
    yield from (budget_key(STANDING, (*place, burn.name)) for burn in BURNS)


def store_minute(
    place: Place, made_of: str, before: Rollup, seen: Rollup, changes: Changes
) -> None:
    """The minute that has ended, its hour, and what the series' counters were before the sample
    that opened the next: what that one adds is not in them."""
    ended, hour = before.minutes[-1], seen.hours[-1]
    minute_slot, hour_slot = ended.number % MINUTES_KEPT, hour.number % HOURS_KEPT
    changes[budget_key(MINUTE, (*place, str(minute_slot)))] = encode_kept(ended)
    changes[budget_key(HOUR, (*place, str(hour_slot)))] = encode_kept(hour)
    changes[budget_key(HEAD, place)] = encode_kept(
        Head(before.series, before.watched_until_ms, made_of)
    )


def _buckets(
    entries: Mapping[bytes, bytes], kind: str, most: int
) -> dict[tuple[str, ...], tuple[Bucket, ...]]:
    found: dict[tuple[str, ...], list[Bucket]] = {}
    for _, parts, value in kept(entries, kind):
        found.setdefault(parts[:-1], []).append(decode_kept(value, Bucket))
    return {place: _newest(buckets, most) for place, buckets in found.items()}


def _newest(buckets: list[Bucket], most: int) -> tuple[Bucket, ...]:
    """A slot that was not used again still holds what is out of date."""
    last = max(bucket.number for bucket in buckets)
    inside = (bucket for bucket in buckets if bucket.number > last - most)
    return tuple(sorted(inside, key=lambda bucket: bucket.number))


def place_for(slo: Slo, group: Group) -> Place:
    return tuple(map(key_part, (slo.name, *group)))


def budget_key(kind: str, parts: Place) -> bytes:
    """Of parts as they stand in keys."""
    return b"/".join([key_of(kind), *(part.encode() for part in parts)])
