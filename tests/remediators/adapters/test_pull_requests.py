"""A revert that people are to merge: pushed once, opened once, whoever dies or answers in between.

A real repository, and forges on loopback that know its branches.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from remediators.actions.plan import Kit
from remediators.adapters.git.file import read_repositories
from remediators.adapters.git.place import REQUEST_SENT, Commits
from remediators.adapters.places import Places
from remediators.core.marker import carries
from remediators.core.proof import Trace, proof
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer
from remediators.core.seen import Seen
from remediators.reading import BadFile
from schemas.actions import REVERT_COMMIT
from schemas.kinds import COMMIT
from schemas.remediation import Command, Outcome, OutcomeReason, Request
from tests.fakes import FakeCluster
from tests.remediators.adapters.forge_servers import (
    TOKEN,
    TOKEN_ENV,
    ForgeServer,
    GitHubServer,
    GitLabServer,
    cuts,
    does_and_cuts,
    does_and_tells_half,
    says,
    served,
)
from tests.remediators.adapters.git_remote import PATH, Remote, registered
from tests.remediators.builders import TARGET
from tests.remediators.executor.bench import Bench, Died, words

pytestmark = pytest.mark.needs("git")
OURS = "mendlog/c1"


class Place:
    def __init__(self, remote: Remote, server: ForgeServer) -> None:
        self.remote, self.server = remote, server
        self.of = registered(remote, "pull_request", forge=server.registered())
        self.here = Bench()
        self.here.kit = Kit(repositories={"shop": self.of.plain("shop")})
        self.home = FakeCluster()
        tracked = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/checkout"}
        self.home.deploy(TARGET)["metadata"]["annotations"] |= tracked
        self.on_sent: Callable[[], None] = lambda: None
        self.opened: list[Commits] = []
        self.opens()

    def opens(self) -> Commits:
        """Another process, whose folder is empty."""
        made = Commits({"shop": self.of}, 20.0, self._reached)
        self.opened.append(made)
        self.here.cluster = Places(self.home, {COMMIT: made})
        self.here.restart()
        return made

    def _reached(self, point: str) -> None:
        if point == REQUEST_SENT:
            self.on_sent()
        self.here._reached(point)

    async def act(self) -> Command:
        return await self.here.act(action=REVERT_COMMIT, parameters={"repository": "shop"})

    async def dies(self, point: str) -> Command:
        """There, and its successor stands ready."""
        act = await self.act()
        self.here.die_at = point
        with pytest.raises(Died):
            await self.here.do(act)
        self.opens()
        return act

    def end(self) -> tuple[str, str]:
        last = self.here.records[-1]
        assert isinstance(last, Outcome)
        return words([last])[0], last.detail

    @property
    def tip(self) -> str:
        return self.remote.git("rev-parse", OURS) if OURS in self.remote.branches() else ""

    def announced(self) -> Request:
        (request,) = [r.request for r in self.here.records if isinstance(r, Outcome) and r.request]
        return request


@pytest_asyncio.fixture(params=[GitHubServer, GitLabServer])
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Place]:
    monkeypatch.setenv(TOKEN_ENV, TOKEN)
    monkeypatch.setattr("remediators.core.protocol.LAST_READS_MS", 0)
    remote = Remote(tmp_path)
    server = request.param(remote)
    async with served(server):
        made = Place(remote, server)
        yield made
        for each in made.opened:
            await each.close()


async def test_one_branch_one_pull_request_and_nothing_merged(place: Place):
    main = place.remote.git("rev-parse", "main")
    act = await place.act()
    assert words(await place.here.do(act)) == ["intent", "applied"]
    (pull,) = place.server.pulls
    assert (pull.branch, pull.into, pull.title) == (OURS, "main", 'Revert "second"')
    assert pull.text.splitlines()[-1] == "Mendlog-Command: c1"
    assert place.end() == ("applied", f"https://forge.example/shop/deploy/{_path(place)}1")
    assert place.remote.git("rev-parse", "main") == main
    assert place.remote.file(OURS, f"{PATH}/web.yaml") == "image: 1"
    assert await place.here.do(act) == []
    assert place.server.posts == 1


def _path(place: Place) -> str:
    return "pull/" if place.server.kind == "github" else "-/merge_requests/"


async def test_a_rehearsal_leaves_nothing(place: Place):
    await place.dies("executor.intent_acked")
    assert (place.remote.branches(), place.server.posts) == (["main"], 0)
    assert place.server.lists > 0


@pytest.mark.parametrize(
    ("point", "branch", "pulls"),
    [
        ("executor.claimed", False, 0),
        ("executor.intent_acked", False, 0),
        (REQUEST_SENT, True, 0),
        ("executor.response_read", True, 1),
        ("executor.result_acked", True, 1),
    ],
)
async def test_killed_anywhere_there_is_one_of_each(
    place: Place, point: str, branch: bool, pulls: int
):
    act = await place.dies(point)
    assert (bool(place.tip), len(place.server.pulls)) == (branch, pulls)
    before = place.tip
    await place.here.do(act)
    assert place.end()[0] == "applied"
    assert len(place.server.pulls) == place.server.posts == 1
    assert not before or place.tip == before


@pytest.mark.parametrize(
    ("fault", "posts"),
    [(does_and_cuts, 1), (does_and_tells_half, 1), (cuts, 2), (says(500), 2), (says(422), 2)],
)
async def test_an_opening_in_doubt_is_looked_for_before_it_is_sent_again(
    place: Place, fault: object, posts: int
):
    place.server.post_faults.append(fault)  # type: ignore[arg-type]
    assert words(await place.here.do(await place.act())) == ["intent", "applied"]
    assert (len(place.server.pulls), place.server.posts) == (1, posts)
    assert place.end()[1].endswith("/1")


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_forge_that_says_no_leaves_the_branch_and_a_human_is_told(
    place: Place, status: int
):
    place.server.post_faults.append(says(status, "no $(id)\n{{7*7}}"))
    await place.here.do(await place.act())
    told = f"the branch {OURS} is there, and no pull request of it: {status}: no $(id) {{{{7*7}}}}"
    assert place.end() == ("unknown no_answer", told)
    assert (bool(place.tip), place.server.posts) == (True, 1)


async def test_a_forge_that_does_not_let_us_read_gets_no_branch(place: Place):
    place.server.list_faults.append(says(403))
    assert words(await place.here.do(await place.act())) == ["rejected forbidden"]
    assert place.remote.branches() == ["main"]


async def test_the_kill_switch_between_the_push_and_the_opening(place: Place):
    def switched() -> None:
        place.here.clock.refusals["eu-1"] = Refusal(OutcomeReason.KILLED, "the kill switch is on")

    place.on_sent = switched
    await place.here.do(await place.act())
    status, told = place.end()
    assert (status, place.server.posts) == ("unknown no_answer", 0)
    assert told.startswith(f"the branch {OURS} is there, and no pull request of it: ")


async def test_expired_between_the_push_and_the_opening_it_is_never_opened(place: Place):
    act = await place.dies(REQUEST_SENT)
    place.here.clock.at_ms = act.expires_at_ms
    await place.here.do(act)
    status, told = place.end()
    assert (status, place.server.posts) == ("unknown no_answer", 0)
    assert (
        told == f"the branch {OURS} is there, and no pull request of it: expired before it was sent"
    )


# What people do in between.


@pytest.mark.parametrize("state", ["closed", "merged"])
@pytest.mark.parametrize("gone", [False, True])
async def test_what_people_have_ended_is_not_opened_again(place: Place, state: str, gone: bool):
    act = await place.dies("executor.response_read")
    place.server.pulls[0].state = state  # type: ignore[assignment]
    if gone:
        place.remote.git("update-ref", "-d", f"refs/heads/{OURS}")
    await place.here.do(act)
    assert place.end()[0] == "applied"
    assert place.end()[1].endswith(f"/1 ({state})")
    assert (place.server.posts, bool(place.tip)) == (1, not gone)


async def test_what_people_have_opened_of_our_branch_is_it(place: Place):
    act = await place.dies(REQUEST_SENT)
    place.server.opens(OURS, "main", "by hand", "in other words")
    await place.here.do(act)
    assert place.end()[0] == "applied"
    assert place.server.posts == 0


async def test_what_people_have_built_on_our_branch_stays(place: Place):
    act = await place.dies(REQUEST_SENT)
    tree = place.remote.git("rev-parse", f"{OURS}^{{tree}}")
    built = place.remote.git("commit-tree", tree, "-p", OURS, "-m", "by hand")
    place.remote.git("update-ref", f"refs/heads/{OURS}", built)
    place.remote.commits("third", {"other/x": "3"})
    await place.here.do(act)
    assert place.end()[0] == "applied"
    assert (place.tip, len(place.server.pulls)) == (built, 1)


async def test_a_branch_that_people_have_deleted_unopened_is_made_again(place: Place):
    """Nothing is left to tell of it; a pull request that is closed would have told."""
    act = await place.dies(REQUEST_SENT)
    before = place.tip
    place.remote.git("update-ref", "-d", f"refs/heads/{OURS}")
    await place.here.do(act)
    assert place.end()[0] == "applied"
    assert (place.tip, len(place.server.pulls)) == (before, 1)


async def test_a_branch_of_that_name_by_another_is_left_alone(place: Place):
    act = await place.dies("executor.intent_acked")
    place.remote.git("update-ref", f"refs/heads/{OURS}", "main")
    await place.here.do(act)
    assert place.end()[0] == "rejected stale"
    assert (place.tip, place.server.posts) == (place.remote.git("rev-parse", "main"), 0)


async def test_a_pull_request_of_a_fork_with_our_branchs_name_is_not_ours(place: Place):
    place.server.opens(OURS, "main", "Mendlog-Command: c1", "Mendlog-Command: c1", fork=True)
    assert words(await place.here.do(await place.act())) == ["intent", "applied"]
    assert place.end()[1].endswith("/2")


async def test_a_hostile_subject_arrives_as_it_is(place: Place):
    place.remote.commits("{{7*7}} $(id) `id` @all\n\n/merge\n", {f"{PATH}/web.yaml": "image: 3"})
    assert words(await place.here.do(await place.act())) == ["intent", "applied"]
    (pull,) = place.server.pulls
    assert pull.title == 'Revert "{{7*7}} $(id) `id` @all"'
    assert "merge" not in pull.text.split("Nothing changes")[0]
    assert not [line for line in pull.text.splitlines() if line.startswith(("/", "@"))]


# Copies.


async def test_two_executors_race(place: Place):
    act = await place.dies("executor.intent_acked")
    request = place.announced()
    both = [place.opens(), place.opens()]
    replies = await asyncio.gather(*(each.send(request, lambda: True) for each in both))
    assert Answer.DONE in [reply.answer for reply in replies]
    assert len(place.server.pulls) == 1
    for each in both:
        seen = await each.look(request.target)
        assert isinstance(seen, Seen)
        assert proof(act, request, seen).trace is Trace.DONE


async def test_a_copy_that_wakes_late_looks_first_and_opens_nothing(place: Place):
    act = await place.dies("executor.intent_acked")
    request, zombie = place.announced(), place.opens()
    await place.here.do(act)
    place.server.pulls[0].state = "closed"
    assert (await zombie.send(request, lambda: True)).answer is Answer.CONFLICT
    assert place.server.posts == 1


async def test_what_was_announced_otherwise_than_it_is_registered_now(place: Place):
    await place.dies("executor.intent_acked")
    other = Commits({"shop": registered(place.remote, "branch")}, 20.0)
    place.opened.append(other)
    reply = await other.send(place.announced(), lambda: True)
    assert reply.answer is Answer.INVALID
    assert place.remote.branches() == ["main"]


async def test_what_a_twin_has_begun_is_begun_for_the_other_too(place: Place):
    await place.dies(REQUEST_SENT)
    place.server.list_faults.append(says(403))
    reply = await place.opened[-1].send(place.announced(), lambda: True)
    assert (reply.answer, reply.begun, place.server.posts) == (Answer.FORBIDDEN, True, 0)
    assert (await place.opened[-1].rehearse(place.announced())).answer is Answer.DONE


async def test_a_look_says_what_is_missing(place: Place):
    await place.dies(REQUEST_SENT)
    seen = await place.opened[-1].look(place.announced().target)
    assert isinstance(seen, Seen)
    assert carries(seen, "c1")
    assert seen.unfinished == f"the branch {OURS} is there, and no pull request of it"


WHOLE = """
repositories:
  shop:
    url: https://git.example/shop.git
    branch: main
    path: apps/shop
    owner: ArgoCD/shop
    mode: pull_request
    token_file: /run/token
    forge:
      kind: github
      url: https://api.git.example
      repository: shop/deploy
      token_env: FORGE_TOKEN
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("https://api.git.example", "http://api.git.example", "http only to this machine"),
        ("https://api.git.example", "https://me:secret@git.example", "without credentials"),
        ("https://api.git.example", "https://git.example?secret=1", "the API alone"),
        ("https://api.git.example", "https://169.254.169.254", "never asked"),
        ("https://api.git.example", "https://[::ffff:169.254.169.254]", "never asked"),
        ("https://api.git.example", "https://2852039166", "neither a name nor an address"),
        ("https://api.git.example", "file:///x", "begins with https"),
        ("shop/deploy", "deploy", "owner/name"),
        ("shop/deploy", "a/b/c", "owner/name"),
        ("shop/deploy", "shop/../x", "pattern"),
        ("shop/deploy", "shop/{{7*7}}", "pattern"),
        ("shop/deploy", "'shop/$(id)'", "pattern"),
        ("      token_env: FORGE_TOKEN\n", "", "exactly one of"),
        ("token_env: FORGE_TOKEN", "token_env: 'X=secret'", "pattern"),
        ("token_env:", "token:", "unknown key"),
        ("kind: github", "kind: gitea", "'github' or 'gitlab'"),
        ("mode: pull_request", "mode: branch", "goes with a `forge`"),
    ],
)
def test_what_is_wrong_with_a_forge_is_told(tmp_path: Path, old: str, new: str, expected: str):
    file = tmp_path / "repos.yaml"
    file.write_text(WHOLE)
    assert read_repositories(file)["shop"].plain("shop").into == "main"
    assert old in WHOLE
    file.write_text(WHOLE.replace(old, new, 1))
    with pytest.raises(BadFile, match=expected) as told:
        read_repositories(file)
    assert "secret" not in str(told.value)
