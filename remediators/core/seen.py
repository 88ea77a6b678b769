"""An object as the API server had it: what guards, actions and proofs are asked about.

Plain values; no client library's objects come this far.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.remediation import Target

ENABLED = "mendlog.io/enabled"
PAUSED_UNTIL = "mendlog.io/paused-until"

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    target: Target
    uid: str
    generation: int
    generation_kept: bool = True
    """By the API. Where it keeps none, a number made of what the object is for, which moves when
    that is changed."""
    marks_kept: bool = True
    """It has room for our marker. Where it has none, its value alone tells."""
    resource_version: str
    annotations: Mapping[str, str]
    owner: str = ""
    """Who else controls it, as `kind/name` between commas. Whether an autoscaler does, only a
    survey tells; `HorizontalPodAutoscaler/?` says that it could not."""
    field_managers: tuple[str, ...] = ()
    leaving: bool = False
    """Somebody has deleted it, and it is on its way out."""
    unfinished: str = ""
    """What is made in two calls, and of which only the first is done: what is there, in words."""
    link: str = ""
    """Where people look at it."""
    body: Json
    """The whole object."""

    @property
    def opted_in(self) -> bool:
        return self.annotations.get(ENABLED) == "true"

    @property
    def paused_until(self) -> str:
        return self.annotations.get(PAUSED_UNTIL, "")
