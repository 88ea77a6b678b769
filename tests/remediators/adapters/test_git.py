"""Reverts in real bare repositories, by the real program."""

import asyncio
import shutil
from pathlib import Path
from typing import Literal

import pytest

from remediators.actions.catalog import announce, row_for
from remediators.actions.plan import Kit, Scene
from remediators.adapters.git.file import RegisteredRepository, read_repositories
from remediators.adapters.git.place import Commits, push_answer
from remediators.adapters.git.program import Git, Ran
from remediators.core.proof import Trace, proof
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer, Reply
from remediators.core.seen import Seen
from remediators.reading import BadFile
from schemas.actions import REVERT_COMMIT
from schemas.kinds import COMMIT
from schemas.remediation import Command, Request
from tests.remediators.adapters.git_remote import PATH, Remote, registered
from tests.remediators.builders import command, workload

pytestmark = pytest.mark.needs("git")


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path)


def commits(*of: RegisteredRepository) -> Commits:
    return Commits({"shop": of[0]}, 20.0)


async def planned(place: Commits, of: RegisteredRepository, **more: str) -> tuple[Command, Request]:
    order = command(action=REVERT_COMMIT, parameters={"repository": "shop"}, **more)
    row = row_for(order)
    assert not isinstance(row, Refusal)
    found = await place.find(Query(COMMIT, "shop"))
    assert not isinstance(found, Reply), found
    kit = Kit(repositories={"shop": of.plain("shop")})
    made = announce(row, Scene(order, workload(owner="ArgoCD/shop"), (found,), kit))
    assert not isinstance(made, Refusal), made
    return order, made[0]


async def traced(place: Commits, order: Command, request: Request) -> Trace:
    seen = await place.look(request.target)
    return proof(order, request, seen if isinstance(seen, Seen) else None).trace


def always() -> bool:
    return True


@pytest.mark.parametrize("mode", ["push", "branch"])
async def test_its_path_is_put_back_and_nothing_else(
    remote: Remote, mode: Literal["push", "branch"]
):
    of = registered(remote, mode)
    place = commits(of)
    order, request = await planned(place, of)
    before = remote.git("rev-parse", "main")
    assert (await place.rehearse(request)).answer is Answer.DONE
    assert remote.branches() == ["main"], "a rehearsal leaves nothing"
    assert await traced(place, order, request) is Trace.OPEN
    assert (await place.send(request, always)).answer is Answer.DONE
    assert await traced(place, order, request) is Trace.DONE
    assert (await place.send(request, always)).answer is Answer.CONFLICT
    ours = "mendlog/c1"
    assert remote.branches() == ["main", ours]
    assert remote.file(ours, f"{PATH}/web.yaml") == "image: 1"
    assert remote.file(ours, "other/x") == "2"
    assert f"{PATH}/new.yaml" not in remote.git("ls-tree", "-r", "--name-only", ours).splitlines()
    assert remote.git("rev-parse", f"{ours}^") == before
    assert remote.git("rev-parse", "main") == (
        remote.git("rev-parse", ours) if mode == "push" else before
    )
    words = remote.git(
        "log", "-1", "--format=%an|%s|%(trailers:key=Mendlog-Command,valueonly)", ours
    )
    assert words == 'Mendlog|Revert "second"|c1'
    await place.close()


async def test_one_file_alone(remote: Remote):
    of = registered(remote, path=f"{PATH}/web.yaml")
    place = commits(of)
    _, request = await planned(place, of)
    assert (await place.send(request, always)).answer is Answer.DONE
    assert remote.file("main", f"{PATH}/web.yaml") == "image: 1"
    assert remote.file("main", f"{PATH}/new.yaml") == "n"
    await place.close()


@pytest.mark.parametrize("mode", ["push", "branch"])
async def test_two_executors_race_and_there_is_one_commit(
    remote: Remote, mode: Literal["push", "branch"]
):
    of = registered(remote, mode)
    places = [commits(of), commits(of)]
    order, request = await planned(places[0], of)
    replies = await asyncio.gather(*(place.send(request, always) for place in places))
    answers = [reply.answer for reply in replies]
    assert Answer.DONE in answers
    assert set(answers) <= {Answer.DONE, Answer.CONFLICT, Answer.INVALID, Answer.UNPROCESSABLE}
    for place in places:
        assert await traced(place, order, request) is Trace.DONE
        await place.close()
    assert remote.git("rev-list", "--count", "mendlog/c1") == "3"


