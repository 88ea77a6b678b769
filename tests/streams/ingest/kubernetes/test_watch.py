"""The watcher's rounds: what is told again, what is not any more, and what Kafka did not take."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from schemas.alerts import Sighting
from schemas.topics import ALERTS, CONTROLS
from streams.ingest.flight import Flight
from streams.ingest.formats.catalog import read
from streams.ingest.kubernetes import watch
from streams.ingest.kubernetes.facts import of_pod
from streams.ingest.kubernetes.kinds import DEPLOYMENTS, PODS
from streams.ingest.kubernetes.metrics import WatcherMetrics
from streams.ingest.kubernetes.pods import STEADY_MS
from streams.ingest.kubernetes.rollouts import release_of
from streams.ingest.kubernetes.watch import BLIND_MS, Watch
from streams.ingest.kubernetes.watcher import IN_FLIGHT_BYTES_MAX
from streams.ingest.produce import Writer
from streams.settings import WatcherSettings
from tests.streams.ingest.kubernetes.objects import (
    MINUTE_MS,
    NOON_MS,
    as_pod,
    as_workload,
    deployment,
    ended,
    pod,
    status,
    waiting,
)
from tests.streams.ingest.topics import create_topics, header, records_of, until

BAD = of_pod(as_pod(pod(containers=[status(**waiting("ErrImagePull"))])))


class Nowhere:
    """No server: these tests hear nothing but what they say themselves."""

    def get(self, path: str) -> tuple[int, bytes]:
        raise ConnectionError(path)

    def follow(self, path: str) -> tuple[int, Iterator[bytes]]:
        raise ConnectionError(path)


class Clocked:
    """A watch whose time is the test's."""

    def __init__(self, bootstrap: str, prefix: str, timeout_s: float = 30.0) -> None:
        self.settings = WatcherSettings(bootstrap=bootstrap, topic_prefix=prefix, cluster="eu")
        self.writer = Writer(bootstrap, "test", Flight(IN_FLIGHT_BYTES_MAX), timeout_s)
        self.metrics = WatcherMetrics()
        self.now_ms = NOON_MS
        self.watch = Watch(self.settings, Nowhere(), self.writer, self.metrics, lambda: self.now_ms)

    async def round(self, later_ms: int = 0) -> None:
        self.now_ms += later_ms
        await asyncio.sleep(0)  # What threads have said is heard.
        await self.watch.round()

    async def told(self) -> list[Sighting]:
        bootstrap, prefix = self.settings.bootstrap, self.settings.topic_prefix
        found: list[Sighting] = []
        for record in await records_of(bootstrap, prefix, ALERTS):
            found += read(record.value, "", header(record, "format"), NOON_MS).sightings
        return sorted(found, key=lambda one: one.ends_at_ms)

    def counted(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


@pytest.fixture
async def clocked(kafka: Kafka, tmp_path: Path) -> AsyncIterator[Clocked]:
    prefix = f"c{tmp_path.name.replace('_', '-')}"
    await create_topics(kafka.bootstrap, prefix, ALERTS, CONTROLS)
    one = Clocked(kafka.bootstrap, prefix)
    yield one
    await one.writer.close()


@pytest.mark.broker
async def test_what_fires_is_said_each_minute_as_long_as_it_is_seen(clocked: Clocked) -> None:
    clocked.watch.listed(PODS, [BAD])
    await clocked.round()
    await clocked.round(MINUTE_MS // 2)
    assert len(await clocked.told()) == 1
    await clocked.round(MINUTE_MS // 2)
    first, second = await clocked.told()
    assert second.ends_at_ms - first.ends_at_ms == MINUTE_MS
    assert second.starts_at_ms == first.starts_at_ms
    await clocked.round(BLIND_MS)
    assert len(await clocked.told()) == 2, "nothing was heard since: nobody knows"
    assert clocked.counted("mendlog_watcher_blind", kind=PODS) == 1
    clocked.watch.in_touch(PODS)
    await clocked.round()
    assert clocked.counted("mendlog_watcher_blind", kind=PODS) == 0
    await clocked.round(MINUTE_MS)
    assert len(await clocked.told()) == 3


async def test_what_kafka_does_not_take_is_told_later() -> None:
    clocked = Clocked("127.0.0.1:1", "nowhere", timeout_s=0.2)
    clocked.watch.listed(PODS, [BAD])
    await clocked.round()
    await clocked.round()
    assert clocked.counted("mendlog_watcher_writes_failed_total") == 2
    (kept,) = clocked.watch.picture.board.news()
    assert kept.uid == "u1"
    await clocked.writer.close()


@pytest.mark.broker
async def test_what_the_topic_of_changes_does_not_take_keeps_no_alert_back(
    kafka: Kafka, tmp_path: Path
) -> None:
    prefix = f"o{tmp_path.name.replace('_', '-')}"
    await create_topics(kafka.bootstrap, prefix, ALERTS)
    clocked = Clocked(kafka.bootstrap, prefix, timeout_s=3.0)
    clocked.watch.listed(DEPLOYMENTS, [])
    release = release_of("Deployment", as_workload(deployment()))
    clocked.watch.changed(DEPLOYMENTS, release)
    clocked.watch.listed(PODS, [BAD])

    async def is_told() -> bool:
        await clocked.round()  # Once, unless Kafka was as slow for the alert.
        assert clocked.watch.picture.rollouts == [release], "it is told when it can be"
        return bool(await clocked.told())

    await until(is_told)
    assert clocked.counted("mendlog_watcher_writes_failed_total") >= 1
    await clocked.writer.close()


@pytest.mark.broker
async def test_more_alerts_than_are_told_at_once_are_all_told(
    clocked: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "TOLD_AT_ONCE_MAX", 2)
    bad = {"containers": [status(**waiting("ErrImagePull"))]}
    clocked.watch.listed(
        PODS, [of_pod(as_pod(pod(f"p-{n}", uid=f"u{n}", **bad))) for n in range(5)]
    )
    await clocked.round()
    assert len({one.labels["pod"] for one in await clocked.told()}) == 5
    assert not clocked.watch.picture.board.news()


async def test_nobody_sees_again_before_he_knows_what_there_is() -> None:
    """Else what ends by the clock would end by what was known before."""
    clocked = Clocked("127.0.0.1:1", "nowhere", timeout_s=0.2)
    looping = pod(containers=[status(restarts=3, last=ended(), **waiting("CrashLoopBackOff"))])
    between = pod(containers=[status(restarts=3, last=ended())])
    clocked.watch.listed(PODS, [of_pod(as_pod(looping))])
    clocked.watch.changed(PODS, of_pod(as_pod(between)))
    await clocked.round()
    clocked.now_ms += STEADY_MS
    clocked.watch.in_touch(PODS)
    await clocked.watch.round()
    assert clocked.watch.picture.board.firing, "said from a thread, and not heard yet"
    await clocked.round()
    assert not clocked.watch.picture.board.firing
    await clocked.writer.close()


async def test_a_defect_ends_the_watch() -> None:
    clocked = Clocked("127.0.0.1:1", "nowhere", timeout_s=0.2)
    clocked.watch.changed(PODS, replace(BAD, uid=["not a uid"]))  # type: ignore[arg-type]
    try:
        with pytest.raises(TypeError):
            async with asyncio.timeout(20):
                await clocked.watch.run()
    finally:
        clocked.watch.stop()
        await clocked.watch.ended()
        await clocked.writer.close()
