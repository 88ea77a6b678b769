"""The HTTP face of checkout: orders, health, metrics, and faults when chaos is allowed."""

from enum import Enum

from aiohttp import web
from pydantic import ValidationError

from checkout.faults import FaultBox
from checkout.heap import Heap
from checkout.logs import correlate, log
from checkout.metrics import Metrics
from checkout.orders import EXAMPLE_BASKET, Basket, OrderDesk, PaymentFailed
from checkout.settings import Settings

BODY_BYTES_MAX = 256 * 1024


class Phase(Enum):
    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"


class Checkout:
    """The service's parts and its handlers."""

    def __init__(self, settings: Settings) -> None:
        self.phase = Phase.STARTING
        self.faults = FaultBox(settings)
        self.heap = Heap(settings.heap_mb * 1024 * 1024)
        self.metrics = Metrics(self.heap)
        self._desk = OrderDesk(self.faults, self.heap, degraded=settings.degraded_mode)
        self._chaos_enabled = settings.chaos_enabled

    def app(self) -> web.Application:
        app = web.Application(middlewares=[correlate], client_max_size=BODY_BYTES_MAX)
        app.add_routes(
            [
                web.get("/checkout", self.checkout),
                web.post("/checkout", self.checkout),
                web.get("/healthz", self.healthz),
                web.get("/readyz", self.readyz),
                web.get("/startupz", self.startupz),
                web.get("/metrics", self.show_metrics),
            ]
        )
        if self._chaos_enabled:
            app.router.add_get("/faults", self.show_faults)
            app.router.add_post("/faults", self.inject_faults)
            app.router.add_delete("/faults", self.clear_faults)
        return app

    async def checkout(self, request: web.Request) -> web.Response:
        with self.metrics.measure() as answer:
            response = await self._answer(request)
            answer.code = response.status
        log.info("order answered", code=answer.code)
        return response

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            order = await self._desk.place(await _basket(request))
        except ValidationError as error:
            return refusal(error)
        except PaymentFailed as error:
            return _failure("payment_failed", error)
        except MemoryError as error:
            return _failure("out_of_memory", error)
        return web.json_response(text=order.model_dump_json())

    async def healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(self, _: web.Request) -> web.Response:
        return self._while(self.phase is Phase.READY)

    async def startupz(self, _: web.Request) -> web.Response:
        return self._while(self.phase is not Phase.STARTING)

    def _while(self, good: bool) -> web.Response:
        return web.json_response({"phase": self.phase.value}, status=200 if good else 503)

    async def show_metrics(self, request: web.Request) -> web.Response:
        text, content_type = self.metrics.render(request.headers.get("Accept", ""))
        return web.Response(body=text, headers={"Content-Type": content_type})

    async def show_faults(self, _: web.Request) -> web.Response:
        heap = {"leaked_bytes": self.heap.leaked_bytes, "budget_bytes": self.heap.budget_bytes}
        return web.json_response({**self.faults.in_force.model_dump(), "heap": heap})

    async def inject_faults(self, request: web.Request) -> web.Response:
        try:
            self.faults.inject(await request.read())
        except ValidationError as error:
            return refusal(error)
        log.warning("faults injected", **self.faults.injected.model_dump())
        return await self.show_faults(request)

    async def clear_faults(self, request: web.Request) -> web.Response:
        """What has leaked stays leaked: only a new process is free of it."""
        self.faults.clear()
        log.warning("faults cleared")
        return await self.show_faults(request)


async def _basket(request: web.Request) -> Basket:
    body = await request.read()
    return Basket.model_validate_json(body) if body else EXAMPLE_BASKET


def _failure(kind: str, error: Exception) -> web.Response:
    log.error(kind, problem=str(error))
    return web.json_response({"error": kind}, status=500)


def refusal(error: ValidationError) -> web.Response:
    """422 with every field that is wrong, or 400 when it is not even JSON."""
    problems = [
        {"field": ".".join(map(str, fault["loc"])), "problem": fault["msg"]}
        for fault in error.errors(include_url=False, include_context=False)
    ]
    not_json = any(fault["type"] == "json_invalid" for fault in error.errors())
    return web.json_response({"errors": problems}, status=400 if not_json else 422)
