"""What a probe is to the executor: something asked, what may be looked at, and a verdict."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from remediators.core.query import Query
from remediators.core.reply import Reply
from remediators.core.seen import Json, Seen
from remediators.ports import Outlook
from schemas.remediation import Target


@dataclass(frozen=True, slots=True)
class Sight:
    """`look` and `find` ask the cluster anew; only probes that need it call them."""

    target: Target
    look: Callable[[], Awaitable[Seen | Reply]]
    outlook: Outlook
    find: Callable[[Query], Awaitable[tuple[Json, ...] | Reply]]
    uid: str = ""
    """Of the object that the action was bound to."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`passed` None: it could not be told, which is never success."""

    passed: bool | None
    detail: str = ""


def untold(why: str) -> Verdict:
    return Verdict(None, why)


Probe = Callable[[Mapping[str, str], Sight], Awaitable[Verdict]]
"""Its parameters are as the contract declares them, placeholders filled in."""
