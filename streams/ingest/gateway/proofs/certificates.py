"""Client certificates, as a proxy that ended TLS tells of them in a header."""

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from streams.ingest.gateway.proofs.caller import Caller
from streams.ingest.gateway.proofs.secrets import one_owner_each
from streams.ingest.gateway.source import Certificate, Source

_ENVOYS = "x-forwarded-client-cert"
_BALANCED = re.compile(r'(?:[^"\\]|"(?:[^"\\]|\\.)*+")*+')
"""Quotes that close: of anything else nobody can say where an element ends, and looking for it
would take the square of its length."""
_ELEMENT = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*+")++')
_FIELD = re.compile(r'(?:[^";]|"(?:[^"\\]|\\.)*+")++')
_NAMES = ("uri", "subject", "dns")


class Certificates:
    def __init__(self, sources: Iterable[Source]) -> None:
        """Raises BadConfiguration."""
        self._owners = [(source, source.certificate) for source in sources if source.certificate]
        one_owner_each("certificate", ((s, name) for s, c in self._owners for name in c.names))

    def owner(self, caller: Caller) -> Source | None:
        for source, wanted in self._owners:
            if _is_of(caller.peer, wanted) and wanted.names & {*_names(wanted.header, caller)}:
                return source
        return None


def _is_of(peer: str, wanted: Certificate) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in wanted.proxies)


def _names(header: str, caller: Caller) -> Iterator[str]:
    """Of a header that is there once: a second is somebody else's. The header as it stands; of
    Envoy's also the names in its last element, which is of whoever spoke to the proxy: those before
    it are what that one said of others."""
    every = caller.all(header)
    if len(every) != 1:
        return
    (shown,) = every
    yield shown
    if header.lower() != _ENVOYS or not _BALANCED.fullmatch(shown):
        return
    elements = _ELEMENT.findall(shown)
    for field in _FIELD.findall(elements[-1]) if elements else ():
        name, _, value = field.strip().partition("=")
        if name.lower() in _NAMES:
            yield value.strip('"')
