"""Who sends: told by the token shown, or by the name given where only this machine reaches us."""

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import structlog

from streams.ingest.refusal import BadConfiguration, Refused
from streams.ingest.source_file import NAME
from streams.ingest.sources import Source

UNNAMED = Source("local")
"""A sender on this machine that gives no name."""
TOKEN_CHARACTERS_MIN = 16

log = structlog.get_logger()


class Doorkeeper(Protocol):
    def admit(self, authorization: str | None, name: str | None) -> Source:
        """The sender. Raises Refused."""


class Keyring:
    """One source for each token. All are compared, in constant time, whichever one fits."""

    def __init__(self, tokens: Mapping[str, Source]) -> None:
        self._owners = [(_digest(token), source) for token, source in tokens.items()]

    def admit(self, authorization: str | None, name: str | None) -> Source:
        scheme, _, token = (authorization or "").partition(" ")
        shown = _digest(token.strip())
        owners = [source for digest, source in self._owners if hmac.compare_digest(digest, shown)]
        if scheme.lower() != "bearer" or not owners:
            raise Refused(401, "a valid bearer token is needed")
        return owners[0]


class Unguarded:
    """Everybody may send and say who they are: for a gateway that only this machine reaches."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = {source.name: source for source in sources}

    def admit(self, authorization: str | None, name: str | None) -> Source:
        if not name:
            return UNNAMED
        if not NAME.fullmatch(name):
            raise Refused(400, "the source's name needs letters, digits and ._-")
        return self._sources.get(name, Source(name))


def doorkeeper(sources: Sequence[Source], host: str, env: Mapping[str, str]) -> Doorkeeper:
    tokens = _tokens(sources, env)
    if tokens:
        return Keyring(tokens)
    if not _is_loopback(host):
        raise BadConfiguration(
            f"no source has a token, so everybody could send alerts to {host}: give the sources "
            "tokens (MENDLOG_SOURCES_FILE), or bind to 127.0.0.1"
        )
    log.warning("alerts are taken without a token, from this machine only", host=host)
    return Unguarded(sources)


def _tokens(sources: Sequence[Source], env: Mapping[str, str]) -> dict[str, Source]:
    owners: dict[str, Source] = {}
    for source in sources:
        for where, token in _read_tokens(source, env):
            if len(token) < TOKEN_CHARACTERS_MIN or not _is_visible_ascii(token):
                raise BadConfiguration(
                    f"the token of source {source.name!r} in {where} is no word of "
                    f"{TOKEN_CHARACTERS_MIN} or more visible ASCII characters"
                )
            if owners.setdefault(token, source) is not source:
                raise BadConfiguration(
                    f"the sources {owners[token].name!r} and {source.name!r} share a token"
                )
    return owners


def _read_tokens(source: Source, env: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for name in source.token_envs:
        yield f"${name}", env.get(name, "")
    for file in source.token_files:
        try:
            yield file, Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadConfiguration(f"the token of source {source.name!r}: {error}") from None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _is_visible_ascii(token: str) -> bool:
    return all("!" <= sign <= "~" for sign in token)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
