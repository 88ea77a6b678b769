"""Forges on loopback that answer as their documents say, over a real repository's branches.

One open pull request at most is from one branch into another; a list tells of those in every state
where it is asked to; what a token may not see is not found.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from remediators.adapters.git.file import RegisteredForge
from tests.remediators.adapters.git_remote import Remote

NAME = "shop/deploy"
TOKEN_ENV = "FORGE_TOKEN"
TOKEN = "a-secret-token"
PROJECT = 7
FORK = 8

Reply = web.StreamResponse
Fault = Callable[[web.Request, Callable[[], "Reply"]], Any]
"""Given the request, and what would do it; gives the answer."""


@dataclass
class Pull:
    number: int
    branch: str
    into: str
    title: str
    text: str
    state: Literal["open", "closed", "merged"] = "open"
    fork: bool = False


class ForgeServer:
    kind: Literal["github", "gitlab"]

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.pulls: list[Pull] = []
        self.lists = 0
        self.posts = 0
        self.list_faults: list[Fault] = []
        """For the next lists."""
        self.post_faults: list[Fault] = []
        """For the next openings."""
        self.url = ""
        self._numbers = itertools.count(1)

    def registered(self, **more: Any) -> RegisteredForge:
        token = {} if "token_file" in more else {"token_env": TOKEN_ENV}
        given = {"kind": self.kind, "url": self.url, "repository": NAME, **token}
        return RegisteredForge.model_validate({**given, **more})

    def opens(self, branch: str, into: str, title: str, text: str, *, fork: bool = False) -> Pull:
        pull = Pull(next(self._numbers), branch, into, title, text, fork=fork)
        self.pulls.append(pull)
        return pull

    async def serve(self, request: web.Request) -> Reply:
        if not self.allowed(request):
            return web.json_response({"message": "Bad credentials"}, status=401)
        if request.raw_path.split("?")[0] != self.path:
            return web.json_response({"message": "Not Found"}, status=404)
        if request.method == "GET":
            self.lists += 1
            faults, does = self.list_faults, lambda: self.listed(request)
        else:
            self.posts += 1
            wanted = await request.json()
            faults, does = self.post_faults, lambda: self.opened(wanted)
        return await faults.pop(0)(request, does) if faults else does()

    path: str

    def allowed(self, request: web.Request) -> bool:
        raise NotImplementedError

    def listed(self, request: web.Request) -> Reply:
        raise NotImplementedError

    def opened(self, wanted: dict[str, Any]) -> Reply:
        raise NotImplementedError

    def shown(self, pull: Pull) -> dict[str, Any]:
        raise NotImplementedError

    def is_open(self, branch: str, into: str) -> bool:
        """From there, not from a fork."""
        ends, own = (branch, into), [p for p in self.pulls if not p.fork]
        return any(p.state == "open" and (p.branch, p.into) == ends for p in own)

    def ahead(self, branch: str, into: str) -> bool:
        return self.remote.git("rev-list", "--count", f"{into}..{branch}") != "0"


class GitHubServer(ForgeServer):
    kind = "github"
    path = f"/api/repos/{NAME}/pulls"

    def allowed(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {TOKEN}"

    def listed(self, request: web.Request) -> Reply:
        asked = request.query
        found = [p for p in self.pulls if asked.get("base") in (None, p.into)]
        if (state := asked.get("state", "open")) != "all":
            found = [p for p in found if (p.state == "open") == (state == "open")]
        owner, colon, branch = asked.get("head", "").partition(":")
        if colon:
            found = [p for p in found if (p.branch, self._owner(p)) == (branch, owner)]
        return web.json_response([self.shown(p) for p in reversed(found)])

    def opened(self, wanted: dict[str, Any]) -> Reply:
        branch, into = wanted["head"], wanted["base"]
        if branch not in self.remote.branches():
            return self._invalid({"resource": "PullRequest", "field": "head", "code": "invalid"})
        if self.is_open(branch, into):
            return self._refused(f"A pull request already exists for shop:{branch}.")
        if not self.ahead(branch, into):
            return self._refused(f"No commits between {into} and {branch}")
        pull = self.opens(branch, into, wanted["title"], wanted["body"])
        return web.json_response(self.shown(pull), status=201)

    def _refused(self, words: str) -> Reply:
        return self._invalid({"resource": "PullRequest", "code": "custom", "message": words})

    def _invalid(self, error: dict[str, str]) -> Reply:
        return web.json_response({"message": "Validation Failed", "errors": [error]}, status=422)

    def _owner(self, pull: Pull) -> str:
        return "stranger" if pull.fork else "shop"

    def shown(self, pull: Pull) -> dict[str, Any]:
        name = f"{self._owner(pull)}/deploy"
        merged = "2026-01-01T00:00:00Z" if pull.state == "merged" else None
        return {
            "number": pull.number,
            "html_url": f"https://forge.example/{NAME}/pull/{pull.number}",
            "state": "open" if pull.state == "open" else "closed",
            "merged_at": merged,
            "title": pull.title,
            "body": pull.text,
            "head": {"ref": pull.branch, "repo": {"full_name": name}},
            "base": {"ref": pull.into, "repo": {"full_name": NAME}},
        }


class GitLabServer(ForgeServer):
    kind = "gitlab"
    path = f"/api/projects/{NAME.replace('/', '%2F')}/merge_requests"

    def allowed(self, request: web.Request) -> bool:
        return request.headers.get("PRIVATE-TOKEN") == TOKEN

    def listed(self, request: web.Request) -> Reply:
        asked = request.query
        found = [
            p
            for p in self.pulls
            if asked.get("source_branch") in (None, p.branch)
            and asked.get("target_branch") in (None, p.into)
            and asked.get("state", "all") in ("all", self._state(p))
        ]
        return web.json_response([self.shown(p) for p in reversed(found)])

    def opened(self, wanted: dict[str, Any]) -> Reply:
        branch, into = wanted["source_branch"], wanted["target_branch"]
        if branch not in self.remote.branches():
            return web.json_response({"message": ["Source branch does not exist"]}, status=400)
        if self.is_open(branch, into):
            words = "Another open merge request already exists for this source branch: !1"
            return web.json_response({"message": [words]}, status=409)
        pull = self.opens(branch, into, wanted["title"], wanted["description"])
        return web.json_response(self.shown(pull), status=201)

    def _state(self, pull: Pull) -> str:
        return "opened" if pull.state == "open" else pull.state

    def shown(self, pull: Pull) -> dict[str, Any]:
        return {
            "iid": pull.number,
            "web_url": f"https://forge.example/{NAME}/-/merge_requests/{pull.number}",
            "state": self._state(pull),
            "title": pull.title,
            "description": pull.text,
            "source_branch": pull.branch,
            "target_branch": pull.into,
            "source_project_id": FORK if pull.fork else PROJECT,
            "target_project_id": PROJECT,
        }


def says(status: int, words: object = "by test", **headers: str) -> Fault:
    """Nothing is done."""

    async def answer(_request: web.Request, _does: Callable[[], Reply]) -> Reply:
        return web.json_response({"message": words}, status=status, headers=headers)

    return answer


async def does_and_cuts(request: web.Request, does: Callable[[], Reply]) -> Reply:
    reply = does()
    assert request.transport is not None
    request.transport.close()
    return reply


async def cuts(request: web.Request, _does: Callable[[], Reply]) -> Reply:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def does_and_tells_half(request: web.Request, does: Callable[[], Reply]) -> Reply:
    made = does()
    assert isinstance(made, web.Response)
    assert isinstance(made.body, bytes)
    half = web.StreamResponse(status=made.status, headers={"Content-Length": str(len(made.body))})
    await half.prepare(request)
    await half.write(made.body[: len(made.body) // 2])
    assert request.transport is not None
    request.transport.close()
    return half


async def does_and_hangs(_request: web.Request, does: Callable[[], Reply]) -> Reply:
    does()
    await asyncio.Event().wait()
    raise AssertionError("never")


@asynccontextmanager
async def served(server: ForgeServer) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    listening = await asyncio.get_running_loop().create_server(runner.server, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/api"
    try:
        yield
    finally:
        listening.close()
        await runner.cleanup()
