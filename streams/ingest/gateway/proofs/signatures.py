"""Signed bodies: HMAC-SHA256 with a secret that only the sender and the gateway know."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from streams.ingest.gateway.proofs.caller import Caller
from streams.ingest.gateway.proofs.secrets import one_owner_each, read_secrets
from streams.ingest.gateway.source import Signature, Source
from streams.ingest.refusal import Refused

_UNIX_S = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class _Key:
    source: Source
    signature: Signature
    secret: bytes


class Signatures:
    def __init__(self, sources: Iterable[Source], env: Mapping[str, str]) -> None:
        """Raises BadConfiguration."""
        self._keys = [key for source in sources for key in _keys(source, env)]
        one_owner_each("secret", ((key.source, key.secret) for key in self._keys))

    def may_be_signed(self, caller: Caller) -> bool:
        return any(self._candidates(caller))

    def misses(self, caller: Caller) -> str:
        """What a signature that is shown lacks on the outside; empty where it may be one. Told from
        the settings and the form of the header, never by comparing with what is right."""
        hows = {key.signature for key in self._candidates(caller)}
        lacking = sorted(how.header for how in hows if not _has_prefix(how, caller))
        if not hows or len(lacking) < len(hows):
            return ""
        prefixes = " or ".join(sorted(repr(how.prefix) for how in hows))
        return f"what {lacking[0]} holds must begin with {prefixes}"

    def owner(self, caller: Caller, body: bytes) -> Source | None:
        """Every key is tried, whichever fits. Raises Refused for a right signature that is old."""
        signed = [key for key in self._candidates(caller) if _is_signed(key, caller, body)]
        if not signed:
            return None
        _check_age(signed[0].signature, caller)
        return signed[0].source

    def _candidates(self, caller: Caller) -> Iterator[_Key]:
        for key in self._keys:
            if key.source.format == caller.format and key.signature.header in caller.headers:
                yield key


def _keys(source: Source, env: Mapping[str, str]) -> Iterator[_Key]:
    if signature := source.signature:
        for word in read_secrets(signature.secrets, f"secret of source {source.name!r}", env):
            yield _Key(source, signature, word.encode())


def _is_signed(key: _Key, caller: Caller, body: bytes) -> bool:
    """A header may hold several signatures, of which one is enough: so secrets are rotated."""
    how = key.signature
    made = hmac.new(key.secret, digestmod=hashlib.sha256)
    if how.timestamp_header:
        made.update(f"{caller.headers.get(how.timestamp_header, '')}:".encode(errors="replace"))
    made.update(body)
    wanted = (how.prefix + made.hexdigest()).encode()
    shown = caller.headers[how.header].split(",")
    fits = [hmac.compare_digest(one.strip().encode(errors="replace"), wanted) for one in shown]
    return any(fits)


def _has_prefix(how: Signature, caller: Caller) -> bool:
    shown = caller.headers[how.header].split(",")
    return any(one.strip().startswith(how.prefix) for one in shown)


def _check_age(how: Signature, caller: Caller) -> None:
    if not how.timestamp_header:
        return
    said = caller.headers.get(how.timestamp_header, "")
    if not _UNIX_S.fullmatch(said) or abs(int(said) - caller.now_s) > how.window_s:
        raise Refused(401, f"signed more than {how.window_s} s from now, or for no time at all")
