"""Both sides are asked: what is read, what is said where one does not answer, and as metrics."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import aiohttp
import pytest

from streams.ingest.alertmanager.address import Address
from streams.ingest.alertmanager.client import NotAnswered, session
from streams.ingest.alertmanager.held import HeldAlert, NotCaughtUp
from streams.ingest.alertmanager.reconcile import Asked
from streams.people.reconcile_watch import watch
from streams.people.reconciling import Misnamed, Reconciling
from tests.streams.ingest.alertmanager.alerts import held, listed
from tests.streams.ingest.alertmanager.server import PATH, Odd, odd
from tests.streams.ingest.topics import until


class Holdings:
    """What is held, without a journal."""

    is_caught_up, bytes = True, 0

    def __init__(self, *alerts: HeldAlert) -> None:
        self.alerts = alerts
        self.fault: NotCaughtUp | None = None

    async def __call__(self, now_ms: int) -> Iterable[HeldAlert]:
        if self.fault:
            raise self.fault
        return iter(self.alerts)

    async def close(self) -> None:
        pass


@pytest.fixture
async def server() -> AsyncIterator[Odd]:
    async with odd() as made:
        yield made


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with session() as made:
        yield made


def reconciling(
    http: aiohttp.ClientSession, server: Odd, holdings: Holdings, receiver: str = ""
) -> Reconciling:
    address = Address(server.url)
    return Reconciling(http, address, receiver, holdings, Asked(frozenset({"am"})))


def alerts(*pods: str) -> bytes:
    never_ends = "2999-01-01T00:00:00Z"
    return b"[" + b",".join(listed(pod, endsAt=never_ends) for pod in pods) + b"]"


async def test_both_are_asked_and_only_for_the_receiver_that_sends_here(
    http: aiohttp.ClientSession, server: Odd
) -> None:
    server.body = alerts("a", "b")
    found = await reconciling(http, server, Holdings(held("b"), held("c")), "mend.*").once()
    assert (found.known, len(found.missing), len(found.only_here)) == (1, 1, 1)
    assert list(server.asked[0].query.items()) == [("receiver", "mend.*")]
    await reconciling(http, server, Holdings()).once()
    assert not server.asked[1].query


async def test_the_side_that_does_not_answer_is_named(
    http: aiohttp.ClientSession, server: Odd
) -> None:
    holdings = Holdings()
    holdings.fault = NotCaughtUp("still being read", 5)
    with pytest.raises(NotCaughtUp):
        await reconciling(http, server, holdings).once()
    server.status = 503
    with pytest.raises(NotAnswered):
        await reconciling(http, server, holdings).once()


RECEIVERS = "/api/v2/receivers"


async def test_a_receiver_that_it_does_not_have_is_told_with_those_that_it_has(
    http: aiohttp.ClientSession, server: Odd
) -> None:
    server.bodies[RECEIVERS] = b'[{"name": "web.hook"}, {"name": "mendlog"}]'
    for misspelt in ("nosuch", "mend", "mendlog2|lo"):
        with pytest.raises(Misnamed, match=r"no receiver .* it has mendlog, web\.hook$"):
            await reconciling(http, server, Holdings(), misspelt).once()
    for right in ("mendlog", "mend.*", "a|web.hook"):
        found = await reconciling(http, server, Holdings(held("c")), right).once()
        assert (found.holds, len(found.only_here)) == (0, 1)


async def test_of_one_that_holds_alerts_it_is_not_asked(
    http: aiohttp.ClientSession, server: Odd
) -> None:
    server.body = alerts("a")
    await reconciling(http, server, Holdings(), "mendlog").once()
    assert [request.path for request in server.asked] == [PATH]


async def test_metrics_tell_what_was_read_last_and_what_failed_since(
    http: aiohttp.ClientSession, server: Odd
) -> None:
    server.body = alerts("a", "b")
    holdings, urls = Holdings(held("b"), held("c")), list[str]()
    watching = asyncio.create_task(
        watch(reconciling(http, server, holdings), 1, "127.0.0.1", 0, urls.append)
    )

    async def says(line: str) -> bool:
        if not urls:
            return False
        async with http.get(urls[0]) as answer:
            return line in await answer.text()

    async def has_not_failed(side: str) -> bool:
        return await says(f'mendlog_reconcile_failures_total{{side="{side}"}} 0.0')

    async def has_failed(side: str) -> bool:
        return not await has_not_failed(side)  # Once, or more often before we looked.

    try:
        await until(lambda: says('mendlog_reconcile_alerts{kind="missing"} 1.0'))
        assert await says('mendlog_reconcile_alerts{kind="only_here"} 1.0')
        assert await has_not_failed("mendlog")
        holdings.fault = NotCaughtUp("still being read", 5)
        await until(lambda: has_failed("mendlog"))
        assert await has_not_failed("alertmanager")
        server.status = 503
        await until(lambda: has_failed("alertmanager"))
        assert await says('mendlog_reconcile_alerts{kind="missing"} 1.0'), "it stands, and is old"
        holdings.fault, server.status, server.body = None, 200, alerts("b", "c")
        await until(lambda: says('mendlog_reconcile_alerts{kind="known"} 2.0'))
        assert await says('mendlog_reconcile_alerts{kind="missing"} 0.0')
    finally:
        watching.cancel()
        await asyncio.wait([watching])
