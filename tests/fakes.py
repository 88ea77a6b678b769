"""Fakes that keep the contracts of the executor's ports: no network, no broker, no waiting.

`FakeCluster` passes the same suite as the real thing (`tests/ports`). What it is told to do wrong,
it does once.
"""

import asyncio
import copy
import itertools
import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from deploy.sandbox.cluster.api.json_patch import PatchFailed, apply
from remediators.actions.releases import Revision
from remediators.adapters.kubernetes import owners, views
from remediators.core.autoscalers import horizontal
from remediators.core.page import NoPage, Page
from remediators.core.pods import budgets_over
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer, Reply
from remediators.core.request import CREATE, EVICT, PATCH, SET_STATUS, removed_uid
from remediators.core.seen import Json, Seen
from remediators.core.workload import REVISION, Surroundings, Workload
from remediators.ports import BrokerLost, Delivery, Owner, Posted, Recorded
from schemas.controls import Heartbeat
from schemas.kinds import (
    AUTOSCALER,
    BUDGET,
    CONFIG_MAP,
    DEPLOYMENT,
    INGRESS,
    JOB,
    POD,
    REPLICA_SET,
    ROLLOUT,
    WORKLOADS,
)
from schemas.remediation import Request, Target
from tests.remediators.builders import replica_set

Object = dict[str, Any]
Kept = tuple[int, Recorded | None]
KEEP_A_GENERATION = {*WORKLOADS, REPLICA_SET, INGRESS, JOB, POD, ROLLOUT}


