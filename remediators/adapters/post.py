"""One request to a channel over HTTP: no redirect, no proxy, no cookie, no second attempt."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
)

from remediators.notifier_ports import HttpFault, HttpReply, HttpRequest

ANSWER_BYTES_MAX = 4_096
"""An answer is a word or a small object; the rest of a longer one is not read."""
RETRY_AFTER_MS_MAX = 3_600_000
USER_AGENT = "mendlog-notifier"
CONNECTIONS_MAX = 64


class HttpPost:
    """Every request has a connection of its own: on one that was kept, a request cannot be told
    that was lost because the other side had just closed it."""

    def __init__(self, timeout_s: float) -> None:
        self._session = ClientSession(
            connector=TCPConnector(limit=CONNECTIONS_MAX, force_close=True),
            timeout=ClientTimeout(total=timeout_s, connect=timeout_s / 2),
            cookie_jar=DummyCookieJar(),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            trust_env=False,
        )

    async def send(self, request: HttpRequest) -> HttpReply:
        """A fault is told by its class alone: the client's texts may hold the address."""
        try:
            async with self._session.post(
                request.url, data=request.body, headers=request.headers, allow_redirects=False
            ) as response:
                return await _read(response)
        except (ClientConnectorError, ConnectionTimeoutError) as fault:
            return HttpReply(fault=HttpFault.NOT_REACHED, detail=f"not reached: {_name(fault)}")
        # Whatever else: it must not travel on with the address in its text or its frames.
        except Exception as fault:
            return HttpReply(fault=HttpFault.CUT, detail=f"no whole answer: {_name(fault)}")

    async def close(self) -> None:
        await self._session.close()


async def _read(response: ClientResponse) -> HttpReply:
    body = b""
    wait_ms = retry_after_ms(response.headers.get("Retry-After"), datetime.now(UTC))
    try:
        while len(body) < ANSWER_BYTES_MAX and (part := await response.content.readany()):
            body += part
    except (ClientError, TimeoutError, OSError) as fault:
        detail = f"cut short: {_name(fault)}"
        return HttpReply(response.status, body[:ANSWER_BYTES_MAX], wait_ms, HttpFault.CUT, detail)
    return HttpReply(response.status, body[:ANSWER_BYTES_MAX], wait_ms)


def retry_after_ms(header: str | None, now: datetime) -> int | None:
    """Seconds or a date. None for what is neither."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdecimal():
        return min(int(text[:9]) * 1000, RETRY_AFTER_MS_MAX)
    try:
        left_s = (parsedate_to_datetime(text).astimezone(UTC) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0, min(int(left_s * 1000), RETRY_AFTER_MS_MAX))


def _name(fault: BaseException) -> str:
    return type(fault).__name__
