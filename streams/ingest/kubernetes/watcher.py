"""The watcher: what goes wrong in one cluster, by its own API, into `alerts`; its rollouts into
`controls`."""

import asyncio
import os
from typing import Protocol

import structlog
from aiohttp import web

from schemas.topics import ALERTS, MIB
from streams.ingest.flight import Flight
from streams.ingest.kubernetes.follow import Api
from streams.ingest.kubernetes.metrics import WatcherMetrics
from streams.ingest.kubernetes.watch import Watch
from streams.ingest.lifetime import until_told_to_stop
from streams.ingest.listening import listen
from streams.ingest.probes import Probes
from streams.ingest.produce import Writer
from streams.ingest.refusal import BadConfiguration
from streams.settings import WatcherSettings

PRODUCE_TIMEOUT_S = 5.0
IN_FLIGHT_BYTES_MAX = 64 * MIB

log = structlog.get_logger()


class Closable(Api, Protocol):
    def close(self) -> None:
        """Ends what others are reading."""
        ...


async def watch(settings: WatcherSettings, api: Closable) -> None:
    """Runs until SIGTERM or SIGINT. Raises BadConfiguration."""
    flight = Flight(IN_FLIGHT_BYTES_MAX)
    writer = Writer(settings.bootstrap, "mendlog-watcher", flight, PRODUCE_TIMEOUT_S)
    metrics = WatcherMetrics()
    topic = ALERTS.name(settings.topic_prefix)
    probes = Probes(writer, topic, metrics.registry)
    app = web.Application()
    app.add_routes(probes.routes())
    runner = web.AppRunner(app, access_log=None)
    watching = Watch(settings, api, writer, metrics)
    working = asyncio.create_task(watching.run())
    try:
        port = await listen(runner, settings.web_host, settings.web_port, "WEB_PORT")
        log.info("the watcher runs", cluster=settings.cluster, web_port=port)
        writer.greet(topic)
        await until_told_to_stop(working)
    finally:
        working.cancel()
        await asyncio.wait([working])
        watching.stop()
        api.close()
        await watching.ended()
        await runner.cleanup()
        await writer.close()


def run_watcher(settings: WatcherSettings, api: Closable) -> int:
    """The exit code: 0 after a stop in order, 78 to be set right."""
    try:
        asyncio.run(watch(settings, api))
    except BadConfiguration as error:
        log.error("the watcher does not start", why=str(error))
        return os.EX_CONFIG
    return os.EX_OK
