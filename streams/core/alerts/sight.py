"""What a sighting tells that was not known: an alert began, an alert ended, or nothing.

Repeats merge here, and most of what arrives are repeats, so they are told before anything is built.
They are told apart by content, never counted, so reprocessing cannot inflate.
"""

from collections.abc import Iterable
from operator import attrgetter

from schemas.alerts import AlertStatus, Sighting
from streams.core.alerts import group, storm
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import EXPIRY_GRACE_MS, FLIPS_MAX, AlertState, GroupState
from streams.core.keys import alert_key
from streams.core.policy import Policy
from streams.core.reasons import Reason

COARSE_MS = 60_000
"""How far a repeat must move an alert's times before that is worth a write."""
VITAL_MS = 15_000
"""The same where that an alert was seen at all is what counts."""
ALERTS_MAX = 250_000
"""Alerts of a cluster that are followed one by one; they take about half a gigabyte. More than that
at once is a storm, and which alerts it is made of helps nobody. For those that hold others back
there is as much room again."""
FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED


def see_all(draft: Draft, cluster: str, sightings: Iterable[Sighting]) -> None:
    """Those of one delivery. What is news is heard by alert and in the order of time: how a sender
    puts them says nothing."""
    prefixes: dict[str, str] = {}
    news: list[Sighting] = []
    changes, known_before, now_ms = draft.changes, draft.state.get, draft.now_ms
    for seen in sightings:
        prefix = prefixes.get(seen.source)
        if prefix is None:
            prefix = prefixes[seen.source] = alert_key(cluster, seen.source, "")
        key = prefix + seen.fingerprint
        known = changes[key] if key in changes else known_before(key)
        assert known is None or isinstance(known, AlertState)
        if seen.status is not FIRING or known is None or known.status is not FIRING:
            news.append(seen)
        elif _moved(known, seen, now_ms):
            _resent(draft, key, known, seen)
    _hear_news(draft, cluster, [(prefixes[s.source] + s.fingerprint, s) for s in news])


IN_ORDER = attrgetter("source", "fingerprint", "starts_at_ms", "status", "ends_at_ms")
"""By alert, then by when it began, its end after its begin."""


def _hear_news(draft: Draft, cluster: str, news: Iterable[tuple[str, Sighting]]) -> None:
    policy = draft.policy()
    room = ALERTS_MAX - draft.state.alerts_of(cluster)
    left_out = 0
    for key, seen in _as_one(draft, sorted(news, key=lambda pair: IN_ORDER(pair[1]))):
        known = draft.get(key, AlertState)
        if known is None and room <= 0 and not (_holds_back(policy, seen) and room > -ALERTS_MAX):
            left_out += 1
            continue
        room -= known is None
        _see(draft, cluster, key, known, seen)
    if left_out:
        storm.crowded(draft, policy, cluster, left_out)


def _as_one(draft: Draft, news: list[tuple[str, Sighting]]) -> list[tuple[str, Sighting]]:
    """What ends comes before what begins, so that nothing joins what is over; but where an alert
    of a group ends and another of it begins, as a warning that became critical, the group goes on.
    """
    ends = {key: seen.status is RESOLVED for key, seen in news}
    if len(set(ends.values())) < 2:
        return news
    going_on = {_group_of(draft, key, seen) for key, seen in news if not ends[key]}

    def turn(pair: tuple[str, Sighting]) -> int:
        key, seen = pair
        if not ends[key]:
            return 1
        return 2 if _group_of(draft, key, seen) in going_on else 0

    return sorted(news, key=turn)


def _group_of(draft: Draft, key: str, seen: Sighting) -> frozenset[tuple[str, str]]:
    """An end may not repeat what its begin has said."""
    policy, known = draft.policy(), draft.get(key, AlertState)
    labels = known.labels if known else seen.labels
    return frozenset(group.values_of(labels, policy.sees(labels) if policy else None).items())


def _holds_back(policy: Policy | None, seen: Sighting) -> bool:
    """Whoever does not follow such an alert would act where the policy says to wait."""
    rules = policy.sees(seen.labels) if policy else None
    return rules is not None and bool(rules.brakes or rules.watchdogs or rules.sources)


def _moved(known: AlertState, seen: Sighting, now_ms: int) -> bool:
    if seen.starts_at_ms > known.starts_at_ms:
        return True
    if known.ends_at_ms and seen.ends_at_ms >= known.ends_at_ms + COARSE_MS:
        return True
    return now_ms >= known.last_seen_at_ms + (VITAL_MS if known.vital else 5 * COARSE_MS)


