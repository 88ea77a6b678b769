"""The scraper: reads the Prometheus endpoints of a service discovery into `metrics`."""

import asyncio
import os

import structlog
from aiohttp import web

from schemas.topics import METRICS, MIB
from streams.ingest.flight import Flight
from streams.ingest.lifetime import until_told_to_stop
from streams.ingest.listening import listen
from streams.ingest.probes import Probes
from streams.ingest.produce import Writer
from streams.ingest.refusal import BadConfiguration
from streams.ingest.scraper import fetch
from streams.ingest.scraper.metrics import ScraperMetrics
from streams.ingest.scraper.rounds import Rounds
from streams.settings import ScraperSettings

PRODUCE_TIMEOUT_S = 5.0
IN_FLIGHT_BYTES_MAX = 64 * MIB

log = structlog.get_logger()


async def scrape(settings: ScraperSettings) -> None:
    """Runs until SIGTERM or SIGINT. Raises BadConfiguration."""
    if not settings.targets_url.startswith(("http://", "https://")):
        raise BadConfiguration("MENDLOG_TARGETS_URL must be an http address that lists the targets")
    topic = METRICS.name(settings.topic_prefix)
    flight = Flight(IN_FLIGHT_BYTES_MAX)
    writer = Writer(settings.bootstrap, "mendlog-scraper", flight, PRODUCE_TIMEOUT_S)
    metrics = ScraperMetrics()
    probes = Probes(writer, topic, metrics.registry)
    app = web.Application()
    app.add_routes(probes.routes())
    runner = web.AppRunner(app, access_log=None)
    async with fetch.session() as http:
        rounds = asyncio.create_task(Rounds(settings, http, writer, metrics).run())
        try:
            port = await listen(runner, settings.web_host, settings.web_port, "WEB_PORT")
            log.info("the scraper runs", web_port=port)
            writer.greet(topic)
            await until_told_to_stop(rounds)
        finally:
            rounds.cancel()
            await asyncio.wait([rounds])
            await runner.cleanup()
            await writer.close()


def run_scraper(settings: ScraperSettings) -> int:
    """The exit code: 0 after a stop in order, 78 to be set right."""
    try:
        asyncio.run(scrape(settings))
    except BadConfiguration as error:
        log.error("the scraper does not start", why=str(error))
        return os.EX_CONFIG
    return os.EX_OK
