"""The gateway: what comes by HTTP, alerts and samples, enters here; 2xx means that Kafka has it."""

import os
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog
import uvloop
from aiohttp import web

from schemas.topics import ALERTS
from streams.ingest.alertmanager.held import Holdings
from streams.ingest.flight import Flight
from streams.ingest.formats.catalog import FORMATS
from streams.ingest.gateway.auth import doorkeeper
from streams.ingest.gateway.door import Door, Reached
from streams.ingest.gateway.fetch_back import FetchBack
from streams.ingest.gateway.intake import Intake
from streams.ingest.gateway.listing import Listing, ListingMetrics
from streams.ingest.gateway.metrics import GatewayMetrics
from streams.ingest.gateway.source import Source
from streams.ingest.gateway.source_file import load_sources
from streams.ingest.gateway.status import status_of
from streams.ingest.lifetime import until_told_to_stop
from streams.ingest.listening import listen
from streams.ingest.otlp.write import PATH as OTLP_PATH
from streams.ingest.otlp.write import OtlpMetrics
from streams.ingest.probes import Probes
from streams.ingest.produce import Writer
from streams.ingest.refusal import BadConfiguration, why_of
from streams.ingest.remote_write.write import PATH, RemoteWrite
from streams.ingest.samples.metrics import SampleMetrics
from streams.reading.faults import FileError
from streams.settings import GatewaySettings

KEEPALIVE_S = 75.0
LINGER_S = 2.0
"""How long the rest of a refused body is read, so that its sender hears why."""
DRAIN_S = 10.0

log = structlog.get_logger()


class Gateway:
    def __init__(
        self,
        settings: GatewaySettings,
        reached: Reached = lambda _: None,
        env: Mapping[str, str] = os.environ,
        holdings: Holdings | None = None,
    ) -> None:
        """`holdings`: what questions for alerts are answered from. Raises BadConfiguration."""
        self._settings = settings
        self._holdings = holdings
        self._is_stopping = False
        sources = _sources(settings.sources_file)
        keeper = doorkeeper(sources, settings.host, env)
        flight = Flight(settings.in_flight_bytes_max)
        metrics = GatewayMetrics(flight, sources)
        self._writer = Writer(
            settings.bootstrap, "mendlog-gateway", flight, settings.produce_timeout_s
        )
        door = Door(keeper, flight, metrics, settings.body_timeout_s, reached)
        self._fetch_back = FetchBack(metrics)
        self._intake = Intake(door, self._writer, settings.topic_prefix, self._fetch_back)
        self._listing = (
            Listing(door, holdings, ListingMetrics(metrics, holdings)) if holdings else None
        )
        samples = SampleMetrics(metrics)
        to_samples = (self._writer, samples, settings.topic_prefix)
        fits_in_flight = settings.in_flight_bytes_max // 2
        self._remote_write = RemoteWrite(door, *to_samples, fits_in_flight)
        self._otlp = OtlpMetrics(door, *to_samples, fits_in_flight)
        self._probes = Probes(
            self._writer,
            ALERTS.name(settings.topic_prefix),
            metrics.registry,
            lambda: self._is_stopping,
        )
        self._runner = web.AppRunner(
            self._app(),
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=KEEPALIVE_S,
            lingering_time=LINGER_S,
            shutdown_timeout=DRAIN_S,
        )

    @property
    def port(self) -> int:
        return int(self._runner.addresses[0][1])

    async def start(self) -> None:
        """Raises BadConfiguration where the address cannot be had."""
        settings = self._settings
        port = await listen(self._runner, settings.host, settings.port, "PORT")
        if settings.port_file:
            _write_whole(settings.port_file, str(port))
        log.info("the gateway listens", host=settings.host, port=port)
        self._writer.greet(ALERTS.name(settings.topic_prefix))

    async def stop(self) -> None:
        """Nothing new is taken; what was taken is answered; what was sent is flushed."""
        self._is_stopping = True
        await self._runner.cleanup()
        await self._writer.close()
        await self._fetch_back.close()
        if self._holdings:
            await self._holdings.close()

    def _app(self) -> web.Application:
        app = web.Application()
        doors = [
            web.route(method, format.path, partial(self._intake.take, format=format))
            for format in FORMATS.values()
            if format.path
            for method in format.methods
        ]
        status = web.get("/api/v2/status", status_of(datetime.now(UTC)))
        write = web.post(PATH, self._remote_write.take)
        asking = []
        if self._listing:
            asking = [web.get("/api/v2/alerts", self._listing.take, allow_head=False)]
        otlp = web.post(OTLP_PATH, self._otlp.take)
        app.add_routes([*doors, *asking, write, otlp, status, *self._probes.routes()])
        return app


async def serve(
    settings: GatewaySettings,
    reached: Reached = lambda _: None,
    holdings: Holdings | None = None,
) -> None:
    """Runs until SIGTERM or SIGINT. Raises BadConfiguration."""
    gateway = Gateway(settings, reached, holdings=holdings)
    try:
        await gateway.start()
        await until_told_to_stop()
    finally:
        await gateway.stop()


def run_gateway(
    settings: GatewaySettings,
    reached: Reached = lambda _: None,
    holdings: Holdings | None = None,
) -> int:
    """The exit code: 0 after a stop in order, 78 to be set right."""
    try:
        uvloop.run(serve(settings, reached, holdings))
    except BadConfiguration as error:
        log.error("the gateway does not start", why=str(error))
        return os.EX_CONFIG
    return os.EX_OK


def _sources(file: Path | None) -> tuple[Source, ...]:
    try:
        return load_sources(file) if file else ()
    except FileError as error:
        raise BadConfiguration(str(error)) from None
    except OSError as error:
        why = f"MENDLOG_SOURCES_FILE={file}: {why_of(error)}"
        raise BadConfiguration(why) from None


def _write_whole(file: Path, text: str) -> None:
    """Whoever waits for the file never reads half of it. Raises BadConfiguration."""
    try:
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as part:
            part.write(text)
        os.replace(part.name, file)
    except OSError as error:
        raise BadConfiguration(f"MENDLOG_PORT_FILE={file}: {why_of(error)}") from None
