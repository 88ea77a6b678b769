"""What a source says of one alert, in our words; a delivery of them -> `Parsed`.

A source's file turns its JSON into reports and knows nothing of sightings. What a usable report is
and what becomes of a bad one is the same for all of them, and stands here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import msgspec

from schemas.alerts import ALERT_KEY, NO_DATA, AlertStatus, Sighting
from streams.ingest.formats.alert_json import UNREADABLE, check_utf8, named
from streams.ingest.formats.format import Format
from streams.ingest.formats.limits import DEPTH_MAX, depth
from streams.ingest.formats.parsed import BadField, Checked, Fault, FaultReason, Parsed, unreadable
from streams.ingest.formats.sighting import Identity, identity, sighting

FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED


@dataclass(frozen=True, slots=True)
class Report:
    """One alert. A label with an empty value is one that is not there."""

    labels: Mapping[str, str]
    status: AlertStatus
    annotations: Mapping[str, str] = field(default_factory=dict)
    starts_at_ms: int | None = None
    """When this was so, by the source's clock; of an end too, never before the begin that it ends.
    A source that tells it of the one tells it of the other."""
    ends_at_ms: int | None = None
    key: str = ""
    """The sender's own name of this alert from its begin to its end. Where there is one, it alone
    says which alert this is: what tells of the end need not repeat the labels."""

    def sighting(self, source: str, received_ms: int) -> Sighting:
        """Raises BadField."""
        return sighting(
            source,
            self._identity(),
            {name: text for name, text in self.annotations.items() if text},
            self.starts_at_ms,
            self.ends_at_ms,
            received_ms,
            self.status,
        )

    def _identity(self) -> Identity:
        if not self.key:
            return identity(self.labels)
        by_key = identity({ALERT_KEY: self.key})
        return Identity(identity({**self.labels, ALERT_KEY: self.key}).labels, by_key.fingerprint)


def at_level(report: Report, level: str, levels: Sequence[str]) -> list[Report]:
    """Of an alert with levels, each is an alert of its own: it fires at this one, if at any, and at
    the others it has ended. So a warning that becomes critical is news. A source that does not
    know has ended nothing: a remedy that silenced the metric would look like a cure."""
    others = [other for other in levels if other != level]
    assert report.key
    assert not level or level in levels
    if report.labels.get(NO_DATA):
        others = []
    ended = [replace(report, key=f"{report.key} {other}", status=RESOLVED) for other in others]
    return [replace(report, key=f"{report.key} {level}"), *ended] if level else ended


Tell = Callable[[bytes, int], Sequence[Report]]
"""(what was sent about one alert, when it was received) -> what it says; nothing where it is about
none, such as a test message: it is taken, and nothing comes of it. Raises BadField."""
S = TypeVar("S", bound=msgspec.Struct)


def shaped(shape: type[S], tell: Callable[[S, int], Sequence[Report]]) -> Tell:
    """For an alert that is an object of this shape; fields that it does not name are skipped."""
    decode = msgspec.json.Decoder(shape).decode

    def tell_bytes(raw: bytes, received_ms: int) -> Sequence[Report]:
        if depth(raw) > DEPTH_MAX:
            raise BadField("", f"nested deeper than {DEPTH_MAX}", FaultReason.OVER_LIMIT)
        try:
            check_utf8(raw)
            found = decode(raw)
        except msgspec.ValidationError as error:
            raise named(str(error)) from None
        except UNREADABLE as error:
            raise BadField("", f"not an object in JSON: {error}", FaultReason.UNREADABLE) from None
        return tell(found, received_ms)

    return tell_bytes


def one_alert(name: str, path: str, tell: Tell, **more: Any) -> Format:
    """A format whose every delivery is about one alert."""

    def parse(body: bytes, source: str, received_ms: int) -> Parsed:
        try:
            made = _sightings(tell(body, received_ms), source, received_ms)
            return Parsed(made, indexes=(0,) * len(made))
        except BadField as bad:
            if bad.reason is FaultReason.UNREADABLE:
                return unreadable(bad.why, body)
            where = bad.field or "body"
            return Parsed((), (Fault(where, bad.why, body, bad.reason, 0),))

    return Format(name, parse, checking(parse), path, **more)


def each(items: Iterable[bytes], tell: Tell, source: str, received_ms: int) -> Parsed:
    """Several alerts of one delivery; a bad one costs the others nothing."""
    sightings: list[Sighting] = []
    indexes: list[int] = []
    faults: list[Fault] = []
    for index, raw in enumerate(items):
        try:
            made = _sightings(tell(raw, received_ms), source, received_ms)
            sightings += made
            indexes += [index] * len(made)
        except BadField as bad:
            faults.append(bad.at(index, raw))
    return Parsed(tuple(sightings), tuple(faults), tuple(indexes))


def _sightings(reports: Iterable[Report], source: str, received_ms: int) -> tuple[Sighting, ...]:
    return tuple(report.sighting(source, received_ms) for report in reports)


def checking(parse: Callable[[bytes, str, int], Parsed]) -> Callable[[bytes, int], Checked]:
    """What it would find, for parsers that have no cheaper way to tell."""

    def check(body: bytes, received_ms: int) -> Checked:
        found = parse(body, "", received_ms)
        return Checked(len(found.sightings), found.faults)

    return check
