"""The watcher at work: what the followers' threads hear goes onto the picture, in the event loop
alone, and from there into Kafka."""

import asyncio
import random
import threading
import time
from collections.abc import Awaitable, Callable

import structlog

from schemas.codec import encode
from schemas.topics import CONTROLS
from streams.ingest.kubernetes.delivery import AT_ONCE_MAX, LIFETIME_MS, records
from streams.ingest.kubernetes.follow import Api, Follower
from streams.ingest.kubernetes.kinds import KINDS
from streams.ingest.kubernetes.metrics import WatcherMetrics
from streams.ingest.kubernetes.picture import Picture
from streams.ingest.produce import NotAcknowledged, Record, Writer
from streams.ingest.refusal import Refused
from streams.settings import WatcherSettings

ROUND_S = 1.0
"""How long news waits at most, and a trouble that begins or ends by the clock."""
BLIND_MS = LIFETIME_MS
"""Without a word for that long the alerts of a kind are not repeated: whoever does not see must not
say that they fire on. A watch with nothing to tell has a bookmark each minute."""
TOLD_AT_ONCE_MAX = 16 * AT_ONCE_MAX
"""Alerts that are on their way at once: all of a large cluster's would not fit into the flight."""
STOP_S = 5.0

log = structlog.get_logger()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Watch:
    def __init__(
        self,
        settings: WatcherSettings,
        api: Api,
        writer: Writer,
        metrics: WatcherMetrics,
        now_ms: Callable[[], int] = _now_ms,
    ) -> None:
        self.picture = Picture()
        self._settings, self._writer, self._metrics = settings, writer, metrics
        self._now_ms = now_ms
        self._loop = asyncio.get_running_loop()
        self._stopping = threading.Event()
        self._heard_ms = {kind.name: now_ms() for kind in KINDS}
        self._faults: dict[str, str] = {}
        self._repeated_ms = 0
        self._broken: Exception | None = None
        self._threads = [
            threading.Thread(
                target=self._follow,
                args=(Follower(api, kind, self, self._stopping, random.random, time.monotonic),),
                name=f"follow-{kind.name}",
                daemon=True,
            )
            for kind in KINDS
        ]

    async def run(self) -> None:
        for thread in self._threads:
            thread.start()
        while self._broken is None:
            await self.round()
            await asyncio.sleep(ROUND_S)
        raise self._broken

    def stop(self) -> None:
        """Its threads end once the API is closed."""
        self._stopping.set()

    async def ended(self) -> None:
        for thread in self._threads:
            if thread.is_alive():
                await asyncio.to_thread(thread.join, STOP_S)

    async def round(self) -> None:
        """What Kafka does not take is told in the next one."""
        now_ms = self._now_ms()
        blind = self._blind(now_ms)
        self.picture.tick(now_ms, blind)
        self._metrics.firing.set(len(self.picture.board.firing))
        await self._tried(self._tell_rollouts(now_ms))
        await self._tried(self._tell_alerts(now_ms, blind))

    async def _tried(self, telling: Awaitable[None]) -> None:
        """What one topic does not take is no reason to say nothing to the other."""
        try:
            await telling
        except (NotAcknowledged, Refused):
            self._metrics.unwritten.inc()

    async def _tell_alerts(self, now_ms: int, blind: set[str]) -> None:
        board = self.picture.board
        alerts = list(board.news())
        repeats = now_ms - self._repeated_ms >= self._settings.repeat_s * 1000
        if repeats:
            fresh = {alert.key for alert in alerts if alert.ended_at_ms is None}
            alerts += [one for one in self.picture.firing(blind) if one.key not in fresh]
        cluster, prefix = self._settings.cluster, self._settings.topic_prefix
        about = self.picture.notes.about
        for at in range(0, len(alerts), TOLD_AT_ONCE_MAX):
            some = alerts[at : at + TOLD_AT_ONCE_MAX]
            await self._write("alerts", list(records(some, cluster, prefix, now_ms, about)))
            board.told(some)
        if repeats:
            self._repeated_ms = now_ms

    async def _tell_rollouts(self, now_ms: int) -> None:
        rollouts = list(self.picture.rollouts)
        topic = CONTROLS.name(self._settings.topic_prefix)
        cluster = self._settings.cluster
        made = [encode(one.control(cluster, now_ms)) for one in rollouts]
        key = cluster.encode()
        await self._write("rollouts", [Record(topic, v, key, place_by=cluster) for v in made])
        del self.picture.rollouts[: len(rollouts)]
        for one in rollouts:
            log.info("rolled out", namespace=one.namespace, kind=one.kind, name=one.name)

    async def _write(self, of: str, made: list[Record]) -> None:
        if made:
            await self._writer.write(made)
            self._metrics.written.labels(of).inc(len(made))

    def _blind(self, now_ms: int) -> set[str]:
        found = {kind for kind, at_ms in self._heard_ms.items() if now_ms - at_ms > BLIND_MS}
        for kind in self._heard_ms:
            self._metrics.blind.labels(kind).set(kind in found)
        return found

    # From the followers' threads.

    def _follow(self, follower: Follower) -> None:
        """A defect of ours ends the process: the next one sees more than one that is half blind."""
        try:
            follower.run()
        except Exception as fault:
            self._broken = fault

    def listed(self, kind: str, found: list[object]) -> None:
        self._metrics.lists.labels(kind).inc()
        self._say(lambda: self.picture.listed(kind, found, self._now_ms()))

    def changed(self, kind: str, found: object) -> None:
        self._metrics.changes.labels(kind).inc()
        self._say(lambda: self.picture.changed(kind, found, self._now_ms()))

    def gone(self, kind: str, uid: str) -> None:
        self._metrics.changes.labels(kind).inc()
        self._say(lambda: self.picture.gone(kind, uid, self._now_ms()))

    def in_touch(self, kind: str) -> None:
        """Behind what was heard before: nobody sees again before he knows what there is."""
        self._say(lambda: self._heard_ms.update({kind: self._now_ms()}))
        if self._faults.pop(kind, None):
            log.info("heard of again", kind=kind)

    def failed(self, kind: str, why: str) -> None:
        self._metrics.failures.labels(kind).inc()
        if self._faults.get(kind) != why:  # Said when it changes, not at every attempt.
            self._faults[kind] = why
            log.warning("the API cannot be followed", kind=kind, why=why)

    def unreadable(self, kind: str, why: str) -> None:
        self._metrics.unreadable.labels(kind).inc()
        log.warning("an object cannot be read", kind=kind, why=why)

    def _say(self, what: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._do, what)
        except RuntimeError:
            self._stopping.set()  # The loop has ended, and so has the watch.

    def _do(self, what: Callable[[], None]) -> None:
        try:
            what()
        except Exception as fault:
            self._broken = fault
