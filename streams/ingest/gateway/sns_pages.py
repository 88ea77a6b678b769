"""Pages of Amazon SNS: which addresses may be read at all, and how.

Anybody can put any address into an envelope, so nothing is read that is not SNS itself, and of SNS
only certificates and the confirmation of a subscription. Its other pages repeat what strangers
stored there: a certificate among them, if they like.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Literal
from urllib.parse import parse_qsl

import aiohttp

from schemas.topics import KIB

Fetch = Callable[[str], Awaitable[bytes]]
"""The page at this address. Raises NotFetched."""
PAGE_BYTES_MAX = 64 * KIB
TIMEOUT_S = 5.0

# The whole address, so that no two readers of it can disagree about its host.
# A region, and nothing that only looks like one: sns.s3-us-west-2 is a bucket that is called sns.
_REGION = r"[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}"
_HOST = rf"(?P<host>sns\.{_REGION}\.amazonaws\.com(?:\.cn)?)(?::443)?"
_CERTIFICATE = re.compile(rf"https://{_HOST}/[A-Za-z0-9_-]+\.pem")
_CONFIRMATION = re.compile(rf"https://{_HOST}/\?(?P<query>[A-Za-z0-9._~%:&=+-]+)")
_ADDRESSES = {".pem": _CERTIFICATE, "": _CONFIRMATION}


class NotFetched(Exception):
    """The page could not be had, this time."""


def allowed_url(url: str, ends: Literal[".pem", ""] = ".pem") -> bool:
    """`ends` of an address without a query: a certificate's; "" allows only a query at the root."""
    return bool(_ADDRESSES[ends].fullmatch(url))


def host(certificate_url: str) -> str:
    """Of an address that is allowed."""
    found = _CERTIFICATE.fullmatch(certificate_url)
    assert found
    return found["host"].lower()


def confirms(url: str, topic: str, token: str) -> bool:
    """Whether visiting the address does this one thing."""
    found = _CONFIRMATION.fullmatch(url)
    asked = [("Action", "ConfirmSubscription"), ("Token", token), ("TopicArn", topic)]
    return found is not None and sorted(parse_qsl(found["query"])) == asked


def fetching(http: aiohttp.ClientSession, timeout_s: float = TIMEOUT_S) -> Fetch:
    """Goes where it is sent and nowhere else: no redirects. `allowed_url` comes before it."""

    async def fetch(url: str) -> bytes:
        try:
            return await _fetch(http, url, timeout_s)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise NotFetched(str(error) or type(error).__name__) from None

    return fetch


async def _fetch(http: aiohttp.ClientSession, url: str, timeout_s: float) -> bytes:
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    plain = {"Accept-Encoding": "identity"}
    async with http.get(url, timeout=timeout, headers=plain, allow_redirects=False) as answer:
        if answer.status != 200 or "Content-Encoding" in answer.headers:
            raise ValueError(f"status {answer.status}")
        page = bytearray()
        async for piece in answer.content.iter_any():
            page += piece
            if len(page) > PAGE_BYTES_MAX:
                raise ValueError(f"longer than {PAGE_BYTES_MAX} bytes")
        return bytes(page)