async def test_an_executor_that_dies_has_left_nothing_or_all(remote: Remote):
    """Killed before the push: the successor, whose copy is another, makes the very same commit.
    Killed after it: he finds it."""
    of = registered(remote)
    first = commits(of)
    order, request = await planned(first, of)
    await first.close()
    second = commits(of)
    assert await traced(second, order, request) is Trace.OPEN
    assert (await second.send(request, always)).answer is Answer.DONE
    made = remote.git("rev-parse", "main")
    await second.close()
    third = commits(of)
    assert await traced(third, order, request) is Trace.DONE
    assert remote.git("rev-parse", "main") == made
    await third.close()


async def test_the_same_order_makes_the_same_commit_wherever_it_is_made(
    remote: Remote, tmp_path: Path
):
    of = registered(remote, "branch")
    made = set()
    for _ in range(2):
        place = commits(of)
        _, request = await planned(place, of)
        assert (await place.send(request, always)).answer is Answer.DONE
        made.add(remote.git("rev-parse", "mendlog/c1"))
        remote.git("update-ref", "-d", "refs/heads/mendlog/c1")
        await place.close()
    assert len(made) == 1


async def test_a_branch_that_has_moved_on_is_not_pushed_to(remote: Remote):
    of = registered(remote)
    place = commits(of)
    _, request = await planned(place, of)
    newest = remote.commits("third", {"other/x": "3"})
    assert (await place.rehearse(request)).answer is Answer.UNPROCESSABLE
    assert (await place.send(request, always)).answer is Answer.UNPROCESSABLE
    assert (remote.git("rev-parse", "main"), remote.branches()) == (newest, ["main"])
    await place.close()


async def test_what_moves_at_the_last_moment_loses_the_lease_and_nothing_is_pushed(remote: Remote):
    of = registered(remote)
    place = commits(of)
    _, request = await planned(place, of)
    newest = ""

    def somebody_pushes() -> bool:
        nonlocal newest
        newest = remote.commits("third", {"other/x": "3"})
        return True

    assert (await place.send(request, somebody_pushes)).answer is not Answer.DONE
    assert (remote.git("rev-parse", "main"), remote.branches()) == (newest, ["main"])
    await place.close()


async def test_a_name_that_is_taken_by_another_is_not_ours(remote: Remote):
    of = registered(remote)
    place = commits(of)
    order, request = await planned(place, of)
    remote.git("update-ref", "refs/heads/mendlog/c1", "main")
    assert (await place.send(request, always)).answer is Answer.CONFLICT
    assert await traced(place, order, request) is Trace.MOVED
    await place.close()


async def test_a_revert_of_ours_is_known_as_ours(remote: Remote):
    of = registered(remote)
    place = commits(of)
    _, request = await planned(place, of)
    await place.send(request, always)
    (last,) = await place.find(Query(COMMIT, "shop"))
    assert last["command"] == "c1"
    await place.close()


@pytest.mark.parametrize("way", ["merge", "squash", "rebase"])
async def test_a_revert_that_people_have_merged_is_known_whatever_they_call_it(
    remote: Remote, way: str
):
    of = registered(remote, "branch")
    place = commits(of)
    _, request = await planned(place, of)
    await place.send(request, always)
    remote.commits("third", {"other/x": "3"})
    merged = remote.merges("mendlog/c1", way)
    (last,) = await place.find(Query(COMMIT, "shop"))
    assert last["commit"] == merged
    assert (last["command"] == "c1", last["takes_back"]) == (way != "squash", True)
    await place.close()


async def test_a_change_that_takes_back_the_one_before_it_is_told(remote: Remote):
    place = commits(registered(remote, path=f"{PATH}/web.yaml"))
    for image, takes_back in (("1", True), ("2", True), ("3", False), ("2", True), ("1", False)):
        remote.commits(f"image {image}", {f"{PATH}/web.yaml": f"image: {image}"})
        (last,) = await place.find(Query(COMMIT, "shop"))
        assert (last["takes_back"], last["command"]) == (takes_back, "")
    await place.close()


async def test_held_back_at_the_last_moment_nothing_leaves(remote: Remote):
    of = registered(remote)
    place = commits(of)
    _, request = await planned(place, of)
    assert (await place.send(request, lambda: False)).answer is Answer.HELD_BACK
    assert remote.branches() == ["main"]
    await place.close()


