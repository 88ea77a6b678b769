"""Why a page cannot be had, in words for who runs the scraper."""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from schemas.topics import MIB
from streams.ingest.scraper.fetch import FAILED, fetch, session, why_not
from streams.ingest.scraper.targets import BadTargets, read_targets

PATIENT_S, IMPATIENT_S = 30.0, 0.05


async def why(url: str, timeout_s: float = PATIENT_S) -> str:
    async with session() as http:
        with pytest.raises(FAILED) as caught:
            (await fetch(http, url, "text/plain", timeout_s)).decode()
    return why_not(caught.value)


async def test_nobody_listens() -> None:
    assert await why("http://127.0.0.1:1/") == "connection refused"


async def test_what_is_no_address() -> None:
    assert await why("http:///metrics") == "no address: http:///metrics"


async def test_what_a_server_says() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        match request.path:
            case "/silent":
                await asyncio.Event().wait()
            case "/huge":
                return web.Response(body=bytes(5 * MIB), content_type="text/plain")
            case "/latin1":
                return web.Response(body=b"\xe9", content_type="text/plain")
        return web.Response(status=503, text="")

    app = web.Application()
    app.add_routes([web.get("/{any}", answer)])
    async with TestServer(app) as server:
        assert await why(str(server.make_url("/silent")), IMPATIENT_S) == "no answer in time"
        assert await why(str(server.make_url("/huge"))) == "more than 4 MiB"
        assert await why(str(server.make_url("/latin1"))) == "not UTF-8"
        assert await why(str(server.make_url("/down"))) == "status 503, text/plain"
        assert "SSL" in await why(f"https://127.0.0.1:{server.port}/")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "an empty body, not a JSON array of targets"),
        (b"{}", "not a JSON array of targets: Expected `array`, got `object`"),
        (b"<html>", "not a JSON array of targets: JSON is malformed: invalid character (byte 0)"),
    ],
)
def test_what_is_no_list_of_targets(body: bytes, why: str) -> None:
    with pytest.raises(BadTargets) as caught:
        read_targets(body)
    assert why_not(caught.value) == why


def test_what_says_nothing_is_told_by_its_kind() -> None:
    assert why_not(aiohttp.ClientPayloadError()) == "ClientPayloadError"
