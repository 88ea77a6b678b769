"""Rounds over all targets: what each says of itself becomes one record of `metrics`.

A target that cannot be read is a fact too: every target gets the sample `up`, 1 or 0.
"""

import asyncio
from collections.abc import Callable

import aiohttp
import structlog

from schemas.codec import encode
from schemas.metrics import Sample, Samples
from schemas.topics import METRICS
from streams.ingest.produce import NotAcknowledged, Record, Writer
from streams.ingest.refusal import Refused
from streams.ingest.scraper.exposition import read_samples
from streams.ingest.scraper.fetch import FAILED, fetch, why_not
from streams.ingest.scraper.metrics import ScraperMetrics
from streams.ingest.scraper.targets import Target, read_targets
from streams.settings import ScraperSettings

AT_ONCE_MAX = 32

log = structlog.get_logger()


class Rounds:
    def __init__(
        self,
        settings: ScraperSettings,
        http: aiohttp.ClientSession,
        writer: Writer,
        metrics: ScraperMetrics,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        self._settings, self._http, self._writer = settings, http, writer
        self._metrics, self._now_ms = metrics, now_ms or writer.clock.now_ms
        self._prefixes = tuple(filter(None, map(str.strip, settings.metrics.split(","))))
        self._topic = METRICS.name(settings.topic_prefix)
        self._at_once = asyncio.Semaphore(AT_ONCE_MAX)
        self._targets: tuple[Target, ...] = ()
        self._down: dict[Target, str] = {}

    async def run(self) -> None:
        """At a fixed pace; a round that takes too long makes the next one late, not two."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + self._settings.interval_s
            await self.round()
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def round(self) -> None:
        with self._metrics.round_seconds.time():
            await self._discover()
            await asyncio.gather(*map(self._visit, self._targets))
        self._metrics.seen(up=len(self._targets) - len(self._down), down=len(self._down))

    async def _discover(self) -> None:
        """Targets that were known stay known while nobody can say which ones there are."""
        url, timeout_s = self._settings.targets_url, self._settings.timeout_s
        try:
            self._targets = read_targets(
                await fetch(self._http, url, "application/json", timeout_s)
            )
        except FAILED as error:
            log.warning("the targets cannot be discovered", url=url, why=why_not(error))
        self._down = {target: why for target, why in self._down.items() if target in self._targets}

    async def _visit(self, target: Target) -> None:
        async with self._at_once:
            at_ms = self._now_ms()
            samples = await self._scrape(target)
            value = encode(Samples(target.labels, at_ms, samples))
            record = Record(self._topic, value, target.series.encode(), place_by=target.cluster)
            try:
                await self._writer.write([record])
                self._metrics.written.inc(len(samples))
            except (NotAcknowledged, Refused):
                self._metrics.lost.inc(len(samples))

    async def _scrape(self, target: Target) -> tuple[Sample, ...]:
        try:
            page = await fetch(self._http, target.url, "text/plain", self._settings.timeout_s)
            found = await asyncio.to_thread(read_samples, page.decode(), self._prefixes)
        except FAILED as error:
            self._note(target, why_not(error))
            return (Sample("up", {}, 0.0),)
        self._note(target, None)
        return (Sample("up", {}, 1.0), *found)

    def _note(self, target: Target, why: str | None) -> None:
        """Said when it changes, not at every round."""
        if why is None:
            if self._down.pop(target, None):
                log.info("a target is up again", target=target.url)
        elif self._down.get(target) != why:
            self._down[target] = why
            log.warning("a target is down", target=target.url, why=why)
