"""One page on a real socket: what the service does, where its name leads, and what came of it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from remediators.adapters.http import AT_ONCE_MAX, BODY_BYTES_MAX, HttpPages, HttpPrometheus
from remediators.core.hosts import Hosts
from remediators.core.page import NoPage, Page
from tests.hurry import hurried

SOON_MS = 300
LONG_MS = 30_000
NAME = "checkout.shop.svc"

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[int]:
    """A port on which each connection has sent its request when the script begins."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        try:
            await reader.readuntil(b"\r\n\r\n")
            await script(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def says(*parts: bytes) -> Script:
    async def script(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()

    return script


async def silence(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def pages(port: int, *resolved: Sequence[str]) -> HttpPages:
    """`NAME` leads to loopback, or, asked for the nth time, to the nth of these."""
    answers = list(resolved) or [("127.0.0.1",)]

    async def resolve(host: str, _: int) -> Sequence[str]:
        assert host in (NAME, "127.0.0.1")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    return HttpPages(Hosts.of([f".svc:{port}"]), resolve)


async def get(port: int, timeout_ms: int = LONG_MS, path: str = "/") -> Page | NoPage:
    return await pages(port).get(f"http://{NAME}:{port}{path}", timeout_ms)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell"


async def test_an_answer():
    async with serving(says(OK)) as port:
        assert await get(port) == Page(200, b"well")


async def test_a_status_is_an_answer_too():
    async with serving(says(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n")) as port:
        assert await get(port) == Page(503)


@pytest.mark.parametrize(
    ("script", "cut"),
    [
        pytest.param(
            says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nwell"), "broke", id="short"
        ),
        pytest.param(
            says(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"),
            "compressed",
            id="compressed",
        ),
        pytest.param(
            says(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 65536] * (BODY_BYTES_MAX // 65536 + 1)),
            "bytes",
            id="huge",
        ),
    ],
)
async def test_an_answer_that_is_not_whole(script: Script, cut: str):
    async with serving(script) as port:
        page = await get(port)
    assert isinstance(page, Page)
    assert (page.status, page.body) == (200, b"")
    assert cut in page.cut


async def test_chunks_that_make_no_sense():
    chunks = b"Transfer-Encoding: chunked\r\n\r\nzz\r\nwell\r\n"
    async with serving(says(b"HTTP/1.1 200 OK\r\n", chunks)) as port:
        page = await get(port)
    assert isinstance(page, NoPage) or page.cut


async def test_an_answer_of_exactly_the_most_there_may_be():
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {BODY_BYTES_MAX}\r\n\r\n".encode()
    async with serving(says(head, b"x" * BODY_BYTES_MAX)) as port:
        page = await get(port)
    assert isinstance(page, Page)
    assert len(page.body) == BODY_BYTES_MAX


@hurried
async def test_a_drip_ends_with_the_time():
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await asyncio.sleep(5)

    async with serving(drip) as port:
        page = await get(port)
    assert isinstance(page, Page)
    assert page.cut == "the answer did not end in time"


@hurried
async def test_a_drip_of_headers_ends_with_the_time():
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-A: b\r\n")
            await asyncio.sleep(5)

    async with serving(drip) as port:
        assert isinstance(await get(port), NoPage)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(silence, id="silence"),
        pytest.param(says(), id="hangs up"),
        pytest.param(says(b"\xff\xfe\x00garbage\r\n\r\n"), id="garbage"),
        pytest.param(
            says(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"), id="long head"
        ),
    ],
)
async def test_no_answer(script: Script):
    async with serving(script) as port:
        assert isinstance(await get(port, SOON_MS), NoPage)


async def test_nobody_listens():
    with socket.socket() as bound:  # bound and not listening: nobody else gets the port
        bound.bind(("127.0.0.1", 0))
        assert isinstance(await get(bound.getsockname()[1]), NoPage)


async def test_a_redirect_is_not_followed():
    asked = []

    async def redirect(request: web.Request) -> web.Response:
        asked.append(request.path)
        raise web.HTTPFound("http://169.254.169.254/latest/meta-data/")

    async with application(redirect) as port:
        page = await get(port)
    assert isinstance(page, Page)
    assert page.status == 302
    assert asked == ["/"]


@pytest.mark.parametrize(
    "leads_to",
    [
        ("169.254.169.254",),
        ("127.0.0.1", "169.254.169.254"),
        ("::ffff:169.254.169.254",),
        ("fe80::1%lo",),
        ("fd00:ec2::254",),
        ("100.100.100.200",),
        (),
    ],
)
async def test_a_listed_name_that_leads_where_nothing_is_asked(leads_to: tuple[str, ...]):
    async with serving(says(OK)) as port:
        page = await pages(port, leads_to).get(f"http://{NAME}:{port}/", LONG_MS)
    assert page == NoPage("its host leads to an address that is never asked")


async def test_a_name_is_resolved_once_and_what_was_judged_is_called():
    """Asked again it would lead elsewhere: nobody asks again, until the next page."""
    async with serving(says(OK)) as port:
        rebinding = pages(port, ("127.0.0.1",), ("169.254.169.254",))
        url = f"http://{NAME}:{port}/"
        assert await rebinding.get(url, LONG_MS) == Page(200, b"well")
        assert isinstance(await rebinding.get(url, LONG_MS), NoPage)


@pytest.mark.parametrize(
    "url",
    [
        "http://other.example:{port}/",
        "http://127.0.0.1:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://{name}:1/",
        "http://{name}/",
        "http://{name}:{port}@127.0.0.1:{port}/",
        "http://me@{name}:{port}/",
        "http://127.0.0.1:{port}#.svc:{port}/",
        "http://127.0.0.1:{port}\\@{name}:{port}/",
        "ftp://{name}:{port}/",
        "http://",
        "http://{name}:port/",
        "http:///{name}",
    ],
)
async def test_addresses_that_are_not_listed_are_not_asked(url: str):
    connections = []

    async def count(*_: object) -> None:
        connections.append(1)

    async with serving(count) as port:
        page = await pages(port).get(url.format(name=NAME, port=port), LONG_MS)
    assert isinstance(page, NoPage)
    assert connections == []


async def test_metadata_is_not_asked_even_where_it_is_listed():
    listed = HttpPages(Hosts.of(["169.254.169.254", "[fd00:ec2::254]"]))
    for url in ("http://169.254.169.254/latest", "http://[fd00:ec2::254]/latest"):
        page = await listed.get(url, LONG_MS)
        assert page == NoPage("its host leads to an address that is never asked")


async def test_a_resolver_that_fails_or_hangs():
    async def fails(*_: object) -> Sequence[str]:
        raise OSError("no such host")

    async def hangs(*_: object) -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    for resolve in (fails, hangs):
        listed = HttpPages(Hosts.of([".svc"]), resolve)
        assert isinstance(await listed.get(f"http://{NAME}/", SOON_MS), NoPage)


async def test_who_finds_no_room_in_time_has_had_no_answer():
    async with serving(silence) as port:
        crowded = pages(port)
        url = f"http://{NAME}:{port}/"
        found = await asyncio.gather(
            *(crowded.get(url, SOON_MS) for _ in range(AT_ONCE_MAX + 1)),
        )
    assert all(isinstance(page, NoPage) for page in found)


async def to_loopback(_: str, __: int) -> Sequence[str]:
    return ("127.0.0.1",)


async def test_a_host_that_hangs_takes_no_room_from_another():
    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    async with serving(silence) as hanging, application(answer) as there:
        asked = HttpPages(Hosts.of([f".svc:{hanging}", f".svc:{there}"]), to_loopback)
        stuck = [
            asyncio.create_task(asked.get(f"http://{NAME}:{hanging}/", LONG_MS))
            for _ in range(AT_ONCE_MAX + 1)
        ]
        await asyncio.sleep(0)
        assert await asked.get(f"http://{NAME}:{there}/", LONG_MS) == Page(200)
        assert not any(task.done() for task in stuck)
        for task in stuck:
            task.cancel()


async def test_no_secret_goes_along(monkeypatch: pytest.MonkeyPatch):
    """Neither cookies nor a proxy of the environment."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    cookies = []

    async def set_cookie(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "a=b"})

    async with application(set_cookie) as port:
        same = pages(port)
        for _ in range(2):
            assert await same.get(f"http://{NAME}:{port}/", LONG_MS) == Page(200)
    assert cookies == [None, None]


async def test_a_query_reaches_prometheus_as_it_was_written():
    query = 'sum(rate(x{ns="shop", a=~"b|c"}[5m])) / 2 + 1 & 100% #'

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"path": request.path, **request.query})

    async with application(answer) as port:
        page = await HttpPrometheus(f"http://127.0.0.1:{port}/prom").query(query, LONG_MS)
    assert isinstance(page, Page)
    assert json.loads(page.body) == {
        "path": "/prom/api/v1/query",
        "query": query,
        "timeout": f"{LONG_MS}ms",
    }


@pytest.mark.parametrize("url", ["", "prometheus:9090", "ftp://a", "http://me:pw@a", "http://*"])
def test_what_is_no_address_of_a_prometheus(url: str):
    with pytest.raises(ValueError, match=r"\S"):
        HttpPrometheus(url)


@asynccontextmanager
async def application(handler: Callable[[web.Request], Awaitable[web.Response]]):
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
