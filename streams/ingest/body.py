"""A request's body: read in bounded time and bounded memory, or refused with the right code."""

import asyncio

from aiohttp import web

from schemas.topics import BODY_BYTES_MAX
from streams.ingest.flight import Share
from streams.ingest.inflate import ENCODINGS, Broken, Decoder, Plain, TooLarge
from streams.ingest.refusal import Refused

_CHARSETS = ("", "utf-8", "utf8", "us-ascii")


async def read_body(request: web.Request, share: Share, timeout_s: float) -> bytes:
    """The body as the sender meant it, decompressed. Raises Refused. Of the share, as much again is
    kept for the records that it becomes."""
    _check_type(request)
    decoder = _decoder(request)
    said = request.content_length or 0
    if said > BODY_BYTES_MAX:
        raise _too_large()
    share.keep(2 * said)
    try:
        async with asyncio.timeout(timeout_s):
            return await _read(request, decoder, share)
    except TimeoutError:
        raise Refused(408, f"the body did not arrive within {timeout_s:g} s") from None
    except TooLarge:
        raise _too_large() from None
    except Broken as error:
        raise Refused(400, f"body: {error}") from None
    # The sender went away, or its chunks or its Content-Length do not add up.
    except (web.RequestPayloadError, ConnectionError, EOFError) as error:
        raise Refused(400, f"body: {error}") from None


async def _read(request: web.Request, decoder: Decoder, share: Share) -> bytes:
    arriving = Plain(BODY_BYTES_MAX)
    body = bytearray()
    async for piece in request.content.iter_any():
        made = decoder.feed(arriving.feed(piece))
        share.take(len(made))
        body += made
    decoder.end()
    return bytes(body)


def _check_type(request: web.Request) -> None:
    # Nothing but JSON, also not nothing at all: those a browser sends to any site unasked.
    if "Content-Type" not in request.headers or request.content_type != "application/json":
        raise Refused(415, "the content type must be application/json")
    if (request.charset or "").lower() not in _CHARSETS:
        raise Refused(415, "the character set must be UTF-8")


def _decoder(request: web.Request) -> Decoder:
    encoding = ",".join(request.headers.getall("Content-Encoding", [])).strip().lower()
    if encoding not in ENCODINGS:
        raise Refused(415, "the content encoding must be gzip, deflate or none")
    return ENCODINGS[encoding](BODY_BYTES_MAX)


def _too_large() -> Refused:
    return Refused(413, f"the body is larger than {BODY_BYTES_MAX} bytes")
