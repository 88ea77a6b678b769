"""Flags outside of a cluster, behind the port of one.

That somebody has registered a flag is his consent: there is nowhere to write `mendlog.io/enabled`,
and nowhere to write our marker either.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.core.request import SET, set_match, set_value, was_value
from remediators.core.seen import ENABLED, Json, Seen
from remediators.core.workload import Surroundings
from remediators.ports import Reached, not_reached
from schemas.remediation import Request, Target

REQUEST_SENT = "executor.request_sent"


@dataclass(frozen=True, slots=True)
class Kept:
    """A value, and what the store calls this state of it: a version, an ETag, or nothing."""

    value: str
    match: str = ""


class Store(Protocol):
    """Where one flag is kept."""

    uid: str

    async def read(self) -> Kept | Reply: ...

    async def write(
        self, value: str, match: str, in_time: Callable[[], bool], sent: Callable[[], None]
    ) -> Reply:
        """One call. UNPROCESSABLE where the flag is certainly no longer as `match` has it. `sent`
        is called once it has gone out."""
        ...

    async def close(self) -> None: ...


class Flags:
    """Of one cluster, by name."""

    def __init__(self, stores: Mapping[str, Store], reached: Reached = not_reached) -> None:
        self._stores = stores
        self._reached = reached

    async def look(self, target: Target) -> Seen | Reply:
        store = self._stores.get(target.name)
        if store is None:
            return Reply(Answer.NOT_FOUND, "no such flag is registered (MENDLOG_FLAGS_FILE)")
        kept = await store.read()
        return kept if isinstance(kept, Reply) else _seen(target, store.uid, kept)

    async def find(self, query: Query) -> tuple[Json, ...] | Reply:
        return Reply(Answer.INVALID, f"nothing is found among the {query.kind}s")

    async def survey(self, target: Target) -> tuple[Seen, Surroundings] | Reply:
        seen = await self.look(target)
        return seen if isinstance(seen, Reply) else (seen, Surroundings())

    async def rehearse(self, request: Request) -> Reply:
        """That it can be read, and is as planned. Whether it may be written, only a write tells."""
        seen = await self.look(request.target)
        if isinstance(seen, Reply):
            return seen
        if seen.body["value"] != was_value(request):
            return Reply(Answer.UNPROCESSABLE, "it has another value by now")
        return Reply(Answer.DONE)

    async def send(self, request: Request, in_time: Callable[[], bool]) -> Reply:
        store = self._stores.get(request.target.name)
        if store is None or request.verb != SET:
            return Reply(Answer.INVALID, f"no call is known to {request.verb} {request.target}")
        value, match = set_value(request), set_match(request)
        return await store.write(value, match, in_time, lambda: self._reached(REQUEST_SENT))

    async def close(self) -> None:
        await asyncio.gather(*(store.close() for store in self._stores.values()))


def _seen(target: Target, uid: str, kept: Kept) -> Seen:
    digest = hashlib.sha256(f"{kept.value}\n{kept.match}".encode()).digest()
    return Seen(
        target=target,
        uid=uid,
        generation=int.from_bytes(digest[:6], "big") or 1,
        generation_kept=False,
        marks_kept=False,
        resource_version=kept.match,
        annotations={ENABLED: "true"},
        body={"value": kept.value, "match": kept.match},
    )
