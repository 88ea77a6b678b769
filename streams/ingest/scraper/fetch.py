"""GET of a page that somebody else wrote: bounded in time and size, no redirects."""

import aiohttp

from schemas.topics import BODY_BYTES_MAX, MIB
from streams.ingest.inflate import ENCODINGS, Broken, Plain, TooLarge
from streams.ingest.refusal import why_of

HEADERS = {"Accept": "text/plain;version=0.0.4, application/json", "Accept-Encoding": "gzip"}
FAILED = (aiohttp.ClientError, OSError, TimeoutError, TooLarge, Broken, ValueError)
"""What fetching a page, and then reading it, may raise."""


def session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers=HEADERS, auto_decompress=False)


async def fetch(
    http: aiohttp.ClientSession, url: str, content_type: str, timeout_s: float
) -> bytes:
    """Raises one of FAILED."""
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    async with http.get(url, timeout=timeout, allow_redirects=False) as answer:
        if answer.status != 200 or answer.content_type != content_type:
            raise ValueError(f"status {answer.status}, {answer.content_type}")
        return await _read(answer)


def why_not(error: BaseException) -> str:
    """One of FAILED, for who runs this."""
    match error:
        case TimeoutError():
            return "no answer in time"
        case aiohttp.ClientSSLError():  # its number is that of another library
            return str(error)
        case OSError():
            return why_of(error)
        case TooLarge():
            return f"more than {BODY_BYTES_MAX // MIB} MiB"
        case UnicodeDecodeError():
            return "not UTF-8"
        case aiohttp.InvalidURL():
            return f"no address: {error}"
        case _:
            return str(error) or type(error).__name__


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    encoding = answer.headers.get("Content-Encoding", "").lower()
    if encoding not in ENCODINGS:
        raise ValueError(f"content encoding {encoding!r}")
    arriving, decoder = Plain(BODY_BYTES_MAX), ENCODINGS[encoding](BODY_BYTES_MAX)
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += decoder.feed(arriving.feed(piece))
    decoder.end()
    return bytes(body)
