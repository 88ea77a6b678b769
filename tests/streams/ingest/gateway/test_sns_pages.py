"""Which pages are read for an envelope of SNS, and how: nothing but what SNS itself wrote."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from schemas.topics import KIB
from streams.ingest.gateway.sns_pages import NotFetched, allowed_url, fetching
from tests.streams.ingest.gateway.sns_sender import CERTIFICATE, PEM, SNS, VISIT

NOT_OF_SNS = [
    "http://sns.us-east-1.amazonaws.com/a.pem",
    "https://sns.evil.example/a.pem",
    "https://sns.us-east-1.amazonaws.com.evil.example/a.pem",
    "https://sns.us-east-1.evil.example/sns.us-east-1.amazonaws.com/a.pem",
    "https://evil.example/https://sns.us-east-1.amazonaws.com/a.pem",
    "https://xsns.us-east-1.amazonaws.com/a.pem",
    "https://" + "sns.us-east-1xamazonaws.com/a.pem",
    "https://sns.x.s3.amazonaws.com/a.pem",
    "https://sns.s3-us-west-2.amazonaws.com/a.pem",
    "https://sns.s3-accelerate.amazonaws.com/a.pem",
    "https://sns.us.amazonaws.com/a.pem",
    "https://s3.us-east-1.amazonaws.com/a.pem",
    "https://user@sns.us-east-1.amazonaws.com/a.pem",
    "https://sns.us-east-1.amazonaws.com@evil.example/a.pem",
    "https://sns.us-east-1.amazonaws.com:secret@evil.example/a.pem",
    "https://sns.us-east-1.amazonaws.com\\@evil.example/a.pem",
    "https://sns.us-east-1.amazonaws.com#@evil.example/a.pem",
    "https://sns.us-east-1.amazonaws.com:8443/a.pem",
    "https://sns.us-east-1.amazonaws.com./a.pem",
    "https://sns.us-east-1.amazonaws.com.cn.evil.example/a.pem",
    "https://sns.us-east-1.amazonaws.com/a.pem\n",
    " https://sns.us-east-1.amazonaws.com/a.pem",
    "https://" + "sns.us-east-1\u3002amazonaws.com/a.pem",
    "https://127.0.0.1/a.pem",
    "file:///etc/a.pem",
    "",
]
ANSWERS_OF_SNS = [
    f"{SNS}/a.pem?x=.pem",
    f"{SNS}/?Action=GetEndpointAttributes&x=.pem",
    f"{SNS}/a.pem#.pem",
    f"{SNS}/x/../a.pem",
    f"{SNS}/a.txt",
    f"{SNS}/",
    SNS,
]
"""Pages of SNS that may repeat what a stranger wrote."""


@pytest.mark.parametrize("url", NOT_OF_SNS + ANSWERS_OF_SNS)
def test_no_certificate_is_read_from_elsewhere(url: str) -> None:
    assert not allowed_url(url)


@pytest.mark.parametrize("url", [url.replace("/a.pem", VISIT[len(SNS) :]) for url in NOT_OF_SNS])
def test_no_subscription_is_confirmed_elsewhere(url: str) -> None:
    assert not allowed_url(url, ends="")


def test_the_confirmation_of_a_subscription_is_no_certificate() -> None:
    assert allowed_url(VISIT, ends="")
    assert not allowed_url(VISIT)
    assert not allowed_url(PEM, ends="")


@pytest.mark.parametrize("url", [PEM, f"{SNS}:443/a.pem", f"{SNS}.cn/a.pem", PEM.lower()])
def test_certificates_of_sns_may_be_read(url: str) -> None:
    assert allowed_url(url)


@asynccontextmanager
async def serving(handler: Callable[[web.Request], object]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)  # type: ignore[arg-type]
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def fetched(handler: Callable[[web.Request], object], timeout_s: float = 30) -> bytes:
    async with serving(handler) as url, aiohttp.ClientSession() as http:
        return await fetching(http, timeout_s)(url)


async def test_a_page_is_fetched() -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(body=CERTIFICATE)

    assert await fetched(page) == CERTIFICATE


async def test_a_redirect_is_not_followed() -> None:
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request.path)
        raise web.HTTPFound("/secret")

    with pytest.raises(NotFetched, match="302"):
        await fetched(elsewhere)
    assert asked == ["/"]


async def test_a_page_without_end_is_not_read_to_the_end() -> None:
    written = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 10_000)
            written += 10_000

    with pytest.raises(NotFetched, match="longer"):
        await fetched(endless)
    assert written < 32 * 1024 * KIB  # What the sockets hold besides.


async def test_a_compressed_page_is_not_unpacked() -> None:
    async def bomb(_: web.Request) -> web.Response:
        return web.Response(body=b"x", headers={"Content-Encoding": "gzip"})

    with pytest.raises(NotFetched):
        await fetched(bomb)


async def test_a_page_that_never_comes_is_waited_for_briefly() -> None:
    async def silent(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(NotFetched):
        await fetched(silent, timeout_s=0.05)


async def test_nobody_there_is_not_fetched() -> None:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(NotFetched):
            await fetching(http)("http://127.0.0.1:1/")
