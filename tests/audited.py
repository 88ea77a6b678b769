"""The audit at the end of a test: nothing speaks against any invariant that was asked about."""

from collections.abc import Collection

from streams.audit.auditor import Asked
from streams.audit.run import Scope, audit
from streams.audit.verdict import INVARIANTS, Verdict


async def audited(
    bootstrap: str,
    prefix: str,
    asked: Asked | None = None,
    *,
    settled: bool = False,
    about: Collection[str] = tuple(INVARIANTS),
) -> dict[str, Verdict]:
    """`about`: for worlds in which only a part of the platform runs."""
    scope = Scope(bootstrap, prefix, settled, replays="I10" in about)
    found = {v.invariant: v for v in await audit(scope, asked) if v.invariant in about}
    against = [v.first for v in found.values() if v.violations]
    assert not against, against
    return found
