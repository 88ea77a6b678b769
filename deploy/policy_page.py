"""The tables of docs/policy.md, made of the tables that policies are read by."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from schemas.actions import PROBES
from streams.policy.limits import LIMITS, field_of
from streams.policy.never import NEVER
from streams.policy.presets import PRESETS
from streams.policy.steps import MODES_SAY
from streams.reading.nodes import spoken

PAGE = Path(__file__).parent.parent / "docs/policy.md"
SCHEMA = PAGE.with_name("policy.schema.json")
_PRESET = "production-1"


def with_tables(page: str) -> str:
    """The page with each table between its markers."""
    for name, table in _tables().items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        before, found, rest = page.partition(begin)
        _old, found_end, after = rest.partition(end)
        assert found, f"{PAGE.name} has no {begin}"
        assert found_end, f"{PAGE.name} has no {end}"
        page = f"{before}{begin}\n{table}\n{end}{after}"
    return page


def _tables() -> Mapping[str, str]:
    return {
        "limits": _table(("limit", f"`{_PRESET}`", "meaning"), _limits()),
        "never": _table(
            ("alerts", "because"), ((_code(never.alerts), never.why) for never in NEVER)
        ),
        "modes": _table(("mode", "meaning"), ((f"`{m}`", says) for m, says in MODES_SAY.items())),
        "probes": _table(("probe", "passes when", "parameters"), _probes()),
    }


def _limits() -> Iterable[tuple[str, ...]]:
    preset = asdict(PRESETS[_PRESET])
    for key, limit in LIMITS.items():
        value, field = preset[field_of(key)], field_of(key)
        shown = spoken(value) if field.endswith("_ms") else str(value)
        yield f"`{key}`", shown, limit.about


def _probes() -> Iterable[tuple[str, ...]]:
    for kind, row in PROBES.items():
        parameters = (f"`{name}`: {p.purpose}" for name, p in row.parameters.items())
        yield f"`{kind}`", row.purpose, "; ".join(parameters) or "none"


def _code(pattern: str) -> str:
    return ", ".join(f"`{name}`" for name in pattern.split("|"))


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    rule = ("---",) * len(headings)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows))
