"""Flags outside of a cluster on real sockets: set, set back, and what is said in doubt."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from remediators.actions.plan import Kit
from remediators.adapters.flags.file import HttpFlag, RegisteredFlag, SsmParameter
from remediators.adapters.flags.opening import open_flags
from remediators.adapters.flags.place import Flags
from remediators.adapters.places import Places
from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.core.request import setting
from remediators.core.seen import Seen
from schemas.actions import SET_FLAG
from schemas.kinds import FLAG
from schemas.remediation import Command, CommandKind, Observation, Outcome, Target
from tests.fakes import FakeCluster
from tests.remediators.adapters.flag_servers import FlagServer, ParameterStore, served
from tests.remediators.builders import command
from tests.remediators.executor.bench import Bench, Died, words

SEARCH = Target("eu-1", "", FLAG, "search")
OFF = {"flag": "search", "value": "off"}
VALUES = ["on", "off"]


def always() -> bool:
    return True


@pytest_asyncio.fixture
async def http() -> AsyncIterator[FlagServer]:
    server = FlagServer()
    async with served(server):
        yield server


@pytest_asyncio.fixture
async def ssm(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ParameterStore]:
    server = ParameterStore()
    async with served(server):
        for name, value in {
            "AWS_ACCESS_KEY_ID": "KEY",
            "AWS_SECRET_ACCESS_KEY": "a secret",
            "AWS_ENDPOINT_URL_SSM": server.url.removesuffix("/search"),
        }.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture(params=["http", "ssm"])
def server(request: pytest.FixtureRequest) -> FlagServer | ParameterStore:
    return request.getfixturevalue(request.param)


def registered(server: FlagServer | ParameterStore, token: Path | None = None) -> RegisteredFlag:
    if isinstance(server, FlagServer):
        place = HttpFlag(url=server.url, member="value", token_file=token)
        return RegisteredFlag(values=VALUES, cluster="eu-1", http=place)
    kept = SsmParameter(parameter="/shop/search", region="eu-central-1")
    return RegisteredFlag(values=VALUES, cluster="eu-1", ssm=kept)


def flags_of(server: FlagServer | ParameterStore, token: Path | None = None) -> Flags:
    return open_flags("eu-1", {"search": registered(server, token)}, 5.0)


async def bench(server: FlagServer | ParameterStore) -> Bench:
    here = Bench()
    flag = registered(server)
    here.kit = Kit(flags={"search": flag.plain("search")})
    here.cluster = Places(FakeCluster(), {FLAG: open_flags("eu-1", {"search": flag}, 5.0)})
    here.restart()
    return here


async def act_of(here: Bench) -> Command:
    look = command(CommandKind.LOOK, command_id="look", target=SEARCH)
    (seen,) = await here.do(look)
    assert isinstance(seen, Observation), seen
    bound = {"uid": seen.uid, "generation": seen.generation, "marker": seen.marker}
    return command(action=SET_FLAG, target=SEARCH, parameters=OFF, **bound)


async def test_set_and_set_back(server: FlagServer | ParameterStore):
    here = await bench(server)
    act = await act_of(here)
    done = await here.do(act)
    assert words(done) == ["intent", "applied"]
    assert server.value == "off"
    assert isinstance(done[-1], Outcome)
    undo = command(
        CommandKind.ROLLBACK,
        command_id="c2",
        undoes="c1",
        action=SET_FLAG,
        target=SEARCH,
        parameters=done[-1].undo,
        uid=act.uid,
        generation=act.generation,
        marker=act.marker,
    )
    assert words(await here.do(undo)) == ["intent", "applied"]
    assert server.value == "on"
    assert len(server.puts) == 2


async def test_what_was_set_since_the_look_is_stale(server: FlagServer | ParameterStore):
    here = await bench(server)
    act = await act_of(here)
    server.value = "half"
    assert words(await here.do(act)) == ["rejected stale"]
    assert server.puts == []


async def test_an_answer_that_is_lost_is_read_and_never_sent_again(
    server: FlagServer | ParameterStore,
):
    here = await bench(server)
    act = await act_of(here)
    server.lose = True
    assert words(await here.do(act)) == ["intent", "applied"]
    assert len(server.puts) == 1


async def test_killed_before_the_send_nobody_can_tell(
    server: FlagServer | ParameterStore, monkeypatch: pytest.MonkeyPatch
):
    """The bytes of a killed process may still be under way, and a copy could do harm."""
    monkeypatch.setattr("remediators.core.protocol.LAST_READS_MS", 0)
    here = await bench(server)
    act = await act_of(here)
    here.die_at = "executor.intent_acked"
    with pytest.raises(Died):
        await here.do(act)
    here.restart()
    assert words(await here.do(act)) == ["unknown no_answer"]
    assert server.puts == []


async def test_killed_after_the_send_its_value_tells(server: FlagServer | ParameterStore):
    here = await bench(server)
    act = await act_of(here)
    here.die_at = "executor.response_read"
    with pytest.raises(Died):
        await here.do(act)
    here.restart()
    assert words(await here.do(act)) == ["applied"]
    assert len(server.puts) == 1


async def test_what_somebody_sets_at_the_last_moment_is_not_replaced(
    server: FlagServer | ParameterStore,
):
    flags = flags_of(server)
    seen = await flags.look(SEARCH)
    assert isinstance(seen, Seen)
    server.value = "half"
    if isinstance(server, ParameterStore):
        server.version += 1
    request = setting(SEARCH, "off", "on", seen.body["match"])
    assert (await flags.rehearse(request)).answer is Answer.UNPROCESSABLE
    assert (await flags.send(request, always)).answer is Answer.UNPROCESSABLE
    assert server.value == "half"


async def test_held_back_at_the_last_moment_nothing_leaves(server: FlagServer | ParameterStore):
    flags = flags_of(server)
    request = setting(SEARCH, "off", "on", "1" if isinstance(server, ParameterStore) else "")
    assert (await flags.send(request, lambda: False)).answer is Answer.HELD_BACK
    assert server.puts == []


async def test_nobody_there(server: FlagServer | ParameterStore, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:1")
    server.url = "http://127.0.0.1:1/"
    request = setting(SEARCH, "off", "on", "1")
    assert (await flags_of(server).send(request, always)).answer is Answer.NEVER_SENT


async def test_what_is_not_registered_in_this_cluster(http: FlagServer):
    other = open_flags("us-1", {"search": registered(http)}, 5.0)
    for found in (await other.look(SEARCH), await other.survey(SEARCH)):
        assert isinstance(found, Reply)
        assert found.answer is Answer.NOT_FOUND
    assert (await other.send(setting(SEARCH, "off"), always)).answer is Answer.INVALID
    assert isinstance(await other.find(Query(FLAG)), Reply)
    assert http.asked == []
    await other.close()


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (404, Answer.NOT_FOUND),
        (401, Answer.FORBIDDEN),
        (403, Answer.FORBIDDEN),
        (405, Answer.INVALID),
        (302, Answer.INVALID),
        (412, Answer.UNPROCESSABLE),
        (429, Answer.THROTTLED),
        (500, Answer.UNSURE),
        (408, Answer.UNSURE),
    ],
)
async def test_what_a_status_means(http: FlagServer, status: int, answer: Answer):
    flags, request = flags_of(http), setting(SEARCH, "off", "on")
    headers = {"Location": http.url}
    http.answers = [web.Response(status=status, headers=headers) for _ in range(2)]
    assert (await flags.send(request, always)).answer is answer
    looked = await flags.look(SEARCH)
    assert isinstance(looked, Reply)
    assert looked.answer is answer
    assert len(http.asked) == 2, "a redirect is not followed"


@pytest.mark.parametrize(
    ("text", "wait_ms"),
    [("", 1_000), ("7", 7_000), ("soon", 1_000), ("9" * 5_000, 999_999_999_000)],
)
async def test_it_is_left_alone_for_as_long_as_it_asks(http: FlagServer, text: str, wait_ms: int):
    http.answers = [web.Response(status=429, headers={"Retry-After": text} if text else {})]
    reply = await flags_of(http).send(setting(SEARCH, "off", "on"), always)
    assert (reply.answer, reply.retry_after_ms) == (Answer.THROTTLED, wait_ms)


@pytest.mark.parametrize(
    "body",
    ["on", "[]", '{"value": true}', '{"value": "on", "more": 1}', "[" * 4_000, "x" * 5_000],
)
async def test_an_answer_in_another_form_is_no_value(http: FlagServer, body: str):
    http.answers = [web.Response(text=body)]
    looked = await flags_of(http).look(SEARCH)
    assert isinstance(looked, Reply)
    assert looked.answer is not Answer.DONE


async def test_without_an_etag_there_is_no_condition(http: FlagServer):
    http.conditional = False
    flags = flags_of(http)
    seen = await flags.look(SEARCH)
    assert isinstance(seen, Seen)
    assert seen.body == {"value": "on", "match": ""}
    assert (await flags.send(setting(SEARCH, "off", "on"), always)).answer is Answer.DONE


async def test_an_etag_of_the_value_alone_lets_a_late_copy_win(http: FlagServer):
    """Why a condition of this kind makes nothing safe to send twice."""
    flags = flags_of(http)
    request = setting(SEARCH, "off", "on", '"on"')
    assert (await flags.send(request, always)).answer is Answer.DONE
    http.value = "on"
    assert (await flags.send(request, always)).answer is Answer.DONE


async def test_the_token_is_read_each_time(http: FlagServer, tmp_path: Path):
    token = tmp_path / "token"
    flags = flags_of(http, token)
    request = setting(SEARCH, "off", "on")
    assert (await flags.send(request, always)).answer is Answer.NEVER_SENT
    for text in ("one\n", "two\n"):
        token.write_text(text)
        await flags.look(SEARCH)
    assert http.asked == ["Bearer one", "Bearer two"]


@pytest.mark.parametrize(
    ("code", "status", "answer"),
    [
        ("ParameterNotFound", 400, Answer.NOT_FOUND),
        ("AccessDeniedException", 400, Answer.FORBIDDEN),
        ("ThrottlingException", 400, Answer.THROTTLED),
        ("ValidationException", 400, Answer.INVALID),
        ("InternalServerError", 500, Answer.UNSURE),
    ],
)
async def test_what_parameter_store_answers(
    ssm: ParameterStore, code: str, status: int, answer: Answer
):
    ssm.refusals = {"PutParameter": (status, code)}
    flags = flags_of(ssm)
    assert (await flags.send(setting(SEARCH, "off", "on", "1"), always)).answer is answer
    assert len(ssm.signed) == 2, "the client does not try again by itself"
    assert ssm.signed[0].startswith("AWS4-HMAC-SHA256 Credential=KEY/")


async def test_a_reading_that_fails_before_the_write_has_sent_nothing(ssm: ParameterStore):
    ssm.refusals = {"GetParameter": (500, "InternalServerError")}
    sent = await flags_of(ssm).send(setting(SEARCH, "off", "on", "1"), always)
    assert sent.answer is Answer.NEVER_SENT


async def test_a_secret_is_not_a_flag(ssm: ParameterStore):
    ssm.type = "SecureString"
    looked = await flags_of(ssm).look(SEARCH)
    assert isinstance(looked, Reply)
    assert looked.answer is Answer.INVALID


async def test_what_is_set_between_the_last_reading_and_the_write_is_lost(ssm: ParameterStore):
    """Parameter Store knows no condition; nobody can close this gap, so the docs name it."""
    ssm.between = ["half"]
    sent = await flags_of(ssm).send(setting(SEARCH, "off", "on", "1"), always)
    assert (sent.answer, ssm.value, ssm.version) == (Answer.DONE, "off", 3)
