"""Reconciles again and again, and tells Prometheus what came of it."""

import asyncio
from collections.abc import Callable

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge
from prometheus_client import generate_latest as in_text

from streams.ingest.alertmanager.client import NotAnswered
from streams.ingest.alertmanager.held import NotCaughtUp
from streams.ingest.alertmanager.reconcile import Difference
from streams.ingest.lifetime import until_told_to_stop
from streams.people.reconciling import Misnamed, Reconciling

KINDS = ("known", "silenced", "inhibited", "young", "unreadable", "missing", "only_here")

log = structlog.get_logger()


class ReconcileMetrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._alerts = Gauge(
            "mendlog_reconcile_alerts",
            "Alerts that fire, at the last reading: where, and why one side need not know them.",
            ["kind"],
            registry=self.registry,
        )
        self._read_at = Gauge(
            "mendlog_reconcile_last_success_timestamp_seconds",
            "When both sides were last read; 0 before the first time.",
            registry=self.registry,
        )
        self._failures = Counter(
            "mendlog_reconcile_failures",
            "Readings that one of the sides did not answer.",
            ["side"],
            registry=self.registry,
        )
        for side in ("alertmanager", "mendlog"):
            self._failures.labels(side)

    def read(self, found: Difference) -> None:
        for kind in KINDS:
            value = getattr(found, kind)
            self._alerts.labels(kind).set(value if isinstance(value, int) else len(value))
        self._read_at.set_to_current_time()

    def failed(self, side: str) -> None:
        """The last numbers stand, and grow old."""
        self._failures.labels(side).inc()


async def watch(
    reconciling: Reconciling, every_s: int, host: str, port: int, listens: Callable[[str], None]
) -> None:
    """Runs until SIGTERM or SIGINT. Raises OSError where the address is not free."""
    metrics = ReconcileMetrics()

    async def told(_: web.Request) -> web.Response:
        body = in_text(metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/metrics", told)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        listens(f"http://{host}:{runner.addresses[0][1]}/metrics")
        rounds = asyncio.create_task(_rounds(reconciling, metrics, every_s))
        try:
            await until_told_to_stop(rounds)
        finally:
            rounds.cancel()
            await asyncio.wait([rounds])
    finally:
        await runner.cleanup()


async def _rounds(reconciling: Reconciling, metrics: ReconcileMetrics, every_s: int) -> None:
    while True:
        try:
            found = await reconciling.once()
            metrics.read(found)
            log.info("reconciled", missing=len(found.missing), only_here=len(found.only_here))
        except (NotAnswered, Misnamed) as error:
            metrics.failed("alertmanager")
            log.warning("not reconciled", why=str(error))
        except NotCaughtUp as error:
            metrics.failed("mendlog")
            log.warning("not reconciled", why=str(error))
        await asyncio.sleep(every_s)
