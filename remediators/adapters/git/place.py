"""Commits of ours, behind the port of a cluster: one branch for each command that has made one.

The name of the branch is free, or it is taken. So the command's own branch is what a created object
is elsewhere, and the trailer of its commit is our marker.
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from remediators.adapters.git.file import RegisteredRepository
from remediators.adapters.git.program import Ran
from remediators.adapters.git.repository import Checkout, Moved, NotReached
from remediators.core.marker import LAST_COMMAND
from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.core.request import CREATE
from remediators.core.seen import ENABLED, Json, Seen
from remediators.core.workload import Surroundings
from remediators.ports import Reached, not_reached
from schemas.remediation import Request, Target

REQUEST_SENT = "executor.request_sent"
VERDICTS = ("[rejected]", "[remote rejected]")
"""Another mark, `[remote failure]`, says that the remote has not told what it did."""
DENIED = ("403", "401", "Authentication failed", "could not read Username", "Permission denied")


class Commits:
    """Of one cluster's repositories, by name."""

    def __init__(
        self,
        registered: Mapping[str, RegisteredRepository],
        timeout_s: float,
        reached: Reached = not_reached,
    ) -> None:
        """Raises ValueError where there are repositories, and no `git`."""
        if registered and shutil.which("git") is None:
            raise ValueError("revert_commit needs the program git")
        self._folder = Path(tempfile.mkdtemp(prefix="mendlog-git-")) if registered else None
        self._reached = reached
        self._checkouts = {
            name: Checkout(each, self._folder / name, timeout_s)
            for name, each in registered.items()
            if self._folder
        }

    async def look(self, target: Target) -> Seen | Reply:
        checkout = self._checkouts.get(target.namespace)
        if checkout is None:
            return _unregistered()
        try:
            async with checkout.lock:
                made = await checkout.made(_branch(target))
        except NotReached as fault:
            return _failed(str(fault))
        if made is None:
            return Reply(Answer.NOT_FOUND, "no such branch")
        commit, command = made
        return Seen(
            target=target,
            uid=commit,
            generation=1,
            resource_version=commit,
            annotations={ENABLED: "true", LAST_COMMAND: command},
            body={},
        )

    async def find(self, query: Query) -> tuple[Json, ...] | Reply:
        checkout = self._checkouts.get(query.namespace)
        if checkout is None:
            return _unregistered()
        try:
            async with checkout.lock:
                last = await checkout.last_change()
        except NotReached as fault:
            return _failed(str(fault))
        if last is None:
            return Reply(Answer.INVALID, f"{checkout.registered.path} is not in the repository")
        return (
            {
                "base": last.base,
                "commit": last.commit,
                "at_ms": last.at_ms,
                "command": last.command,
                "before": last.before,
            },
        )

    async def survey(self, target: Target) -> tuple[Seen, Surroundings] | Reply:
        seen = await self.look(target)
        return seen if isinstance(seen, Reply) else (seen, Surroundings())

    async def rehearse(self, request: Request) -> Reply:
        """Made here, and offered without being sent: the remote says who we are and what it has.
        Rules of its own for a branch, it tells only of a push."""
        return await self._push(request, rehearsal=True, in_time=lambda: True)

    async def send(self, request: Request, in_time: Callable[[], bool]) -> Reply:
        return await self._push(request, rehearsal=False, in_time=in_time)

    async def _push(
        self, request: Request, *, rehearsal: bool, in_time: Callable[[], bool]
    ) -> Reply:
        checkout = self._checkouts.get(request.target.namespace)
        if checkout is None or request.verb != CREATE:
            return Reply(Answer.INVALID, f"no call is known to {request.verb} {request.target}")
        body = json.loads(request.body)
        spec, marker = body["spec"], body["metadata"]["annotations"][LAST_COMMAND]
        branch = _branch(request.target)
        try:
            async with checkout.lock:
                if await checkout.made(branch) is not None:
                    return Reply(Answer.CONFLICT, f"there is a branch {branch}")
                last = await checkout.last_change()
                moved = last is None or last.base != spec["base"]
                if moved and (rehearsal or checkout.registered.mode == "push"):
                    return Reply(Answer.UNPROCESSABLE, "the branch has moved on since it was read")
                made = await checkout.revert(spec["base"], spec["reverts"], marker, spec["at_ms"])
                if not in_time():
                    return Reply(Answer.HELD_BACK, "stopped before its first byte left")
                pushed = await checkout.push(made, branch, spec["base"], rehearsal=rehearsal)
        except NotReached as fault:
            return Reply(Answer.NEVER_SENT, str(fault))
        except Moved as fault:
            return Reply(Answer.UNPROCESSABLE, str(fault))
        if not rehearsal:
            self._reached(REQUEST_SENT)
        return push_answer(pushed)

    async def close(self) -> None:
        if self._folder:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)


def push_answer(pushed: Ran) -> Reply:
    """Without a verdict on each name, nobody knows what the remote has done."""
    if pushed.code == 0:
        return Reply(Answer.DONE)
    marked = [line for line in pushed.out.splitlines() if line.startswith("!")]
    rejected = [line for line in marked if any(verdict in line for verdict in VERDICTS)]
    if rejected and len(rejected) == len(marked):
        taken = any("stale info" in line for line in rejected)
        detail = rejected[0].split("\t")[-1][:200]
        return Reply(Answer.CONFLICT if taken else Answer.INVALID, detail)
    if any(word in pushed.err for word in DENIED):
        return Reply(Answer.FORBIDDEN, pushed.fault)
    return Reply(Answer.UNSURE, pushed.fault)


def _failed(fault: str) -> Reply:
    denied = any(word in fault for word in DENIED)
    return Reply(Answer.FORBIDDEN if denied else Answer.NEVER_SENT, fault)


def _unregistered() -> Reply:
    return Reply(Answer.INVALID, "no such repository is registered (MENDLOG_REPOS_FILE)")


def _branch(target: Target) -> str:
    """`mendlog-c1` is the branch `mendlog/c1`."""
    return target.name.replace("mendlog-", "mendlog/", 1)
