"""How `detect` keeps its detectors' states in its journal: JSON, by version, kind, rule and group.

What a release cannot read it refuses, so that no state is ever half read. Each value is an object,
which the releases before these detectors read as a standing that nobody asks for. A ratio's
standing has the key that it always had, which begins with the rule's name and never with a slash.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import NamedTuple, TypeVar

import msgspec

from schemas.alerts import AlertStatus
from schemas.metrics import Sample, Samples
from schemas.tape import Detection, Point
from streams.core.keys import key_part
from streams.detect.burn import Slo
from streams.detect.rule import Selector
from streams.detect.standing import Standing
from streams.detect.verdict import Verdict
from streams.detect.watch import Absence, Watch
from streams.reading.nodes import spoken

VERSION = "1"
GROUPS_MAX = 20_000
"""Of one kind of rules and one partition. What comes beyond is not watched."""
FORGOTTEN_MS = 24 * 3_600_000
UNHEARD_MS = 6 * 3_600_000
"""After a restart nobody knows when each was last heard of; so long they are listened for."""
VALUE_MAX = 1e150
"""Beyond it sums and products would not be finite, which JSON cannot say."""
AHEAD_MS = 5 * 60_000
"""A sample from so far in the future would make all that come in between late."""

KEYS_DROPPED_MAX = 500
"""With one record, so that a rule that was taken out with all its series fits into a batch."""
Group = tuple[str, ...]
"""The values of `by`; and the cluster, where `by` does not name it: no state is two clusters'."""


class Found(NamedTuple):
    of: bytes
    """The entry of what began or ceased."""
    cluster: str
    """Whose tape it belongs on; "" for the processor's own."""
    detection: Detection


Changes = dict[bytes, bytes | None]
T = TypeVar("T")
_encode = msgspec.json.Encoder(order="sorted").encode


def key_of(kind: str, *parts: str) -> bytes:
    return "/".join(["/", VERSION, kind, *map(key_part, parts)]).encode()


def is_kept(key: bytes) -> bool:
    return key.startswith(b"//")


def kept(
    entries: Mapping[bytes, bytes], kind: str
) -> Iterable[tuple[bytes, tuple[str, ...], bytes]]:
    """The keys, their parts as they stand there, and the values. Raises ValueError."""
    for key, value in entries.items():
        if not is_kept(key):
            continue
        found, *parts = kind_and_parts(key)
        if found == kind:
            yield key, tuple(parts), value


def kind_and_parts(key: bytes) -> list[str]:
    version, *found = key[2:].decode().split("/")
    if version != VERSION:
        raise ValueError(f"the journal has an entry that this release cannot read: {key!r}")
    return found


def encode_kept(value: object) -> bytes:
    return _encode(value)


def decode_kept(value: bytes, record: type[T]) -> T:
    """Raises ValueError."""
    try:
        return msgspec.json.decode(value, type=record)
    except msgspec.MsgspecError as fault:
        raise ValueError(f"the journal's {record.__name__} cannot be read: {fault}") from fault


def group_of(by: tuple[str, ...], samples: Samples, sample: Sample) -> Group:
    """A sample's own labels go before its target's; but nobody speaks for another cluster."""
    target, own = samples.labels, sample.labels
    found = tuple(
        own.get(name) or target.get(name, "") if name != "cluster" else target.get(name, "")
        for name in by
    )
    return found if "cluster" in by else (*found, target.get("cluster", ""))


def about(of: Selector, by: Group, *more: str) -> str:
    """What a state was made of. Where a rule asks for something else, it cannot go on from it."""
    text = repr((of.metric, str(of.matches), by, more))
    return blake2b(text.encode(), digest_size=8).hexdigest()


def fits(by: Group, group: Group, kept_about: str, now_about: str) -> bool:
    """Entries of the first release with detectors do not say what they are about."""
    return len(group) == len(by) + ("cluster" not in by) and kept_about in ("", now_about)


def begun_or_ceased(before: Standing, after: Standing) -> bool:
    return (before.firing_since_ms is None) != (after.firing_since_ms is None)


def detection(
    rule: Watch | Absence | Slo,
    name: str,
    group: Group,
    standings: tuple[Standing, Standing],
    verdict: Verdict,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
) -> Detection:
    """What began or ceased between two standings; `explanation` says why, in words."""
    before, after = standings
    fires = after.firing_since_ms is not None
    since_ms = after.firing_since_ms if fires else before.firing_since_ms
    assert since_ms is not None
    grouped = dict(zip(rule.by, group, strict=False))
    return Detection(
        rule=name,
        status=AlertStatus.FIRING if fires else AlertStatus.RESOLVED,
        labels={**grouped, **labels, "alertname": name},
        annotations={"explanation": verdict.words, **annotations},
        since_ms=since_ms,
        value=verdict.value,
        threshold=verdict.threshold,
        window_ms=verdict.window_ms,
        series=tuple(Point(at_ms, value) for at_ms, value in verdict.series),
    )


def gone(name: str, since_ms: int) -> Detection:
    """The end of what nobody has heard of for long. Its labels are those that it was told with."""
    words = f"not heard of for {spoken(FORGOTTEN_MS)}: taken for gone, and not expected any more"
    return Detection(name, AlertStatus.RESOLVED, {}, {"explanation": words}, since_ms, 0.0, 0.0, 0)
