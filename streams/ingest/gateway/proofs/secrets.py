"""The words that prove a sender: where they stand, and what is no such word."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from streams.ingest.gateway.source import Secrets, Source
from streams.ingest.refusal import BadConfiguration, why_of

CHARACTERS_MIN = 16
P = TypeVar("P", str, bytes)


def read_secrets(secrets: Secrets, of: str, env: Mapping[str, str]) -> Iterator[str]:
    """`of` says whose they are, in a fault. Raises BadConfiguration."""
    for word, fault in _judged(secrets, of, env):
        if fault:
            raise BadConfiguration(fault)
        yield word


def check_secrets(sources: Iterable[Source], env: Mapping[str, str]) -> None:
    """Raises BadConfiguration with all that is wrong with any."""
    faults = [
        fault
        for source in sources
        for secrets, kind in _secrets_of(source)
        for _, fault in _judged(secrets, f"{kind} of source {source.name!r}", env)
        if fault
    ]
    if faults:
        raise BadConfiguration("; ".join(faults))


def one_owner_each(what: str, proofs: Iterable[tuple[Source, P]]) -> dict[P, Source]:
    """Raises BadConfiguration where one proof would speak for two sources."""
    owners: dict[P, Source] = {}
    for source, proof in proofs:
        if owners.setdefault(proof, source) is not source:
            raise BadConfiguration(
                f"the sources {owners[proof].name!r} and {source.name!r} share a {what}"
            )
    return owners


def _secrets_of(source: Source) -> Iterator[tuple[Secrets, str]]:
    yield source.tokens, "token"
    if source.login:
        yield source.login.passwords, "password"
    if source.signature:
        yield source.signature.secrets, "secret"


def _judged(secrets: Secrets, of: str, env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each word, or what is wrong with it."""
    for name in secrets.envs:
        word = env.get(name)
        why = "is not set" if word is None else _fault(word)
        yield word or "", why and f"the {of} in ${name} {why}"
    for file in secrets.files:
        try:
            word = Path(file).read_text(encoding="utf-8").strip()
            why = _fault(word)
        except OSError as error:
            word, why = "", f"cannot be read: {why_of(error)}"
        except UnicodeDecodeError:
            word, why = "", "is not UTF-8"
        yield word, why and f"the {of} in {file} {why}"


def _fault(word: str) -> str:
    if not word:
        return "is empty"
    if len(word) < CHARACTERS_MIN or not all("!" <= sign <= "~" for sign in word):
        return f"is no word of {CHARACTERS_MIN} or more visible ASCII characters"
    return ""
