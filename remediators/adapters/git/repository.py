"""One registered repository: what was changed last in its path, and the commit that takes it back.

The path is put back whole, as the parent of its last change had it. Nothing is merged, so nothing
can conflict; and the commit is made of what was announced alone, so it is the same each time.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from remediators.adapters.git.file import RegisteredRepository
from remediators.adapters.git.order import Order
from remediators.adapters.git.program import Git, Ran
from remediators.core.repository import TRAILER

SEEN = "refs/seen/branch"
OURS = "refs/seen/ours"
TRAILERS = f"--format=%(trailers:key={TRAILER},valueonly,separator=%x2C)"
NEWEST = 50
"""Commits of a branch among which ours is looked for."""
NOTHING = "0" * 40
"""With it, a name is taken out of an index."""


class NotReached(Exception):
    """Of the remote, or of git itself: nothing has left."""


class Moved(Exception):
    """What was announced does not fit to what is there."""


@dataclass(frozen=True, slots=True)
class LastChange:
    base: str
    commit: str
    at_ms: int
    command: str
    """Of ours, if it is one, or has brought one in."""
    before: bool
    """Its parent had the path too."""
    subject: str
    takes_back: bool = False
    """It makes the path what it was before the change before it: somebody's revert, or ours after
    people have merged it in words of their own."""


@dataclass(frozen=True, slots=True)
class Made:
    """The command's own branch."""

    commit: str
    ours: bool
    """People may have built on it; among its newest commits is ours."""


class Checkout:
    """One at a time. The folder is only a copy, and may be lost."""

    def __init__(self, registered: RegisteredRepository, folder: Path, timeout_s: float) -> None:
        self.registered = registered
        self.lock = asyncio.Lock()
        self._git = Git(folder, timeout_s, registered.token_file)

    async def last_change(self) -> LastChange | None:
        """None where the path is not there. Raises NotReached."""
        await self._fetch(f"refs/heads/{self.registered.branch}", SEEN)
        base = await self._local("rev-parse", SEEN)
        now = await self._tree(base)
        if not now:
            return None
        head, _, subject = (await self._change(base, "%H %ct%n%s")).partition("\n")
        commit, at_s = head.split(" ")
        if not await self._tree(f"{commit}^1"):
            return LastChange(base, commit, int(at_s) * 1000, "", False, subject)
        earlier = await self._change(f"{commit}^1", "%H")
        takes_back = await self._tree(f"{earlier}^1") == now
        command = await self._brought(commit)
        return LastChange(base, commit, int(at_s) * 1000, command, True, subject, takes_back)

    async def _change(self, ref: str, form: str) -> str:
        """The last of the path up to there; a merge is one change, whatever it brings."""
        path = self.registered.path
        return await self._local("log", "-1", "--first-parent", f"--format={form}", ref, "--", path)

    async def _brought(self, commit: str) -> str:
        """The newest command of ours in that change: its own, or of a branch that it merges."""
        span, path = f"{commit}^1..{commit}", self.registered.path
        found = await self._local("log", f"-{NEWEST}", TRAILERS, span, "--", path)
        return next((line.strip() for line in found.split("\n") if line.strip()), "")

    async def made(self, branch: str, command: str) -> Made | None:
        """That branch, if it is there. Raises NotReached."""
        listed = await self._reached("ls-remote", self.registered.url, f"refs/heads/{branch}")
        if not listed:
            return None
        await self._fetch(f"refs/heads/{branch}", OURS)
        commit = await self._local("rev-parse", OURS)
        newest = await self._local("log", f"-{NEWEST}", TRAILERS, commit)
        return Made(commit, command in newest.split("\n"))

    async def revert(self, order: Order) -> str:
        """The commit, here. Raises Moved where it cannot be made of what is there."""
        path, base, reverted = self.registered.path, order.base, order.reverts
        folder = str(self._git.folder)
        # An index asks for a work tree. Nothing is ever written to this one.
        index = {"GIT_INDEX_FILE": f"{folder}/revert.index", "GIT_WORK_TREE": folder}
        before = await self._tree(f"{reverted}^1")
        if not before:
            raise Moved("what it would go back to is not there")
        mode, kind, tree = before
        await self._ours("read-tree", base, more=index)
        listed = await self._ours("ls-tree", "-r", "-z", "--name-only", base, "--", path)
        gone = "".join(f"0 {NOTHING}\t{name}\0" for name in listed.split("\0") if name)
        await self._ours("update-index", "-z", "--index-info", stdin=gone, more=index)
        if kind == "tree":
            await self._ours("read-tree", f"--prefix={path}/", tree, more=index)
        else:
            await self._ours(
                "update-index", "--add", "--cacheinfo", f"{mode},{tree},{path}", more=index
            )
        made = await self._ours("write-tree", more=index)
        subject = await self._ours("log", "-1", "--format=%s", reverted)
        words = f'Revert "{subject}"\n\nPuts {path} back to what it was before {reverted}.\n\n'
        when = f"{order.at_ms // 1000} +0000"
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        text = f"{words}{TRAILER}: {order.command}\n"
        return await self._ours("commit-tree", made, "-p", base, "-F", "-", stdin=text, more=dates)

    async def push(self, commit: str, branch: str, base: str, *, rehearsal: bool) -> Ran:
        """Both names or none, each only from where it was seen; our own only where it is free."""
        leases, refs = [f"--force-with-lease=refs/heads/{branch}:"], [f"refs/heads/{branch}"]
        if self.registered.mode == "push":
            leases.append(f"--force-with-lease=refs/heads/{self.registered.branch}:{base}")
            refs.append(f"refs/heads/{self.registered.branch}")
        dry = ["--dry-run"] if rehearsal else []
        names = [f"{commit}:{ref}" for ref in refs]
        return await self._run(
            "push",
            "--porcelain",
            "--atomic",
            "--no-verify",
            *dry,
            *leases,
            self.registered.url,
            *names,
        )

    async def _tree(self, commit: str) -> tuple[str, str, str] | None:
        """Mode, kind and id of the path there."""
        found = await self._run("ls-tree", "--full-tree", commit, "--", self.registered.path)
        if found.code or not found.out:
            return None
        mode, kind, rest = found.out.splitlines()[0].split(" ", 2)
        return mode, kind, rest.split("\t")[0]

    async def _fetch(self, ref: str, to: str) -> None:
        await self._reached(
            "fetch", "-q", "--no-tags", "--no-write-fetch-head", self.registered.url, f"+{ref}:{to}"
        )

    async def _reached(self, *arguments: str) -> str:
        ran = await self._run(*arguments)
        if ran.code != 0:
            raise NotReached(ran.fault)
        return ran.out.strip()

    async def _local(self, *arguments: str) -> str:
        return await self._reached(*arguments)

    async def _ours(
        self, *arguments: str, stdin: str = "", more: dict[str, str] | None = None
    ) -> str:
        ran = await self._run(*arguments, stdin=stdin, more=more)
        if ran.code != 0:
            raise Moved(ran.fault)
        return ran.out.strip()

    async def _run(
        self, *arguments: str, stdin: str = "", more: dict[str, str] | None = None
    ) -> Ran:
        try:
            if not (self._git.folder / "HEAD").exists():
                self._git.folder.mkdir(parents=True, exist_ok=True)
                await self._git.run("init", "-q", "--bare", ".")
            return await self._git.run(*arguments, stdin=stdin, more=more)
        except (OSError, ValueError) as fault:
            raise NotReached(f"git: {type(fault).__name__}") from fault
