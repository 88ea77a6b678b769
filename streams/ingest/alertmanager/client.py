"""Questions to an Alertmanager, by GET below /api/v2: bounded in time and size, no redirects."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import msgspec
from yarl import URL

from schemas.topics import MIB
from streams.ingest.alertmanager.address import PATH, RECEIVERS_PATH, Address

ANSWER_BYTES_MAX = 64 * MIB
Asked = Sequence[tuple[str, str]]
"""Query parameters; a name may come more than once."""


class _Receiver(msgspec.Struct):
    name: str


_list = msgspec.json.Decoder(list[msgspec.Raw])
_receivers = msgspec.json.Decoder(list[_Receiver])
T = TypeVar("T")


class NotAnswered(Exception):
    """No list was to be had. `may_pass`: the same question may be answered later."""

    def __init__(self, why: str, *, may_pass: bool) -> None:
        super().__init__(why)
        self.may_pass = may_pass


async def ask(
    http: aiohttp.ClientSession,
    address: Address,
    asked: Asked = (),
    *,
    timeout_s: float,
    bytes_max: int = ANSWER_BYTES_MAX,
) -> list[bytes]:
    """The alerts that it holds, each as its bytes. Raises NotAnswered."""
    body = await _body(http, address, PATH, asked, timeout_s, bytes_max)
    return [bytes(raw) for raw in _decoded(_list, body, address.url)]


async def ask_receivers(
    http: aiohttp.ClientSession, address: Address, *, timeout_s: float
) -> list[str]:
    """The names of its receivers. Raises NotAnswered."""
    body = await _body(http, address, RECEIVERS_PATH, (), timeout_s, ANSWER_BYTES_MAX)
    return [receiver.name for receiver in _decoded(_receivers, body, address.url)]


async def _body(
    http: aiohttp.ClientSession,
    address: Address,
    path: str,
    asked: Asked,
    timeout_s: float,
    bytes_max: int,
) -> bytes:
    url = URL(f"{address.url.rstrip('/')}/{path}").with_query(list(asked))
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    if address.authorization_file:
        headers["Authorization"] = await asyncio.to_thread(_word, address.authorization_file)
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    try:
        async with http.get(url, headers=headers, timeout=timeout, allow_redirects=False) as answer:
            _check(answer, address.url)
            return await _read(answer, bytes_max)
    except TimeoutError:
        raise NotAnswered(f"{address.url}: no answer in {timeout_s:g} s", may_pass=True) from None
    except (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError) as error:
        why = f"{address.url}: TLS failed: {error} (SSL_CERT_FILE names who is trusted)"
        raise NotAnswered(why, may_pass=False) from None
    except aiohttp.ClientConnectorError as error:
        why = f"{address.url}: not reached: {error.os_error.strerror or error.os_error}"
        raise NotAnswered(why, may_pass=True) from None
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
        raise NotAnswered(f"{address.url}: the answer broke off: {error}", may_pass=True) from None
    except aiohttp.ClientError as error:
        raise NotAnswered(f"{address.url}: no answer in HTTP: {error}", may_pass=False) from None


def _word(file: str) -> str:
    try:
        text = Path(file).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        why = f"the authorization cannot be read: {file}: {why}"
        raise NotAnswered(why, may_pass=False) from None
    if not text or not text.isprintable():
        raise NotAnswered(f"{file} holds no value of a header `Authorization`", may_pass=False)
    return text


def _check(answer: aiohttp.ClientResponse, url: str) -> None:
    status = answer.status
    if status in (401, 403):
        raise NotAnswered(f"{url}: it does not let us ask: status {status}", may_pass=False)
    if 300 <= status < 400:
        raise NotAnswered(f"{url}: it sends us elsewhere, and we do not go", may_pass=False)
    if status >= 500 or status == 429:
        raise NotAnswered(f"{url}: it cannot answer now: status {status}", may_pass=True)
    if status != 200 or answer.content_type != "application/json":
        kind = f"status {status}, {answer.content_type}"
        raise NotAnswered(f"{url}: no Alertmanager with an API v2 ({kind})", may_pass=False)


async def _read(answer: aiohttp.ClientResponse, bytes_max: int) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > bytes_max:
            why = f"it holds more alerts than fit into {bytes_max} bytes"
            raise NotAnswered(why, may_pass=False)
    return bytes(body)


def _decoded(lists: "msgspec.json.Decoder[T]", body: bytes, url: str) -> T:
    try:
        return lists.decode(body)
    except (ValueError, RecursionError) as error:
        why = f"{url}: no Alertmanager with an API v2 (not a list in JSON: {error})"
        raise NotAnswered(why, may_pass=False) from None


def session(**options: Any) -> aiohttp.ClientSession:
    """Keeps no cookies, goes through no proxy, and decompresses nothing."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False, **options
    )