async def test_what_was_added_by_its_last_change_has_nothing_before_it(remote: Remote):
    place = commits(registered(remote, path=f"{PATH}/new.yaml"))
    (last,) = await place.find(Query(COMMIT, "shop"))
    assert last["before"] is False
    await place.close()


async def test_a_remote_that_is_gone_has_had_nothing(remote: Remote):
    of = registered(remote)
    place = commits(of)
    _, request = await planned(place, of)
    shutil.rmtree(remote.folder)
    assert (await place.send(request, always)).answer is Answer.NEVER_SENT
    looked = await place.look(request.target)
    assert isinstance(looked, Reply)
    assert looked.answer is Answer.NEVER_SENT
    await place.close()


async def test_a_hook_that_says_no(remote: Remote):
    hook = remote.folder / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    of = registered(remote)
    place = commits(of)
    _, request = await planned(place, of)
    assert (await place.send(request, always)).answer is Answer.INVALID
    assert remote.branches() == ["main"]
    await place.close()


async def test_what_is_not_registered(remote: Remote):
    place = commits(registered(remote, path="nowhere"))
    for query in (Query(COMMIT, "shop"), Query(COMMIT, "other"), Query(COMMIT, "../shop")):
        found = await place.find(query)
        assert isinstance(found, Reply)
        assert found.answer is Answer.INVALID
    await place.close()


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("!\tx:y\t[rejected] (stale info)", Answer.CONFLICT),
        ("!\tx:y\t[remote rejected] (pre-receive hook declined)", Answer.INVALID),
        ("!\tx:y\t[remote failure] (remote failed to report status)", Answer.UNSURE),
        ("", Answer.UNSURE),
    ],
)
def test_without_a_verdict_of_the_remote_nobody_knows(said: str, answer: Answer):
    assert push_answer(Ran(1, f"To file:///x\n{said}\n", "")).answer is answer


async def test_a_token_that_cannot_be_read_has_sent_nothing(remote: Remote, tmp_path: Path):
    of = registered(remote)
    place = commits(of)
    _, request = await planned(place, of)
    without = commits(of.model_copy(update={"token_file": tmp_path / "none"}))
    assert (await without.send(request, always)).answer is Answer.NEVER_SENT
    for each in (place, without):
        await each.close()


def test_without_the_program_it_does_not_start(remote: Remote, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match="needs the program git"):
        commits(registered(remote))
    Commits({}, 1.0)


async def test_git_knows_nothing_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = somebody\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    token = tmp_path / "token"
    token.write_text("a-secret\n")
    git = Git(tmp_path, 5.0, token)
    assert (await git.run("config", "user.name")).out == "Mendlog\n"
    assert (await git.run("config", "http.extraHeader")).out.startswith("Authorization: Basic ")
    refused = await git.run("ls-remote", "ssh://127.0.0.1/x")
    assert "not allowed" in refused.err


async def test_a_git_that_does_not_end_is_ended(tmp_path: Path):
    ran = await Git(tmp_path, 0.2).run("-c", "alias.hang=!sleep 60", "hang")
    assert ran.code is None


WHOLE = """
repositories:
  shop:
    url: https://git.example/shop.git
    branch: main
    path: apps/shop
    owner: ArgoCD/shop
    mode: branch
    token_file: /run/token
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("https://", "ssh://", "begins with https"),
        ("https://", "https://me:secret@", "without credentials"),
        ("apps/shop", "../shop", "pattern"),
        ("apps/shop", '""', "pattern"),
        ("main", "--upload-pack=x", "pattern"),
        ("ArgoCD/shop", "Deployment/shop", "pattern"),
        ("mode: branch", "mode: force", "'push', 'branch' or 'pull_request'"),
        ("  shop:\n    url", "  Shop:\n    url", "pattern"),
        ("token_file", "password", "unknown key"),
    ],
)
def test_what_is_wrong_with_the_file_is_told(tmp_path: Path, old: str, new: str, expected: str):
    file = tmp_path / "repos.yaml"
    file.write_text(WHOLE)
    assert read_repositories(file)["shop"].plain("shop").owner == "ArgoCD/shop"
    file.write_text(WHOLE.replace(old, new, 1))
    with pytest.raises(BadFile, match=expected) as told:
        read_repositories(file)
    assert "secret" not in str(told.value)
