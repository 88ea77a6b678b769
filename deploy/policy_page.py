"""The tables of docs/policy.md, made of the tables that policies are read by."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from deploy.tables import Tables, table
from schemas.probes import PROBES
from streams.policy.limits import LIMITS, field_of
from streams.policy.never import NEVER
from streams.policy.presets import PRESETS
from streams.policy.steps import MODES_SAY
from streams.reading.nodes import spoken

PAGE = Path(__file__).parent.parent / "docs/policy.md"
SCHEMA = PAGE.with_name("policy.schema.json")
_PRESET = "production-1"


def _limits() -> str:
    return table(("limit", f"`{_PRESET}`", "meaning"), _limit_rows())


def _never() -> str:
    rows = ((_code(never.alerts), never.why) for never in NEVER)
    return table(("alerts", "because"), rows)


def _modes() -> str:
    return table(("mode", "meaning"), ((f"`{m}`", says) for m, says in MODES_SAY.items()))


def _probes() -> str:
    return table(("probe", "passes when", "parameters"), _probe_rows())


def _limit_rows() -> Iterable[tuple[str, ...]]:
    preset = asdict(PRESETS[_PRESET])
    for key, limit in LIMITS.items():
        value, field = preset[field_of(key)], field_of(key)
        shown = spoken(value) if field.endswith("_ms") else str(value)
        yield f"`{key}`", shown, limit.about


def _probe_rows() -> Iterable[tuple[str, ...]]:
    for kind, row in PROBES.items():
        parameters = (f"`{name}`: {p.purpose}" for name, p in row.parameters.items())
        yield f"`{kind}`", row.purpose, "; ".join(parameters) or "none"


def _code(pattern: str) -> str:
    return ", ".join(f"`{name}`" for name in pattern.split("|"))


TABLES: Tables = {"limits": _limits, "never": _never, "modes": _modes, "probes": _probes}
