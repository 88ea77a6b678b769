"""The parameter `probes` of a VERIFY: which probes to run, and under which names to answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.probes import PLACEHOLDERS, PROBES, PROBES_MAX
from schemas.remediation import Target


@dataclass(frozen=True, slots=True)
class Asked:
    name: str
    kind: str
    parameters: Mapping[str, str] = field(default_factory=dict)


class Unreadable(ValueError):
    """Nobody can tell what was asked, so nothing of it is run."""


def asked(text: str) -> tuple[Asked, ...]:
    """Raises Unreadable."""
    if not text.lstrip().startswith("["):
        parts = (part.strip() for part in text.split(","))
        return tuple(Asked(kind, kind) for kind in dict.fromkeys(parts) if kind)
    found = tuple(_one(item) for item in _items(text))
    if len({each.name for each in found}) < len(found):
        raise Unreadable("two probes have one name")
    return found


def _items(text: str) -> list[Any]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise Unreadable("not JSON") from fault
    if not isinstance(items, list) or len(items) > PROBES_MAX:
        raise Unreadable(f"not a list of at most {PROBES_MAX}")
    return items


def _one(item: Any) -> Asked:
    texts = isinstance(item, dict) and all(isinstance(value, str) for value in item.values())
    if not texts or not item.get("name") or not item.get("probe"):
        raise Unreadable("a probe is an object of texts, with a name and a kind")
    more = {key: value for key, value in item.items() if key not in ("name", "probe")}
    return Asked(item["name"], item["probe"], more)


def filled_in(probe: Asked, target: Target) -> Mapping[str, str]:
    """With the target's names for placeholders. These were found to be names when the command was
    admitted, so they bring nothing along: no slash, no quote, no brace."""
    values = dict(zip(PLACEHOLDERS, (target.namespace, target.name), strict=True))
    open_ones = PROBES[probe.kind].filled_in
    return {
        key: _fill(text, values) if key in open_ones else text
        for key, text in probe.parameters.items()
    }


def _fill(text: str, values: Mapping[str, str]) -> str:
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text
