"""Who sends: told by what the request proves, or by the name it gives where only this machine
reaches us."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import structlog

from streams.ingest.gateway.proofs.caller import Caller
from streams.ingest.gateway.proofs.certificates import Certificates
from streams.ingest.gateway.proofs.keyring import Keyring
from streams.ingest.gateway.proofs.secrets import check_secrets
from streams.ingest.gateway.proofs.signatures import Signatures
from streams.ingest.gateway.proofs.sns_topics import SnsTopics
from streams.ingest.gateway.source import Source
from streams.ingest.gateway.source_file import NAME
from streams.ingest.refusal import BadConfiguration, Refused

UNNAMED = Source("local")
"""A sender on this machine that gives no name."""
BEARER_OR_BASIC = 'Bearer, Basic realm="mendlog"'

log = structlog.get_logger()


class Doorkeeper(Protocol):
    def admit(self, caller: Caller) -> Source | None:
        """The sender, before anything of the body is read. None: only its body can tell. Raises
        Refused."""

    async def prove(self, caller: Caller, body: bytes) -> Source:
        """The sender of a body. Raises Refused."""


class Guarded:
    """Who proves nothing is not let in."""

    def __init__(
        self, sources: Sequence[Source], env: Mapping[str, str], topics: SnsTopics | None = None
    ) -> None:
        """Raises BadConfiguration."""
        check_secrets(sources, env)
        self._sources = sources
        self._keyring = Keyring(sources, env)
        self._certificates = Certificates(sources)
        self._signatures = Signatures(sources, env)
        self._topics = topics or SnsTopics(sources)
        has_users = any(source.login for source in sources)
        self._asks_for = BEARER_OR_BASIC if has_users else "Bearer"

    def admit(self, caller: Caller) -> Source | None:
        owner = self._keyring.owner(caller) or self._certificates.owner(caller)
        if owner is None and not self._may_be_signed(caller):
            raise self._unknown(caller)
        return owner

    def _may_be_signed(self, caller: Caller) -> bool:
        return self._signatures.may_be_signed(caller) or self._topics.may_be_signed(caller)

    async def prove(self, caller: Caller, body: bytes) -> Source:
        if self._topics.may_be_signed(caller):
            return await self._topics.owner(body)
        owner = self._signatures.owner(caller, body)
        if owner is None:
            raise self._unknown(caller, self._signatures.misses(caller))
        return owner

    def _unknown(self, caller: Caller, misses: str = "") -> Refused:
        if misses:
            why = misses
        elif kinds := list(dict.fromkeys(_kinds(self._sources, caller.format))):
            why = f"{' or '.join(kinds)} is needed"
        else:
            why = f"none is registered that may send {caller.format}"
        said = f"nothing here proves a registered source: {why}"
        return Refused(401, said, asks_for=self._asks_for)


def _kinds(sources: Sequence[Source], format: str) -> Iterator[str]:
    """What would prove somebody at this door. Nobody is told whose proof is of which kind."""
    here = [source for source in sources if source.format in (None, format)]
    if any(source.tokens for source in here):
        yield "a valid bearer token"
    if any(source.login for source in here):
        yield "a user with the right password"
    for how in sorted({s.signature for s in here if s.signature}, key=lambda how: how.header):
        yield f"a right signature of the body in {how.header}" + (
            f", after {how.prefix!r}" if how.prefix else ""
        )
    if any(source.certificate for source in here):
        yield "a client certificate"
    if any(source.topics for source in here):
        yield "an envelope of Amazon SNS"


class Unguarded:
    """Everybody may send and say who they are: for a gateway that only this machine reaches."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = {source.name: source for source in sources}

    def admit(self, caller: Caller) -> Source:
        if not caller.name:
            return UNNAMED
        if not NAME.fullmatch(caller.name):
            raise Refused(400, "the source's name needs letters, digits and ._-")
        return self._sources.get(caller.name, Source(caller.name))

    async def prove(self, caller: Caller, body: bytes) -> Source:
        return self.admit(caller)


def doorkeeper(sources: Sequence[Source], host: str, env: Mapping[str, str]) -> Doorkeeper:
    """Raises BadConfiguration."""
    if any(source.proves_itself for source in sources):
        return Guarded(sources, env)
    if not _is_loopback(host):
        raise BadConfiguration(
            f"no source has a token, so everybody could send alerts to {host}: give the sources "
            "tokens (MENDLOG_SOURCES_FILE), or bind to 127.0.0.1"
        )
    log.warning("alerts are taken without a token, from this machine only", host=host)
    return Unguarded(sources)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
