"""Random lives of pods, seen by two watchers that are killed, cut off and begin anew: in the end
the alerts that are known are those of the pods as they stand."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import AlertStatus, Sighting
from streams.core.entries import EXPIRY_GRACE_MS
from streams.ingest.formats.catalog import read
from streams.ingest.kubernetes.delivery import records
from streams.ingest.kubernetes.facts import Fact, of_pod
from streams.ingest.kubernetes.kinds import PODS
from streams.ingest.kubernetes.picture import Picture
from tests.streams.ingest.kubernetes.objects import NOON_MS, as_pod, ended, pod, status, waiting

SECOND_MS = 1_000
REPEAT_MS = 60_000
NAMES = ("db-0", "db-1")
STAYS = ("well", "image", "loop", "unscheduled", "evicted", "done", "gone")
"""The others are passed through."""
STATES = (*STAYS, "killed", "ended", "making", "scheduler")


def time_of(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat().replace("+00:00", "Z")


def condition(reason: str, since_ms: int) -> dict[str, Any]:
    moment = time_of(since_ms)
    false = {"type": "PodScheduled", "status": "False", "lastTransitionTime": moment}
    return false | {"reason": reason}


class World:
    """One cluster's pods, each as it was set last."""

    def __init__(self) -> None:
        self.facts: dict[str, Fact] = {}
        self._made = 0
        self._uids: dict[str, str] = {}
        self._waits_since_ms: dict[str, int] = {}

    def set(self, name: str, state: str, now_ms: int) -> tuple[Fact | None, str]:
        """What there is now, and the uid of what it is about."""
        uid = self._uids.get(name, "")
        if state == "gone":
            self.facts.pop(name, None)
            self._uids.pop(name, None)
            self._waits_since_ms.pop(name, None)
            return None, uid
        if not uid:
            self._made += 1
            uid = self._uids[name] = f"u{self._made}"
        if state not in ("unscheduled", "scheduler"):
            self._waits_since_ms.pop(name, None)
        since_ms = self._waits_since_ms.setdefault(name, now_ms)
        last = ended(at=time_of(now_ms - SECOND_MS))
        running = {"running": {"startedAt": time_of(now_ms)}}
        states: dict[str, dict[str, Any]] = {
            "well": status(restarts=3, last=last, **running),
            "image": status(**waiting("ErrImagePull")),
            "loop": status(restarts=3, last=last, **waiting("CrashLoopBackOff")),
            "evicted": status(restarts=3, last=last, terminated=ended(code=137)),
            "done": status(restarts=3, last=last, terminated=ended("Completed", 0)),
            "killed": status(restarts=3, last=last | {"reason": "OOMKilled"}, **running),
            "ended": status(restarts=3, last=last, terminated=last),
            "making": status(restarts=3, last=last, **waiting("RunContainerError")),
        }
        reason = {"unscheduled": "Unschedulable", "scheduler": "SchedulerError"}.get(state)
        conditions = [condition(reason, since_ms)] if reason else []
        containers = [states[state]] if state in states else []
        one = pod(name, uid=uid, containers=containers, conditions=conditions)
        if state in ("evicted", "done"):
            one["status"]["phase"] = "Failed" if state == "evicted" else "Succeeded"
        self.facts[name] = of_pod(as_pod(one))
        return self.facts[name], uid


