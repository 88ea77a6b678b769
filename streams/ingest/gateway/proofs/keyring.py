"""Bearer tokens, and users with passwords: whoever shows one is its owner."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping

from streams.ingest.gateway.proofs.caller import Caller
from streams.ingest.gateway.proofs.secrets import one_owner_each, read_secrets
from streams.ingest.gateway.source import Source


class Keyring:
    """One source for each credential. All are compared, in constant time, whichever fits."""

    def __init__(self, sources: Iterable[Source], env: Mapping[str, str]) -> None:
        """Raises BadConfiguration."""
        owners = one_owner_each(
            "token", ((source, shown) for source in sources for shown in _credentials(source, env))
        )
        self._owners = [(_digest(shown), source) for shown, source in owners.items()]

    def owner(self, caller: Caller) -> Source | None:
        scheme, _, word = caller.headers.get("Authorization", "").partition(" ")
        shown = _digest(f"{scheme.lower()} {word.strip()}")
        owners = [source for digest, source in self._owners if hmac.compare_digest(digest, shown)]
        return owners[0] if owners else None


def _credentials(source: Source, env: Mapping[str, str]) -> Iterator[str]:
    for token in read_secrets(source.tokens, f"token of source {source.name!r}", env):
        yield f"bearer {token}"
    if login := source.login:
        for word in read_secrets(login.passwords, f"password of source {source.name!r}", env):
            yield "basic " + base64.b64encode(f"{login.user}:{word}".encode()).decode()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
