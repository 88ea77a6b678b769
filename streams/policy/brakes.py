"""What stops all action while it lasts: alerts as brakes, watchdogs gone silent, freezes."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.actions import ACTIONS
from streams.core.brakes import Brake, Freeze, Watchdog
from streams.core.intervals import Interval
from streams.core.matching import Matchers
from streams.policy.selectors import LABEL_NAMES, MATCH_OR_ALL, SOMETHING, match_or_all
from streams.reading.shapes import Key, Shape, duration, list_of, names, one_of, record, refers_to

_ACTION = one_of({name: action.purpose for name, action in ACTIONS.items()})
BRAKE: Shape[Brake] = record(
    "a brake",
    {
        "name": Key(names("brake"), "given as the reason"),
        **MATCH_OR_ALL,
        "equal": Key(LABEL_NAMES, "only incidents with the same values of these labels", ()),
        "actions": Key(list_of(_ACTION), "these actions only; without it, every action", ()),
    },
    lambda found: Brake(found["name"], match_or_all(found), found["equal"], found["actions"]),
)
WATCHDOG: Shape[Watchdog] = record(
    "a watchdog",
    {
        "name": Key(names("watchdog"), "given as the reason"),
        "match": Key(SOMETHING, "an alert that always fires"),
        "missing_after": Key(duration(), "not seen for so long, we are blind"),
    },
    lambda found: Watchdog(found["name"], found["match"], found["missing_after"]),
)


@dataclass(frozen=True, slots=True)
class NamedFreeze:
    """A freeze that still names its intervals."""

    name: str
    during: tuple[str, ...]
    matches: Matchers

    def resolved(self, intervals: Mapping[str, Interval]) -> Freeze:
        return Freeze(self.name, tuple(intervals[name] for name in self.during), self.matches)


FREEZE: Shape[NamedFreeze] = record(
    "a freeze",
    {
        "name": Key(names("freeze"), "given as the reason"),
        "during": Key(list_of(refers_to("time interval"), least=1), "names of `time_intervals`"),
        **MATCH_OR_ALL,
    },
    lambda found: NamedFreeze(found["name"], found["during"], match_or_all(found)),
)
