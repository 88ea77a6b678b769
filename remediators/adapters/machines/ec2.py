"""The machines of a cluster, where they are instances of Amazon EC2.

Only those that carry the tag `kubernetes.io/cluster/<name>` with the value `owned` are ever found
or ended. An instance's id never returns, so ending one twice is ending it once. botocore finds the
credentials and signs; it is imported only where this is set.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
)
from botocore.session import Session

from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.core.request import DELETE, removed_uid
from remediators.core.seen import Json, Seen
from remediators.core.workload import Surroundings
from remediators.ports import Reached, not_reached
from remediators.settings import Ec2
from schemas.remediation import Request, Target

ENDING = frozenset({"shutting-down", "terminated"})
THROTTLED_MS = 1_000
THROTTLES = {"Throttling", "RequestLimitExceeded", "ThrottlingException"}
FORBIDS = {"UnauthorizedOperation", "AuthFailure", "AccessDenied", "OptInRequired"}
UNKNOWN = {"InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"}
NOT_REACHED = (EndpointConnectionError, ConnectTimeoutError, NoCredentialsError)
BEFORE_SEND = "before-send.ec2.TerminateInstances"
REQUEST_SENT = "executor.request_sent"


class _TooLate(Exception):
    """Time or a switch stopped it before its first byte left."""


class Ec2Machines:
    """Keeps the cluster port. Every call has a client of its own: they are few."""

    def __init__(self, address: Ec2, timeout_s: float, reached: Reached = not_reached) -> None:
        self._address = address
        self._reached = reached
        # The protocol repeats, or does not; botocore must not.
        retries = {"total_max_attempts": 1}
        self._config = Config(connect_timeout=2, read_timeout=timeout_s, retries=retries)
        self._lock = threading.Lock()
        self._session: Session | None = None

    async def look(self, target: Target) -> Seen | Reply:
        found = await asyncio.to_thread(self._described, InstanceIds=[target.name])
        if isinstance(found, Reply):
            return found
        return _seen(target, found[0]) if found else Reply(Answer.NOT_FOUND, "no such instance")

    async def find(self, query: Query) -> tuple[Json, ...] | Reply:
        return await asyncio.to_thread(self._described, Filters=[self._ours()])

    async def survey(self, target: Target) -> tuple[Seen, Surroundings] | Reply:
        seen = await self.look(target)
        return seen if isinstance(seen, Reply) else (seen, Surroundings())

    async def rehearse(self, request: Request) -> Reply:
        return await asyncio.to_thread(self._end, request, lambda: True, True)

    async def send(self, request: Request, in_time: Callable[[], bool]) -> Reply:
        return await asyncio.to_thread(self._end, request, in_time, False)

    async def close(self) -> None:
        """Nothing is kept open."""

    def _ours(self) -> Mapping[str, Any]:
        return {"Name": f"tag:kubernetes.io/cluster/{self._address.cluster}", "Values": ["owned"]}

    def _described(self, **chosen: Any) -> tuple[Json, ...] | Reply:
        try:
            pages = self._client().get_paginator("describe_instances").paginate(**chosen)
            return tuple(_object(instance) for instance in _instances(pages))
        except (BotoCoreError, ClientError, OSError) as fault:
            return _reply(fault, begun=True)

    def _end(self, request: Request, in_time: Callable[[], bool], rehearsal: bool) -> Reply:
        name = removed_uid(request)
        if request.verb != DELETE or name != request.target.name:
            return Reply(Answer.INVALID, "a machine can be ended, and by its own id only")
        ours = self._described(InstanceIds=[name], Filters=[self._ours()])
        if isinstance(ours, Reply):
            # Nothing was ended, whatever has become of the question.
            unread = ours.answer is Answer.UNSURE
            return Reply(Answer.NEVER_SENT, ours.detail) if unread else ours
        if not ours:
            words = f"{name} is no instance of the cluster {self._address.cluster} (by its tag)"
            return Reply(Answer.FORBIDDEN, words)
        return self._ended(name, in_time, rehearsal)

    def _ended(self, name: str, in_time: Callable[[], bool], rehearsal: bool) -> Reply:
        begun = False

        def leaving(**_: Any) -> None:
            nonlocal begun
            if not in_time():
                raise _TooLate
            begun = not rehearsal
            if begun:
                self._reached(REQUEST_SENT)

        try:
            client = self._client()
            client.meta.events.register(BEFORE_SEND, leaving)
            client.terminate_instances(InstanceIds=[name], DryRun=rehearsal)
        except _TooLate:
            return Reply(Answer.HELD_BACK, "stopped before its first byte left")
        except (BotoCoreError, ClientError, OSError) as fault:
            return _reply(fault, begun=begun or rehearsal)
        return Reply(Answer.DONE)

    def _client(self) -> Any:
        where = {"region_name": self._address.region, "config": self._config}
        with self._lock:
            self._session = self._session or _session()
            endpoint = self._address.endpoint or None
            return self._session.create_client("ec2", endpoint_url=endpoint, **where)


def _session() -> Session:
    """It keeps credentials fresh, and its reading of EC2's description, which takes long."""
    session = Session()
    # Without an identity of our own we have none: the node's is not ours to use.
    session.get_component("credential_provider").remove("iam-role")
    return session


def _instances(pages: Any) -> Iterator[Json]:
    for page in pages:
        for reservation in page["Reservations"]:
            yield from reservation["Instances"]


def _object(instance: Json) -> Json:
    """As plans read objects."""
    name, state = instance["InstanceId"], instance["State"]["Name"]
    return {"metadata": {"name": name, "uid": name}, "status": {"state": state}}


def _seen(target: Target, found: Json) -> Seen:
    return Seen(
        target=target,
        uid=found["metadata"]["uid"],
        generation=1,
        generation_kept=False,
        resource_version="",
        annotations={},
        leaving=found["status"]["state"] in ENDING,
        body=found,
    )


def _reply(fault: Exception, *, begun: bool) -> Reply:
    if not isinstance(fault, ClientError):
        sent = begun and not isinstance(fault, NOT_REACHED)
        return Reply(Answer.UNSURE if sent else Answer.NEVER_SENT, type(fault).__name__)
    code = fault.response["Error"]["Code"]
    status = fault.response["ResponseMetadata"]["HTTPStatusCode"]
    detail = f"{status}: {code}: {fault.response['Error'].get('Message', '')}"[:300]
    if code == "DryRunOperation":
        return Reply(Answer.DONE)
    if code in UNKNOWN:
        return Reply(Answer.NOT_FOUND, detail)
    if code in THROTTLES or status == 429:
        return Reply(Answer.THROTTLED, detail, THROTTLED_MS)
    if code in FORBIDS or status in (401, 403):
        return Reply(Answer.FORBIDDEN, detail)
    return Reply(Answer.UNSURE if status >= 500 or status == 408 else Answer.INVALID, detail)
