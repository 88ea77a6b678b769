"""One cluster, what is kept elsewhere for it, and all that an auditor may know of either.

What its API does with a request is `tests.fakes.FakeCluster`, which passes the port's contract.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from remediators.adapters.flags.place import Flags, Kept
from remediators.core.reply import Answer, Reply
from remediators.core.request import SET, set_value
from remediators.ports import Cluster
from schemas.kinds import FLAG
from schemas.remediation import Request, Target
from tests.fakes import FakeCluster
from tests.simulation.timeline import Timeline


@dataclass(slots=True)
class Trouble:
    """How often something goes wrong with a call, of one."""

    unreadable: float = 0.0
    lost: float = 0.0
    unanswered: float = 0.0
    late: float = 0.0
    doubled: float = 0.0
    turned_away: float = 0.0


@dataclass(slots=True)
class Told:
    """What has reached an executor's process that may keep it from sending."""

    killed: set[str] = field(default_factory=set)
    """Clusters whose switch is on."""
    withdrawn: set[str] = field(default_factory=set)
    """Commands; those of the partitions that it has."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request whose first byte has left."""

    at_ms: int
    request: Request
    process: str
    killed: frozenset[str]
    withdrawn: frozenset[str]
    """What its sender had been told by then."""
    turned_away: bool = False
    """The API has answered that it did nothing."""


@dataclass(frozen=True, slots=True)
class Effect:
    at_ms: int
    request: Request
    uid: str
    """Of what was there of that name; empty where nothing was."""


@dataclass(slots=True)
class Switch:
    """A flag outside of the cluster, of whose changes nobody keeps a number."""

    value: str
    uid: str

    async def read(self) -> Kept | Reply:
        return Kept(self.value)

    async def write(self, *_: Any) -> Reply:
        raise AssertionError("what is sent goes through the site")

    async def close(self) -> None:
        pass


@dataclass(slots=True)
class Site:
    name: str
    timeline: Timeline
    rng: Random
    trouble: Trouble
    api: FakeCluster = field(default_factory=FakeCluster)
    switches: dict[str, Switch] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    set_by_hand: set[tuple[Target, str]] = field(default_factory=set)
    loses: set[Target] = field(default_factory=set)
    """The next request for each of these is lost."""
    gone: set[str] = field(default_factory=set)
    """Uids of what somebody has removed."""
    listeners: list[Callable[[Effect, Any], None]] = field(default_factory=list)
    """Told each effect, and the object as it was before."""

    def place(self, kind: str) -> Cluster:
        """Who is asked about objects of that kind."""
        return Flags(self.switches) if kind == FLAG else self.api

    def arrives(self, request: Request) -> Reply:
        before = self.api.objects.get(request.target)
        reply = self._does(request)
        if reply.answer is Answer.DONE:
            effect = Effect(self.timeline.now_ms, request, self._uid(request, before))
            self.effects.append(effect)
            if request.target not in self.api.objects:
                self.gone.add(effect.uid)
            for listener in self.listeners:
                listener(effect, before)
        return reply

    def _does(self, request: Request) -> Reply:
        if request.verb != SET:
            return self.api.take_effect(request)
        self.switches[request.target.name].value = set_value(request)
        return Reply(Answer.DONE)

    def _uid(self, request: Request, before: Any) -> str:
        if request.verb == SET:
            return self.switches[request.target.name].uid
        return str(before["metadata"]["uid"]) if before else ""

    # By other hands.

    def sets(self, flag: Target, value: str) -> None:
        self.switches[flag.name].value = value
        self.set_by_hand.add((flag, value))

    def edits(self, target: Target, edit: Callable[[Any], None]) -> None:
        if target in self.api.objects:
            self.api.change(target, edit)

    def made_anew(self, target: Target) -> None:
        """Somebody deletes it and makes another of that name."""
        found = self.api.objects.get(target)
        if found is not None:
            self.gone.add(found["metadata"]["uid"])
            self.api.delete(target)
            self.makes(target, found)

    def makes(self, target: Target, like: Any) -> None:
        """Under a uid of its own, and without what was noted on the other."""
        if target.kind == "Deployment":
            self.api.deploy(target)
            return
        body = json.loads(json.dumps(like))
        for name in ("uid", "annotations", "generation", "resourceVersion"):
            body["metadata"].pop(name, None)
        self.api.put(target, body)
