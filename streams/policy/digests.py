"""What a text means, as a digest: of the policy and of each ladder in it."""

import json
from collections.abc import Mapping, Set
from dataclasses import Field, fields, is_dataclass, replace
from enum import Enum
from importlib.metadata import version
from typing import Any

from schemas.ids import digest
from streams.core.matching import Matchers
from streams.core.playbook import Condition, Mode, Playbook

FORMAT = 1
MEANING = tuple(
    f"{name}=={version(name)}" for name in ("google-re2", "common-expression-language", "tzdata")
)
"""What gives a text its meaning beside us: another version may read it otherwise."""


def digest_of(source: str) -> str:
    """Of the text and of what gives it meaning."""
    return digest("policy", FORMAT, *MEANING, source)


def ladder_digest(book: Playbook) -> Playbook:
    """The playbook with the digest of everything that it would do. Its name is only what people
    call it; its mode, and why it is trusted, say how far it may go by itself, and what it has shown
    in one mode is its evidence for the next. A pure function of the text: neither a version nor the
    order of a set is in it, nor what is not said; else a release that can say more would void the
    evidence of every ladder."""
    plain = _plain(replace(book, name="", digest="", mode=Mode.AUTO, trusted=""))
    return replace(book, digest=digest("ladder", json.dumps(plain, ensure_ascii=False)))


def _plain(value: Any) -> Any:
    match value:
        case Matchers():
            return str(value)
        case Condition():
            return value.text
        case Enum():
            return value.value
        case Mapping():
            return {key: _plain(value[key]) for key in sorted(value)}
        case Set():
            return sorted(value)
        case tuple():
            return [_plain(item) for item in value]
    if is_dataclass(value):
        said = {f.name: getattr(value, f.name) for f in fields(value) if _is_said(f, value)}
        return {name: _plain(given) for name, given in said.items()}
    return value


def _is_said(field: Field[Any], value: Any) -> bool:
    return getattr(value, field.name) != field.default