class FakeCluster:
    """Objects with optimistic concurrency: of a Deployment a spec or an annotation that changes
    moves the generation, and a patch of which one test fails changes nothing."""

    def __init__(self) -> None:
        self.objects: dict[Target, Object] = {}
        self.history: dict[str, list[Revision]] = defaultdict(list)
        """By uid."""
        self.rehearsed: list[Request] = []
        self.rehearsals: deque[Reply | Callable[[Request], Reply]] = deque()
        """As `replies`."""
        self.changes: list[Request] = []
        """What has taken effect, in order."""
        self.sent: list[Request] = []
        self.replies: deque[Reply | Callable[[Request], Reply]] = deque()
        """For the next sends. Without one the request takes effect."""
        self.readings: deque[Reply] = deque()
        """For the next looks."""
        self.budgets: list[Object] = []
        self.unread: deque[Reply] = deque()
        """For the next surveys: why budgets cannot be read."""
        self.autoscalers: list[Object] = []
        self._uids = itertools.count(1)

    # What a test does to it.

    def deploy(self, target: Target, **spec: Any) -> Object:
        found = {
            "metadata": {
                "name": target.name,
                "uid": f"uid-{next(self._uids)}",
                "generation": 1,
                "resourceVersion": "1",
                "annotations": {"mendlog.io/enabled": "true", REVISION: "1"},
            },
            "spec": {
                "replicas": 3,
                "selector": {"matchLabels": {"app": target.name}},
                "template": {
                    "metadata": {"labels": {"app": target.name}},
                    "spec": {"containers": [{"name": "main", "image": "example/main:1"}]},
                },
                **spec,
            },
        }
        self.objects[target] = found
        self._settle(found)
        return found

    def put(self, target: Target, body: Object) -> Object:
        """Any other object, opted in unless it says otherwise."""
        meta = {"annotations": {"mendlog.io/enabled": "true"}, **body.get("metadata", {})}
        meta |= {"name": target.name, "uid": f"uid-{next(self._uids)}", "resourceVersion": "1"}
        meta |= {"namespace": target.namespace} if target.namespace else {}
        if target.kind in KEEP_A_GENERATION:
            meta["generation"] = 1
        spec = {} if target.kind == CONFIG_MAP else {"spec": {}}
        self.objects[target] = {**spec, **copy.deepcopy(body), "metadata": meta}
        return self.objects[target]

    def change(self, target: Target, edit: Callable[[Object], None]) -> None:
        """By somebody else."""
        changed = copy.deepcopy(self.objects[target])
        edit(changed)
        self._store(target, changed)

    def delete(self, target: Target) -> None:
        del self.objects[target]

    def take_effect(self, request: Request, *, rehearsal: bool = False) -> Reply:
        """What the API does with a request; for replies that then tell another story."""
        before = dict(self.objects)  # what is changed is put in the place of what was
        reply = self._does(request)
        if rehearsal:
            self.objects = before
        elif reply.answer is Answer.DONE:
            self.changes.append(request)
        return reply

    def _does(self, request: Request) -> Reply:
        found = self.objects.get(request.target)
        if request.verb == CREATE:
            return self._creates(request, found)
        if found is None:
            return Reply(Answer.NOT_FOUND, "404: not found")
        patches = request.verb in (PATCH, SET_STATUS)
        return self._patches(request, found) if patches else self._removes(request, found)

    def _creates(self, request: Request, found: Object | None) -> Reply:
        if found is not None:
            return Reply(Answer.CONFLICT, "409: already exists")
        self.put(request.target, json.loads(request.body))
        return Reply(Answer.DONE)

    def _patches(self, request: Request, found: Object) -> Reply:
        try:
            changed = apply(copy.deepcopy(found), json.loads(request.body))
        except PatchFailed as fault:
            return Reply(Answer.UNPROCESSABLE, f"422: {fault}")
        if request.verb == SET_STATUS:
            changed = {**copy.deepcopy(found), "status": changed["status"]}
        if changed.get("spec", {}).get("replicas", 0) < 0:
            return Reply(Answer.UNPROCESSABLE, "422: must not be negative")
        self._store(request.target, changed)
        return Reply(Answer.DONE)

    def _removes(self, request: Request, found: Object) -> Reply:
        if "preconditions" in request.body and removed_uid(request) != found["metadata"]["uid"]:
            return Reply(Answer.CONFLICT, "409: the UID in the precondition does not match")
        if request.verb == EVICT:
            seen = views.seen(request.target, found)
            if len(budgets_over(found, self.budgets)) > 1:
                return Reply(Answer.UNSURE, "500: more than one disruption budget")
            if views.pdb_allowed(seen, self.budgets) == 0:
                return Reply(Answer.THROTTLED, "429: it would violate the disruption budget")
        del self.objects[request.target]
        return Reply(Answer.DONE)

    def lose_answer(self, request: Request) -> Reply:
        self.take_effect(request)
        return Reply(Answer.UNSURE, "cut")

    # The port.

    async def look(self, target: Target) -> Seen | Reply:
        await _asked()
        if self.readings:
            return self.readings.popleft()
        found = self.objects.get(target)
        if found is None:
            return Reply(Answer.NOT_FOUND, "404: not found")
        return views.seen(target, copy.deepcopy(found))

    async def find(self, query: Query) -> tuple[Json, ...] | Reply:
        await _asked()
        if query.kind == REPLICA_SET:
            return tuple(
                replica_set(revision, uid)
                for uid, revisions in self.history.items()
                for revision in revisions
            )
        if beside := {AUTOSCALER: self.autoscalers, BUDGET: self.budgets}.get(query.kind):
            return tuple(copy.deepcopy(beside))
        return tuple(
            copy.deepcopy(found)
            for target, found in self.objects.items()
            if (target.kind, target.name) == (query.kind, query.name or target.name)
            and query.namespace in ("", target.namespace)
            and _selected(query, found)
        )

    async def survey(self, target: Target) -> tuple[Seen, Surroundings] | Reply:
        seen = await self.look(target)
        if isinstance(seen, Reply):
            return seen
        scaled_by = horizontal(target, self.autoscalers)
        owned = replace(seen, owner=owners.joined([seen.owner, *scaled_by]))
        unread = self.unread.popleft() if self.unread else None
        allowed = None if unread else views.pdb_allowed(seen, self.budgets)
        around = Surroundings(allowed, nodes=3, nodes_ready=3, zones=3, unread=unread)
        return owned, replace(around, keeper=self._keeper(seen))

    def _keeper(self, seen: Seen) -> Workload | None:
        named = owners.keeper(seen)
        found = self.objects.get(named) if named else None
        kept = views.seen(named, copy.deepcopy(found)) if named and found else None
        return kept if isinstance(kept, Workload) else None

    async def rehearse(self, request: Request) -> Reply:
        await _asked()
        self.rehearsed.append(request)
        if not self.rehearsals:
            return self.take_effect(request, rehearsal=True)
        reply = self.rehearsals.popleft()
        return reply if isinstance(reply, Reply) else reply(request)

    async def send(self, request: Request, in_time: Callable[[], bool]) -> Reply:
        await _asked()
        if not in_time():
            return Reply(Answer.HELD_BACK)
        self.sent.append(request)
        if not self.replies:
            return self.take_effect(request)
        reply = self.replies.popleft()
        return reply if isinstance(reply, Reply) else reply(request)

    async def close(self) -> None:
        pass

    def _store(self, target: Target, changed: Object) -> None:
        old, meta = self.objects[target], changed["metadata"]
        meta["resourceVersion"] = str(int(meta["resourceVersion"]) + 1)
        counted = (changed.get("spec"), meta["annotations"] if target.kind == DEPLOYMENT else None)
        before = (old.get("spec"), old["metadata"]["annotations"] if counted[1] else None)
        if "generation" in meta and counted != before:
            meta["generation"] += 1
        self.objects[target] = changed
        if target.kind == DEPLOYMENT:
            self._settle(changed)

    def _settle(self, found: Object) -> None:
        """As the controllers would, at once; but with `minReadySeconds` a rollout does not end."""
        wanted, meta = found["spec"]["replicas"], found["metadata"]
        counts = dict.fromkeys(
            ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), wanted
        )
        found["status"] = {**counts, "observedGeneration": meta["generation"]}
        history, template = self.history[meta["uid"]], found["spec"]["template"]
        if not history or history[-1].template != template:
            same = [r for r in history if r.template == template]
            for old in same:
                history.remove(old)
            number = 1 + max((r.number for r in [*history, *same]), default=0)
            history.append(Revision(number, copy.deepcopy(template)))
        meta["annotations"][REVISION] = str(history[-1].number)
        if found["spec"].get("minReadySeconds") and len(history) > 1:
            found["status"]["replicas"] = wanted + 1


