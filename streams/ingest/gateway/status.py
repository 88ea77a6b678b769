"""Alertmanager's `GET /api/v2/status`, with the truth in it: no peers, and not its version."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from importlib.metadata import version

from aiohttp import web


def status_of(started_at: datetime) -> Callable[[web.Request], Awaitable[web.Response]]:
    build = dict.fromkeys(("revision", "branch", "buildUser", "buildDate", "goVersion"), "")
    answer = {
        "cluster": {"status": "disabled", "peers": []},
        "versionInfo": {"version": f"mendlog {version('mendlog')}", **build},
        "config": {"original": ""},
        "uptime": started_at.isoformat(),
    }

    async def status(_: web.Request) -> web.Response:
        return web.json_response(answer)

    return status