class Known:
    """What becomes of sightings, by the rules of `streams/core/alerts/sight.py`."""

    def __init__(self) -> None:
        self.alerts: dict[str, tuple[AlertStatus, int, int, bool]] = {}

    def hear(self, seen: Sighting) -> None:
        before, start_ms, ends_ms, silent = self.alerts.get(
            seen.fingerprint, (AlertStatus.RESOLVED, -1, 0, False)
        )
        if seen.status is AlertStatus.RESOLVED:
            if seen.starts_at_ms >= start_ms:
                self.alerts[seen.fingerprint] = (seen.status, seen.starts_at_ms, 0, False)
        elif before is AlertStatus.FIRING or seen.starts_at_ms > start_ms or silent:
            ends_ms = max(ends_ms, seen.ends_at_ms)
            start_ms = max(start_ms, seen.starts_at_ms)
            self.alerts[seen.fingerprint] = (AlertStatus.FIRING, start_ms, ends_ms, False)

    def expire(self, now_ms: int) -> None:
        for key, (state, start_ms, ends_ms, _) in self.alerts.items():
            if state is AlertStatus.FIRING and ends_ms + EXPIRY_GRACE_MS <= now_ms:
                self.alerts[key] = (AlertStatus.RESOLVED, start_ms, 0, True)

    def firing(self) -> set[str]:
        return {key for key, one in self.alerts.items() if one[0] is AlertStatus.FIRING}


class Watching:
    def __init__(self, world: World, now_ms: int) -> None:
        self.picture, self.cut = Picture(), False
        self._world = world
        self._repeated_ms = 0
        self.list(now_ms)

    def list(self, now_ms: int) -> None:
        self.cut = False
        self.picture.listed(PODS, list(self._world.facts.values()), now_ms)

    def hear(self, fact: Fact | None, uid: str, now_ms: int) -> None:
        if self.cut or not uid:
            return
        if fact is None:
            self.picture.gone(PODS, uid, now_ms)
        else:
            self.picture.changed(PODS, fact, now_ms)

    def round(self, known: Known, now_ms: int) -> None:
        self.picture.tick(now_ms, [PODS] if self.cut else [])
        alerts = list(self.picture.board.news())
        told = tuple(alerts)
        if now_ms - self._repeated_ms >= REPEAT_MS:
            self._repeated_ms = now_ms
            alerts += [one for one in self.picture.firing([]) if one not in alerts]
        for record in records(alerts, "eu", "mendlog", now_ms):
            form = dict(record.headers)["format"].decode()
            for seen in read(record.value, "kubernetes", form, now_ms).sightings:
                known.hear(seen)
        self.picture.board.told(told)


happenings = st.lists(
    st.tuples(st.just("set"), st.sampled_from(NAMES), st.sampled_from(STATES))
    | st.tuples(
        st.sampled_from(["kill", "cut", "list", "wait"]),
        st.sampled_from([0, 1]),
        st.sampled_from([1, 30, 130, 400, 700]),
    ),
    max_size=25,
)


@given(happenings, st.tuples(st.sampled_from(STAYS), st.sampled_from(STAYS)))
def test_what_is_known_in_the_end_is_what_there_is(given_happenings, finally_) -> None:
    world, known, now_ms = World(), Known(), NOON_MS
    watchers = [Watching(world, now_ms), Watching(world, now_ms)]

    def pass_on(seconds: int) -> None:
        nonlocal now_ms
        until_ms = now_ms + seconds * SECOND_MS
        while now_ms < until_ms:
            now_ms = min(until_ms, now_ms + 10 * SECOND_MS)
            for watcher in watchers:
                watcher.round(known, now_ms)
            known.expire(now_ms)

    def put(name: str, state: str) -> None:
        fact, uid = world.set(name, state, now_ms)
        for watcher in watchers:
            watcher.hear(fact, uid, now_ms)

    for what, whom, how in given_happenings:
        if what == "set":
            put(whom, how)
            pass_on(1)
        elif what == "kill":
            watchers[whom] = Watching(world, now_ms)
        elif what == "cut":
            watchers[whom].cut = True
        elif what == "list":
            watchers[whom].list(now_ms)
        else:
            pass_on(how)
    for name, state in zip(NAMES, finally_, strict=True):
        put(name, state)
    for watcher in watchers:
        watcher.list(now_ms)
    pass_on(1_200)
    now = Watching(world, now_ms)
    now.picture.tick(now_ms)
    assert known.firing() == set(now.picture.board.firing)
