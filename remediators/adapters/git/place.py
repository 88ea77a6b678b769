"""Commits of ours, behind the port of a cluster: one branch for each command that has made one.

The name of the branch is free, or it is taken. So the command's own branch is what a created object
is elsewhere, and the trailer of its commit is our marker. Where a pull request is wanted too, the
branch alone is half of it: whoever comes later does not make the branch again, and opens what is
not there.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from remediators.adapters.git.file import RegisteredRepository
from remediators.adapters.git.forge import Forge, PullRequest
from remediators.adapters.git.opening import open_forge
from remediators.adapters.git.order import Order, branch_of, command_of, order_of
from remediators.adapters.git.program import Ran
from remediators.adapters.git.repository import Checkout, Made, Moved, NotReached
from remediators.core.marker import LAST_COMMAND
from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.core.repository import TRAILER
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
        opened = {name: open_forge(each, timeout_s) for name, each in registered.items()}
        self._forges = {name: forge for name, forge in opened.items() if forge}

    async def look(self, target: Target) -> Seen | Reply:
        checkout, forge = self._of(target.namespace)
        if checkout is None:
            return _unregistered()
        branch, command = branch_of(target), command_of(target)
        try:
            async with checkout.lock:
                made = await checkout.made(branch, command)
        except NotReached as fault:
            return _failed(str(fault))
        pull = await forge.find(branch) if forge else None
        if isinstance(pull, Reply):
            return pull
        if made is None and pull is None:
            return Reply(Answer.NOT_FOUND, "no such branch")
        ours = (made is not None and made.ours) or (pull is not None and _names(pull, command))
        return Seen(
            target=target,
            uid=made.commit if made else str(pull),
            generation=1,
            resource_version=made.commit if made else "",
            annotations={ENABLED: "true", LAST_COMMAND: command if ours else ""},
            unfinished=f"the branch {branch} is there, and no pull request of it"
            if forge and pull is None
            else "",
            link=str(pull or ""),
            body={},
        )

    async def find(self, query: Query) -> tuple[Json, ...] | Reply:
        checkout, _ = self._of(query.namespace)
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
                "subject": last.subject,
                "takes_back": last.takes_back,
            },
        )

    async def survey(self, target: Target) -> tuple[Seen, Surroundings] | Reply:
        seen = await self.look(target)
        return seen if isinstance(seen, Reply) else (seen, Surroundings())

    async def rehearse(self, request: Request) -> Reply:
        """Made here, and offered without being sent: the remote says who we are and what it has.
        Rules of its own for a branch, it tells only of a push; whether we may open a pull request,
        a forge tells only when one is opened."""
        return await self._make(request, rehearsal=True, in_time=lambda: True)

    async def send(self, request: Request, in_time: Callable[[], bool]) -> Reply:
        return await self._make(request, rehearsal=False, in_time=in_time)

    async def _make(
        self, request: Request, *, rehearsal: bool, in_time: Callable[[], bool]
    ) -> Reply:
        checkout, forge = self._of(request.target.namespace)
        if checkout is None or request.verb != CREATE:
            return Reply(Answer.INVALID, f"no call is known to {request.verb} {request.target}")
        order = order_of(request)
        if order.into != checkout.registered.into:
            return Reply(Answer.INVALID, "its registration has changed since it was announced")
        try:
            async with checkout.lock:
                made = await checkout.made(order.branch, order.command)
                if forge is None:
                    return await self._push(checkout, order, made, rehearsal, in_time)
                return await self._propose(checkout, forge, order, made, rehearsal, in_time)
        except NotReached as fault:
            return Reply(Answer.NEVER_SENT, str(fault))
        except Moved as fault:
            return Reply(Answer.UNPROCESSABLE, str(fault))

    async def _push(
        self,
        checkout: Checkout,
        order: Order,
        made: Made | None,
        rehearsal: bool,
        in_time: Callable[[], bool],
    ) -> Reply:
        if made is not None:
            return Reply(Answer.CONFLICT, f"there is a branch {order.branch}")
        last = await checkout.last_change()
        moved = last is None or last.base != order.base
        if moved and (rehearsal or checkout.registered.mode == "push"):
            return Reply(Answer.UNPROCESSABLE, "the branch has moved on since it was read")
        commit = await checkout.revert(order)
        if not in_time():
            return Reply(Answer.HELD_BACK, "stopped before its first byte left")
        pushed = await checkout.push(commit, order.branch, order.base, rehearsal=rehearsal)
        if not rehearsal:
            self._reached(REQUEST_SENT)
        return push_answer(pushed)

    async def _propose(
        self,
        checkout: Checkout,
        forge: Forge,
        order: Order,
        made: Made | None,
        rehearsal: bool,
        in_time: Callable[[], bool],
    ) -> Reply:
        """Looked for in every state before it is opened, so that what people have closed or merged
        stays so. The branch is not pushed while the forge does not answer."""
        assert order.proposal is not None
        begun = made is not None and made.ours
        found = await forge.find(order.branch)
        if isinstance(found, Reply):
            return replace(found, begun=begun)
        if found is not None:
            return Reply(Answer.CONFLICT, f"there is a pull request: {found}", begun=begun)
        if not begun:
            pushed = await self._push(checkout, order, made, rehearsal, in_time)
            if pushed.answer is not Answer.DONE:
                return pushed
        if rehearsal:
            return Reply(Answer.DONE)
        opened = await forge.open(order.proposal, in_time, lambda: self._reached(REQUEST_SENT))
        if isinstance(opened, Reply):
            return replace(opened, begun=True)
        return Reply(Answer.DONE, str(opened), begun=True)

    def _of(self, name: str) -> tuple[Checkout | None, Forge | None]:
        return self._checkouts.get(name), self._forges.get(name)

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


def _names(pull: PullRequest, command: str) -> bool:
    """The branch may be gone by now; what it was opened with tells too."""
    return f"{TRAILER}: {command}" in pull.text.splitlines()


def _failed(fault: str) -> Reply:
    denied = any(word in fault for word in DENIED)
    return Reply(Answer.FORBIDDEN if denied else Answer.NEVER_SENT, fault)


def _unregistered() -> Reply:
    return Reply(Answer.INVALID, "no such repository is registered (MENDLOG_REPOS_FILE)")
