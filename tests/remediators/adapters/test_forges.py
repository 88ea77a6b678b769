"""What is asked of a forge, and what its answers are taken for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from remediators.adapters.git.forge import Forge, Proposal, PullRequest
from remediators.adapters.git.github import GitHub
from remediators.adapters.git.gitlab import GitLab
from remediators.adapters.git.verdict import SAID_CHARS_MAX, said, verdict
from remediators.core.reply import Answer, Reply
from tests.remediators.adapters.forge_servers import (
    TOKEN,
    TOKEN_ENV,
    ForgeServer,
    GitHubServer,
    GitLabServer,
    cuts,
    does_and_cuts,
    does_and_hangs,
    does_and_tells_half,
    says,
    served,
)
from tests.remediators.adapters.git_remote import Remote

pytestmark = pytest.mark.needs("git")
PATIENT_S = 30.0
IMPATIENT_S = 1.0
OURS = "mendlog/c1"
HOSTILE = '{{7*7}} $(id) `id` <b>"x"</b> \\ %0a /merge'
WANTED = Proposal(OURS, "main", f'Revert "{HOSTILE}"', f"{HOSTILE}\n\nMendlog-Command: c1\n")
NAMES = {"github": GitHub, "gitlab": GitLab}


@pytest_asyncio.fixture(params=[GitHubServer, GitLabServer])
async def server(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ForgeServer]:
    monkeypatch.setenv(TOKEN_ENV, TOKEN)
    remote = Remote(tmp_path)
    remote.git("update-ref", f"refs/heads/{OURS}", remote.commits("ours", {"other/x": "3"}))
    remote.git("update-ref", "refs/heads/main", f"{OURS}^")
    made = request.param(remote)
    async with served(made):
        yield made


def forge_of(server: ForgeServer, timeout_s: float = PATIENT_S, **more: object) -> Forge:
    return NAMES[server.kind](server.registered(**more), "main", timeout_s)


def always() -> bool:
    return True


async def opened(forge: Forge, wanted: Proposal = WANTED) -> PullRequest | Reply:
    return await forge.open(wanted, always, lambda: None)


async def test_opened_once_and_found_by_its_branch(server: ForgeServer):
    forge, out = forge_of(server), []
    assert await forge.find(OURS) is None
    made = await forge.open(WANTED, always, lambda: out.append("sent"))
    assert isinstance(made, PullRequest)
    assert (made.state, out) == ("open", ["sent"])
    assert await forge.find(OURS) == made
    again = await opened(forge)
    assert isinstance(again, Reply)
    assert again.answer is Answer.CONFLICT
    assert "already exists" in again.detail
    assert len(server.pulls) == 1


async def test_words_arrive_as_they_are(server: ForgeServer):
    await opened(forge_of(server))
    (pull,) = server.pulls
    assert (pull.title, pull.text) == (WANTED.title, WANTED.text)


@pytest.mark.parametrize("state", ["closed", "merged"])
async def test_what_people_have_ended_is_found_too(server: ForgeServer, state: str):
    server.opens(OURS, "main", "t", "x").state = state
    server.remote.git("update-ref", "-d", f"refs/heads/{OURS}")
    found = await forge_of(server).find(OURS)
    assert isinstance(found, PullRequest)
    assert found.state == state
    assert str(found).endswith(f"({state})")


async def test_neither_a_strangers_nor_another_branchs_is_ours(server: ForgeServer):
    server.opens(OURS, "main", "t", "x", fork=True)
    server.opens(OURS, "release", "t", "x")
    server.opens("mendlog/c2", "main", "t", "x")
    assert await forge_of(server).find(OURS) is None


async def test_a_forge_that_passes_the_filter_over_deceives_nobody(server: ForgeServer):
    async def all_of_them(_request: web.Request, _does: object) -> web.StreamResponse:
        return web.json_response([server.shown(pull) for pull in server.pulls])

    server.opens("mendlog/c2", "main", "t", "x")
    server.opens(OURS, "main", "t", "x", fork=True)
    server.opens(OURS, "release", "t", "x")
    server.list_faults.append(all_of_them)
    assert await forge_of(server).find(OURS) is None


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (says(401), Answer.FORBIDDEN),
        (says(403), Answer.FORBIDDEN),
        (says(403, **{"Retry-After": "60"}), Answer.THROTTLED),
        (says(403, **{"X-RateLimit-Remaining": "0"}), Answer.THROTTLED),
        (says(404), Answer.FORBIDDEN),
        (says(409), Answer.CONFLICT),
        (says(422), Answer.CONFLICT),
        (says(429), Answer.THROTTLED),
        (says(400), Answer.INVALID),
        (says(302, Location="http://169.254.169.254/"), Answer.INVALID),
        (says(500), Answer.UNSURE),
        (says(502), Answer.UNSURE),
        (says(408), Answer.UNSURE),
        (says(201), Answer.UNSURE),
        (cuts, Answer.UNSURE),
    ],
)
async def test_what_an_answer_is_taken_for(server: ForgeServer, fault: object, answer: Answer):
    forge = forge_of(server)
    server.post_faults.append(fault)  # type: ignore[arg-type]
    reply = await opened(forge)
    assert isinstance(reply, Reply)
    assert reply.answer is answer
    assert (server.posts, server.pulls) == (1, []), "it is sent once, whatever comes of it"


@pytest.mark.parametrize("fault", [does_and_cuts, does_and_tells_half, does_and_hangs])
async def test_a_lost_answer_is_in_doubt_and_then_found(server: ForgeServer, fault: object):
    hangs = fault is does_and_hangs
    forge = forge_of(server, IMPATIENT_S if hangs else PATIENT_S)
    server.post_faults.append(fault)  # type: ignore[arg-type]
    reply = await opened(forge)
    assert isinstance(reply, Reply)
    assert reply.answer is Answer.UNSURE
    assert server.posts == 1
    assert isinstance(await forge_of(server).find(OURS), PullRequest)


@pytest.mark.parametrize("fault", [says(500), cuts, says(404), says(200, "no list")])
async def test_a_reading_that_fails_has_changed_nothing_and_found_nothing(
    server: ForgeServer, fault: object
):
    """Above all it is no `not found`: that would be the leave to open another."""
    server.list_faults.append(fault)  # type: ignore[arg-type]
    found = await forge_of(server).find(OURS)
    assert isinstance(found, Reply)
    assert found.answer in (Answer.NEVER_SENT, Answer.FORBIDDEN, Answer.INVALID)


async def test_held_back_at_the_last_moment_nothing_leaves(server: ForgeServer):
    reply = await forge_of(server).open(WANTED, lambda: False, lambda: None)
    assert isinstance(reply, Reply)
    assert (reply.answer, server.posts) == (Answer.HELD_BACK, 0)


async def test_nobody_listens(server: ForgeServer):
    reply = await opened(forge_of(server, url="http://127.0.0.1:1/api"))
    assert isinstance(reply, Reply)
    assert reply.answer is Answer.NEVER_SENT


async def test_the_token_is_read_anew_and_told_nobody(
    server: ForgeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "token"
    forge = forge_of(server, token_file=file)
    for text in (None, "", "\n", "two\nlines"):
        if text is not None:
            file.write_text(text)
        found = await forge.find(OURS)
        assert isinstance(found, Reply)
        assert (found.answer, server.lists) == (Answer.NEVER_SENT, 0)
    file.write_text(f"{TOKEN}\n")
    assert await forge.find(OURS) is None
    monkeypatch.delenv(TOKEN_ENV)
    without = await forge_of(server).find(OURS)
    assert isinstance(without, Reply)
    assert without.answer is Answer.NEVER_SENT
    file.write_text("another-secret")
    denied = await forge.find(OURS)
    assert isinstance(denied, Reply)
    assert (denied.answer, denied.detail) == (Answer.FORBIDDEN, "401: Bad credentials")


def test_what_a_forge_echoes_gives_no_token_away():
    reply = verdict(403, {}, b'{"message": "bad: a-secret-token"}', TOKEN)
    assert reply is not None
    assert reply.detail == "403: bad: ***"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"message": "Not Found"}', "Not Found"),
        (b'{"message": ["one", "two"]}', "one two"),
        (b'{"message": "V", "errors": [{"message": "m"}, {"field": "head"}, 7]}', "V m head"),
        (b'{"error": "invalid_token"}', "invalid_token"),
        (b'{"message": "a\\u202eb\\n$(id)"}', "a b $(id)"),
        (b"[1]", ""),
        (b"<html>", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"message": "' + b"x" * 9_000 + b'"}', "x" * SAID_CHARS_MAX),
    ],
)
def test_what_a_forge_says_is_told_on_one_line(body: bytes, words: str):
    assert said(body, TOKEN) == words


@pytest.mark.parametrize(
    ("headers", "least_ms", "most_ms"),
    [
        ({"Retry-After": "60"}, 60_000, 60_000),
        ({"Retry-After": "0"}, 1_000, 1_000),
        ({"Retry-After": "9" * 30}, 3_600_000, 3_600_000),
        ({"Retry-After": "soon"}, 1_000, 1_000),
        ({"X-RateLimit-Reset": "1"}, 1_000, 1_000),
        ({"X-RateLimit-Reset": "9" * 30}, 3_600_000, 3_600_000),
        ({}, 1_000, 1_000),
    ],
)
def test_how_long_it_wants_to_be_left_alone(headers: dict[str, str], least_ms: int, most_ms: int):
    reply = verdict(429, headers, b"{}", TOKEN)
    assert reply is not None
    assert least_ms <= reply.retry_after_ms <= most_ms


async def test_an_answer_that_does_not_end_is_not_read_to_its_end(server: ForgeServer):
    async def endless(request: web.Request, _does: object) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(64):
            await answer.write(b" " * 65_536)
        return answer

    server.list_faults.append(endless)
    found = await forge_of(server).find(OURS)
    assert isinstance(found, Reply)
    assert found.answer is Answer.NEVER_SENT
