"""The words that prove a sender: where they stand, and what is no such word."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from streams.ingest.gateway.source import Secrets, Source
from streams.ingest.refusal import BadConfiguration

CHARACTERS_MIN = 16
P = TypeVar("P", str, bytes)


def read_secrets(secrets: Secrets, of: str, env: Mapping[str, str]) -> Iterator[str]:
    """`of` says whose they are, in a fault. Raises BadConfiguration."""
    for where, word in _read(secrets, of, env):
        if len(word) < CHARACTERS_MIN or not all("!" <= sign <= "~" for sign in word):
            raise BadConfiguration(
                f"the {of} in {where} is no word of {CHARACTERS_MIN} or more visible ASCII "
                "characters"
            )
        yield word


def one_owner_each(what: str, proofs: Iterable[tuple[Source, P]]) -> dict[P, Source]:
    """Raises BadConfiguration where one proof would speak for two sources."""
    owners: dict[P, Source] = {}
    for source, proof in proofs:
        if owners.setdefault(proof, source) is not source:
            raise BadConfiguration(
                f"the sources {owners[proof].name!r} and {source.name!r} share a {what}"
            )
    return owners


def _read(secrets: Secrets, of: str, env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in secrets.envs:
        yield f"${name}", env.get(name, "")
    for file in secrets.files:
        try:
            yield file, Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadConfiguration(f"the {of}: {error}") from None