async def _asked() -> None:
    await asyncio.sleep(0)  # Whatever else there is to do goes on meanwhile.


def written(found: Object, spec: Object, writer: str) -> None:
    """Put down in the object as the API would, if by anybody."""
    fields = {"f:spec": {f"f:{name}": {} for name in spec}}
    entry = {"manager": writer, "operation": "Update", "fieldsV1": fields}
    found["metadata"] |= {"managedFields": [entry]} if writer else {}


def _selected(query: Query, found: Object) -> bool:
    """The selectors that the executor uses: equal labels, and one field."""
    labels = found["metadata"].get("labels") or {}
    wanted = [part.partition("=") for part in query.labels.split(",") if part]
    path, _, value = query.fields.partition("=")
    at: Any = found
    for part in path.split(".") if path else ():
        at = at.get(part) or {}
    field = not path or at == value
    return field and all(labels.get(name) == text for name, _, text in wanted)


class FakePages:
    """Services and a Prometheus that answer what they were told to; all others do not answer."""

    def __init__(self) -> None:
        self.answers: dict[str, Page] = {}
        """By address, or by query."""
        self.asked: list[str] = []

    async def get(self, url: str, timeout_ms: int) -> Page | NoPage:
        self.asked.append(url)
        return self.answers.get(url, NoPage("no answer"))

    async def query(self, query: str, timeout_ms: int) -> Page | NoPage:
        return await self.get(query, timeout_ms)


class FakeClock:
    """The broker's time, as the test sets it; and the switches."""

    def __init__(self, now_ms: int) -> None:
        self.at_ms = now_ms
        self.refusals: dict[str, Refusal] = {}

    def now_ms(self) -> int | None:
        return self.at_ms

    def refusal(self, cluster: str) -> Refusal | None:
        return self.refusals.get(cluster)

    async def wait_fresh(self, timeout_s: float) -> None:
        pass


class FakeLedger:
    """`outcomes` in memory."""

    def __init__(self, clock: FakeClock) -> None:
        self.records: dict[int, list[Kept]] = defaultdict(list)
        self.reads = 0
        self._clock = clock

    async def read(self, partition: int, since_ms: int, naming: str = "") -> AsyncIterator[Kept]:
        self.reads += 1
        await _asked()
        for at_ms, record in list(self.records[partition]):
            if at_ms >= since_ms:
                yield at_ms, record

    async def append(self, partition: int, record: Recorded) -> int:
        await _asked()
        self.records[partition].append((self._clock.at_ms, record))
        return self._clock.at_ms


class FakeInbox:
    """`commands` in memory: delivered in order, and what was committed."""

    def __init__(self) -> None:
        self.waiting: deque[Delivery] = deque()
        self.committed: dict[int, int] = {}
        self.rejected: list[Delivery] = []
        self.joined = asyncio.Event()
        self.full: list[set[int]] = []
        """What was not asked for, each time."""

    async def start(self, owner: Owner) -> None:
        await owner.assigned([0])
        self.joined.set()

    async def fetch(self, records_max: int, full: Collection[int] = ()) -> Sequence[Delivery]:
        await asyncio.sleep(0)
        self.full.append(set(full))
        fetched = [d for d in self.waiting if d.partition not in full][:records_max]
        self.waiting = deque(d for d in self.waiting if d not in fetched)
        return fetched

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        self.committed.update(next_offsets)

    async def reject(self, delivery: Delivery, at_ms: int) -> None:
        self.rejected.append(delivery)

    async def stop(self) -> None:
        pass


class FakeBoard:
    """`switches` in memory: a beat comes back at once, unless the broker is away."""

    def __init__(self, clock: FakeClock) -> None:
        self.away = False
        self.forgotten: list[str] = []
        self._clock = clock
        self._posted: deque[Posted] = deque()

    async def fetch(self) -> Sequence[Posted]:
        await asyncio.sleep(0)
        posted, self._posted = list(self._posted), deque()
        return posted

    async def beat(self, heartbeat: Heartbeat) -> None:
        if self.away:
            raise BrokerLost("away")
        key = f"executor/{heartbeat.executor}"
        self._posted.append(Posted(key, self._clock.at_ms, heartbeat))

    async def forget(self, executor: str) -> None:
        self.forgotten.append(executor)
