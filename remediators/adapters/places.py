"""Where a cluster's objects are: most in its own API, some elsewhere, told apart by their kind.

An instance of a cloud, a flag in a parameter store, a commit in a repository: what is elsewhere
keeps the same port, so the protocol is the same for it.
"""

import asyncio
from collections.abc import Callable, Mapping

from remediators.core.query import Query
from remediators.core.reply import Reply
from remediators.core.seen import Json, Seen
from remediators.core.workload import Surroundings
from remediators.ports import Cluster
from schemas.remediation import Request, Target


class Places:
    """`elsewhere` by kind; all other kinds are `home`'s."""

    def __init__(self, home: Cluster, elsewhere: Mapping[str, Cluster]) -> None:
        self._home = home
        self._elsewhere = elsewhere

    async def look(self, target: Target) -> Seen | Reply:
        return await self._of(target.kind).look(target)

    async def find(self, query: Query) -> tuple[Json, ...] | Reply:
        return await self._of(query.kind).find(query)

    async def survey(self, target: Target) -> tuple[Seen, Surroundings] | Reply:
        return await self._of(target.kind).survey(target)

    async def rehearse(self, request: Request) -> Reply:
        return await self._of(request.target.kind).rehearse(request)

    async def send(self, request: Request, in_time: Callable[[], bool]) -> Reply:
        return await self._of(request.target.kind).send(request, in_time)

    async def close(self) -> None:
        places = {id(place): place for place in (self._home, *self._elsewhere.values())}
        await asyncio.gather(*(place.close() for place in places.values()))

    def _of(self, kind: str) -> Cluster:
        return self._elsewhere.get(kind, self._home)