def _resent(draft: Draft, key: str, known: AlertState, seen: Sighting) -> None:
    """It fires on, or again: an end of the firing before is no end of this one."""
    policy = draft.policy()
    moved = replace(
        known,
        starts_at_ms=max(known.starts_at_ms, seen.starts_at_ms),
        ends_at_ms=max(known.ends_at_ms, seen.ends_at_ms),
        last_seen_at_ms=draft.now_ms,
        vital=bool(policy and policy.sees(known.labels).watchdogs),
    )
    draft.put(key, moved)


def _see(draft: Draft, cluster: str, key: str, known: AlertState | None, seen: Sighting) -> None:
    if seen.status is RESOLVED:
        _see_resolved(draft, key, known, seen)
    elif known is None or known.status is not FIRING:
        _see_firing(draft, cluster, key, known, seen)
    elif _moved(known, seen, draft.now_ms):
        _resent(draft, key, known, seen)


def _see_firing(
    draft: Draft, cluster: str, key: str, known: AlertState | None, sighting: Sighting
) -> None:
    late = known is not None and sighting.starts_at_ms <= known.starts_at_ms
    if known and late and not _speaks_again(known, sighting, draft.now_ms):
        return  # A late copy of a firing that is known to have ended.
    policy = draft.policy()
    seen = policy.sees(sighting.labels) if policy else None
    was_of = known.incident_id if known else ""
    # That a watchdog fires is no incident: that it does not would be one.
    vital = bool(seen and seen.watchdogs)
    joined = (
        GroupState("")
        if vital
        else group.alert_fired(draft, cluster, sighting, policy, seen, was_of)
    )
    alert = _remembered(draft, sighting, joined, known, vital=vital)
    draft.put(key, alert)
    draft.fires(key, alert, policy)


def _speaks_again(known: AlertState, sighting: Sighting, now_ms: int) -> bool:
    """Silence was taken for the end; here is the source, and it says that the alert fires on."""
    ends_at_ms = sighting.ends_at_ms
    return known.silent and (not ends_at_ms or ends_at_ms + EXPIRY_GRACE_MS > now_ms)


def _see_resolved(draft: Draft, key: str, known: AlertState | None, sighting: Sighting) -> None:
    if known is None:
        # Kept, so that a firing that comes after its own end is recognised.
        draft.put(key, _remembered(draft, sighting, GroupState(""), None))
    elif sighting.starts_at_ms >= known.starts_at_ms:
        ended = replace(known, starts_at_ms=sighting.starts_at_ms, silent=False)
        if known.status is FIRING:
            _end(draft, key, ended, silent=False)
        elif ended != known:
            draft.put(key, replace(ended, last_seen_at_ms=draft.now_ms))


def _end(draft: Draft, key: str, known: AlertState, *, silent: bool) -> None:
    ended = replace(
        known,
        status=RESOLVED,
        last_seen_at_ms=draft.now_ms,
        silent=silent,
        flips_at_ms=_flipped(draft, known),
    )
    draft.put(key, ended)
    group.alert_ended(draft, known, Reason.ALERTS_CLEAR)


def _flipped(draft: Draft, known: AlertState) -> tuple[int, ...]:
    return (*known.flips_at_ms[1 - FLIPS_MAX :], draft.now_ms)


def on_due(draft: Draft, key: str) -> None:
    """A firing alert whose source stopped resending has ended; an ended one is forgotten."""
    alert = draft.get(key, AlertState)
    assert alert is not None
    if alert.status is FIRING:
        _end(draft, key, alert, silent=True)
    else:
        draft.put(key, None)


def _remembered(
    draft: Draft,
    sighting: Sighting,
    joined: GroupState,
    known: AlertState | None,
    vital: bool = False,
) -> AlertState:
    return AlertState(
        source=sighting.source,
        fingerprint=sighting.fingerprint,
        status=sighting.status,
        starts_at_ms=sighting.starts_at_ms,
        ends_at_ms=sighting.ends_at_ms,
        first_seen_at_ms=draft.now_ms,
        last_seen_at_ms=draft.now_ms,
        incident_id=joined.incident_id,
        explained=joined.explained,
        labels=sighting.labels,
        flips_at_ms=_flipped(draft, known) if known else (),
        vital=vital,
    )
