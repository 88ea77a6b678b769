"""A request's body: read in bounded time and bounded memory, or refused with the right code."""

import asyncio
from collections.abc import Callable, Mapping

from aiohttp import web

from schemas.topics import BODY_BYTES_MAX
from streams.ingest.flight import Share
from streams.ingest.inflate import ENCODINGS, Broken, Decoder, Plain, TooLarge
from streams.ingest.refusal import Refused

Encodings = Mapping[str, Callable[[int], Decoder]]
_CHARSETS = ("", "utf-8", "utf8", "us-ascii")


async def read_body(
    request: web.Request,
    share: Share,
    timeout_s: float,
    media_types: frozenset[str],
    encodings: Encodings = ENCODINGS,
) -> bytes:
    """The body as the sender meant it, decompressed. Raises Refused. Of the share, as much again is
    kept for the records that it becomes."""
    _check_type(request, media_types)
    decoder = _decoder(request, encodings)
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


def _check_type(request: web.Request, media_types: frozenset[str]) -> None:
    # No type at all, and forms, a browser sends to any site unasked.
    if "Content-Type" not in request.headers or request.content_type not in media_types:
        raise Refused(415, f"the content type must be {' or '.join(sorted(media_types))}")
    if (request.charset or "").lower() not in _CHARSETS:
        raise Refused(415, "the character set must be UTF-8")


def _decoder(request: web.Request, encodings: Encodings) -> Decoder:
    encoding = ",".join(request.headers.getall("Content-Encoding", [])).strip().lower()
    if encoding not in encodings:
        known = " or ".join(sorted(name or "none" for name in encodings))
        raise Refused(415, f"the content encoding must be {known}")
    return encodings[encoding](BODY_BYTES_MAX)


def _too_large() -> Refused:
    return Refused(413, f"the body is larger than {BODY_BYTES_MAX} bytes")
