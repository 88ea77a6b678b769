"""What a caller of GET /api/v2/alerts asks for: Alertmanager's own parameters, in its meaning."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import re2

from streams.core.matching import Matcher, Matchers
from streams.ingest.alertmanager.held import HeldAlert
from streams.policy.matchers import parse, regex

FLAGS = ("active", "silenced", "inhibited", "unprocessed", "muted")
FILTERS_MAX = 64
_WORDS = {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False}


@dataclass(frozen=True, slots=True)
class Query:
    filters: Matchers = field(default_factory=Matchers)
    receiver: "re2._Regexp | None" = None
    active: bool = True
    silenced: bool = True
    inhibited: bool = True
    muted: bool = True

    def wants(self, alert: HeldAlert) -> bool:
        if not self.active and not alert.is_quiet:
            return False
        if not self.silenced and alert.silenced_by:
            return False
        if not self.inhibited and alert.inhibited_by:
            return False
        if not self.muted and alert.muted_by:
            return False
        return self.filters(alert.state.labels) and self._is_told(alert)

    def _is_told(self, alert: HeldAlert) -> bool:
        if self.receiver is None:
            return True
        return any(self.receiver.search(name.encode()) for name in alert.receivers)


def query_of(asked: Sequence[tuple[str, str]]) -> Query:
    """Raises ValueError with what is wrong. Other parameters are passed over."""
    texts = [value for name, value in asked if name == "filter"]
    if len(texts) > FILTERS_MAX:
        raise ValueError(f"more than {FILTERS_MAX} filters")
    given = dict(asked)
    flags = {name: _flag(name, given[name]) for name in FLAGS if name in given}
    flags.pop("unprocessed", None)  # Nothing is held here before it was processed.
    named = given.get("receiver", "")
    return Query(
        filters=Matchers(tuple(_matcher(text) for text in texts)),
        receiver=regex(named) if named else None,
        **flags,
    )


def _matcher(text: str) -> Matcher:
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"filter: {error}") from None


def _flag(name: str, text: str) -> bool:
    if text.lower() not in _WORDS:
        raise ValueError(f"{name}: expected true or false instead of {text[:20]!r}")
    return _WORDS[text.lower()]
