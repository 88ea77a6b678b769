"""What every door does alike: who is it, is it this one's, read the body in its share of memory,
and say no in the same words."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from streams.ingest.flight import Flight, Share
from streams.ingest.gateway.auth import Doorkeeper
from streams.ingest.gateway.body import Encodings, read_body
from streams.ingest.gateway.metrics import GatewayMetrics
from streams.ingest.gateway.proofs.caller import Caller
from streams.ingest.gateway.source import Source
from streams.ingest.inflate import ENCODINGS
from streams.ingest.produce import NotAcknowledged
from streams.ingest.refusal import RETRY_LATER_S, Refused

Reached = Callable[[str], None]
Take = Callable[[Source, bytes, Share], Awaitable[web.Response]]
"""What is done with a body. Raises Refused or NotAcknowledged."""
Say = Callable[[int, str], web.Response]
"""How a status and a sentence are answered."""
Tell = Callable[[Source], Awaitable[web.StreamResponse]]
"""What is answered to a question. Raises Refused."""


def answer(status: int, text: str) -> web.Response:
    """A sentence is sent as a JSON string, as Alertmanager sends its own."""
    if not text:
        return web.Response(status=status)
    return web.Response(status=status, text=json.dumps(text), content_type="application/json")


@dataclass(frozen=True, slots=True)
class Door:
    doorkeeper: Doorkeeper
    flight: Flight
    metrics: GatewayMetrics
    body_timeout_s: float
    reached: Reached

    async def let_in(
        self,
        request: web.Request,
        format: str,
        media_types: frozenset[str],
        take: Take,
        encodings: Encodings = ENCODINGS,
        say: Say = answer,
    ) -> web.Response:
        source: Source | None = None
        try:
            caller = _caller(request, format)
            source = self.doorkeeper.admit(caller)
            if source:
                _check_door(request, source, format)
            with Share(self.flight) as share:
                body = await read_body(request, share, self.body_timeout_s, media_types, encodings)
                self.reached("gateway.body_read")
                if source is None:
                    source = await self.doorkeeper.prove(caller, body)
                    _check_door(request, source, format)
                response = await take(source, body, share)
        except Refused as refused:
            response = _refusal(refused, say)
        except NotAcknowledged as silence:
            response = _refusal(Refused(503, str(silence), RETRY_LATER_S), say)
        self.metrics.answered(source, response.status)
        return response

    async def let_ask(self, request: web.Request, format: str, tell: Tell) -> web.StreamResponse:
        """For who brings nothing. A signature is one of a body, so it proves nobody here."""
        source: Source | None = None
        try:
            source = self.doorkeeper.admit(_caller(request, format))
            if source is None:
                raise Refused(401, "a question has no body to sign: a bearer token is needed")
            _check_door(request, source, format)
            if source.proves_itself and not source.may_ask:
                raise Refused(403, f"the source {source.name!r} may send only: it lacks `may_ask`")
            response: web.StreamResponse = await tell(source)
        except Refused as refused:
            response = _refusal(refused)
        self.metrics.answered(source, response.status)
        return response


def _caller(request: web.Request, format: str) -> Caller:
    name = (
        request.match_info.get("name")
        or request.query.get("source")
        or request.headers.get("X-Mendlog-Source")
    )
    return Caller(format, request.headers, request.remote or "", name, time.time())


def _check_door(request: web.Request, source: Source, format: str) -> None:
    if source.format not in (None, format):
        raise Refused(403, f"the source {source.name!r} is registered to send {source.format}")
    if request.match_info.get("name", source.name) != source.name:
        raise Refused(403, f"this door is not that of the source {source.name!r}")


def _refusal(refused: Refused, say: Say = answer) -> web.Response:
    response = say(refused.status, refused.why)
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = refused.asks_for
    if refused.retry_after_s is not None:
        response.headers["Retry-After"] = str(refused.retry_after_s)
    if refused.status in (401, 408, 413, 415):
        response.force_close()  # What is left of the body is not worth reading.
    return response
