"""A question to an Alertmanager: what is said where no list of alerts comes back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.ingest.alertmanager.address import Address, complaint
from streams.ingest.alertmanager.client import NotAnswered, ask, session
from tests.streams.ingest.alertmanager.server import PATH, Odd, odd


@pytest.fixture
async def server() -> AsyncIterator[Odd]:
    async with odd() as made:
        yield made


async def asked(server: Odd, path: str = "", file: str = "", **options) -> list[bytes]:
    async with session() as http:
        return await ask(http, Address(server.url + path, file), **{"timeout_s": 30.0, **options})


async def refused(server: Odd, **options) -> NotAnswered:
    with pytest.raises(NotAnswered) as caught:
        await asked(server, **options)
    return caught.value


async def test_each_alert_comes_back_as_its_bytes(server: Odd) -> None:
    server.body = b'[{"a": 1}, 2]'
    assert await asked(server) == [b'{"a": 1}', b"2"]


async def test_the_question_is_asked_below_a_prefix_and_may_name_things_twice(
    server: Odd,
) -> None:
    async with session() as http:
        pairs = [("filter", 'a="b&c=d"'), ("filter", "e"), ("receiver", r"a\.b")]
        await ask(http, Address(f"{server.url}/am/"), pairs, timeout_s=30)
    (request,) = server.asked
    assert request.path == f"/am{PATH}"
    assert list(request.query.items()) == pairs
    assert "Authorization" not in request.headers


async def test_it_proves_itself_with_what_a_file_holds_now(server: Odd, tmp_path: Path) -> None:
    file = tmp_path / "authorization"
    for word in ("Bearer one", "Basic dHdvOnR3bw=="):
        file.write_text(f"{word}\n")
        await asked(server, file=str(file))
        assert server.asked[-1].headers["Authorization"] == word


@pytest.mark.parametrize("text", ["", " \n", "Bearer a\nX-Other: b", "Bearer ü"])
async def test_a_file_that_holds_no_header_is_named(server: Odd, tmp_path: Path, text: str) -> None:
    file = tmp_path / "authorization"
    file.write_text(text)
    error = await refused(server, file=str(file))
    assert not error.may_pass
    assert "authorization" in str(error)
    assert server.asked == [], "nothing was sent"


@pytest.mark.parametrize(
    ("status", "said", "may_pass"),
    [
        (301, "sends us elsewhere", False),
        (401, "does not let us ask", False),
        (403, "does not let us ask", False),
        (404, "no Alertmanager with an API v2 (status 404", False),
        (429, "cannot answer now", True),
        (500, "cannot answer now", True),
        (503, "cannot answer now", True),
    ],
)
async def test_what_it_answers_is_told(server: Odd, status: int, said: str, may_pass: bool) -> None:
    server.status, server.headers = status, {"Location": f"{server.url}/elsewhere"}
    error = await refused(server)
    assert said in str(error)
    assert error.may_pass is may_pass
    assert len(server.asked) == 1, "no redirect is followed"


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[", b"null", b"[" * 100_000])
async def test_what_is_no_list_is_no_alertmanager(server: Odd, body: bytes) -> None:
    server.body = body
    assert "no Alertmanager with an API v2" in str(await refused(server))


async def test_a_page_for_people_is_no_alertmanager(server: Odd) -> None:
    server.content_type = "text/html"
    assert "no Alertmanager with an API v2 (status 200, text/html)" in str(await refused(server))


async def test_more_than_fits_is_not_read(server: Odd) -> None:
    server.body = b"[" + b"1," * 50_000 + b"1]"
    error = await refused(server, bytes_max=100_000)
    assert (error.may_pass, "more alerts than fit" in str(error)) == (False, True)
    assert len(await asked(server, bytes_max=100_003)) == 50_001


async def test_who_does_not_answer_is_not_waited_for(server: Odd) -> None:
    server.answers.clear()
    error = await refused(server, timeout_s=0.2)
    assert (error.may_pass, "no answer in 0.2 s" in str(error)) == (True, True)


async def test_an_answer_that_breaks_off_may_be_had_later() -> None:
    async def breaks_off(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
        writer.write(f"{head}[1,".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(breaks_off, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        error = await refused(Odd(url=f"http://127.0.0.1:{port}"))
    assert (error.may_pass, "broke off" in str(error)) == (True, True), str(error)


async def test_who_is_not_there_is_not_reached() -> None:
    error = await refused(Odd(url="http://127.0.0.1:1"))
    assert (error.may_pass, "not reached" in str(error)) == (True, True)


async def test_who_speaks_no_tls_is_told_apart(server: Odd) -> None:
    server.url = server.url.replace("http:", "https:")
    error = await refused(server)
    assert (error.may_pass, "TLS failed" in str(error)) == (False, True), str(error)


@pytest.mark.parametrize(
    "url",
    [
        "http://alertmanager:9093",
        "https://am.example/prefix/",
        "http://[::1]:9093",
    ],
)
def test_an_address_that_will_do(url: str) -> None:
    assert complaint(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        "",
        "alertmanager:9093",
        "ftp://am.example",
        "http://",
        "http://user:word@am.example",
        "http://am.example/?a=b",
        "http://am.example/#a",
        "http://am.example/api/v2/alerts",
        "http://am.example/api/v2/alerts/",
        "http://am.example:port",
        "http://[::1",
        "http://a\\b",
    ],
)
def test_an_address_that_will_not_do(url: str) -> None:
    assert complaint(url)
