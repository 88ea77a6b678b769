"""Structured logs: one JSON object a line on standard output."""

import logging
import re
import sys
import uuid

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

CORRELATION_HEADER = "X-Correlation-Id"
WELL_FORMED = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")

log = structlog.get_logger()


def configure(level: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )


@web.middleware
async def correlate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every request an id: the caller's, or a new one when that could forge a log line."""
    offered = request.headers.get(CORRELATION_HEADER, "")
    correlation_id = offered if WELL_FORMED.fullmatch(offered) else uuid.uuid4().hex
    with structlog.contextvars.bound_contextvars(correlation_id=correlation_id):
        try:
            response = await handler(request)
        except web.HTTPException as refusal:
            refusal.headers[CORRELATION_HEADER] = correlation_id
            raise
        except Exception:
            log.exception("unhandled", path=request.path)
            response = web.json_response({"error": "internal"}, status=500)
    response.headers[CORRELATION_HEADER] = correlation_id
    return response
