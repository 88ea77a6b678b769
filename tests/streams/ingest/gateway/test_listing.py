"""`GET /api/v2/alerts`: who may ask, what it sees, and what is said where the list is not known."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from streams.ingest.alertmanager.held import HeldAlert, NotCaughtUp
from streams.ingest.gateway.listing import WAITING_MAX, WAITING_OF_SOURCE_MAX
from tests.streams.ingest.alertmanager.alerts import held
from tests.streams.ingest.running import Running, Start
from tests.streams.ingest.topics import until

NOWHERE = "127.0.0.1:1"
"""No broker is needed to answer."""
SOURCES = """
version: 1
sources:
  - {name: eu, cluster: eu-1, token_env: EU, may_ask: true}
  - {name: both, clusters: [eu-1, us-1], token_env: BOTH, may_ask: true}
  - {name: shop, namespaces: [shop], token_env: SHOP, may_ask: true}
  - {name: sends, cluster: eu-1, token_env: SENDS}
  - {name: hooks, format: alertmanager-webhook, token_env: HOOKS}
  - {name: signing, format: grafana, hmac: {secret_env: SIGNING}}
"""
ENV = {
    name: f"{name}-0123456789-abcdef"
    for name in ("EU", "BOTH", "SHOP", "SENDS", "HOOKS", "SIGNING")
}
PATH = "/api/v2/alerts"


class Holdings:
    """What is held, without a journal."""

    is_caught_up, bytes = True, 7

    def __init__(self, *alerts: HeldAlert) -> None:
        self.alerts = alerts
        self.fault: NotCaughtUp | None = None
        self.answers = asyncio.Event()
        self.answers.set()
        self.closed = False

    async def __call__(self, now_ms: int) -> Sequence[HeldAlert]:
        await self.answers.wait()
        if self.fault:
            raise self.fault
        return self.alerts

    async def close(self) -> None:
        self.closed = True


HELD = (
    held("a", labels={"namespace": "shop"}),
    held("b", labels={"namespace": "other"}, source="datadog"),
    held("c", cluster="us-1"),
    held("d", cluster="ap-1", labels={"namespace": "shop"}),
)


@pytest.fixture
def holdings() -> Holdings:
    return Holdings(*HELD)


@pytest.fixture
async def gateway(start: Start, tmp_path: Path, holdings: Holdings) -> Running:
    (tmp_path / "sources.yaml").write_text(SOURCES)
    return await start(NOWHERE, sources_file=tmp_path / "sources.yaml", env=ENV, holdings=holdings)


async def asked(gateway: Running, who: str = "", query: str = "", **headers: str):
    """Status, what the answer says, and when to come again."""
    if who:
        headers["Authorization"] = f"Bearer {ENV[who]}"
    async with gateway.http.get(gateway.url + PATH + query, headers=headers) as answer:
        said = json.loads(await answer.text())
        if answer.status == 200:
            said = {alert["labels"]["pod"] for alert in said}
        return answer.status, said, answer.headers.get("Retry-After")


@pytest.mark.parametrize(
    ("who", "seen"), [("EU", {"a", "b"}), ("BOTH", {"a", "b", "c"}), ("SHOP", {"a", "d"})]
)
async def test_a_source_sees_what_it_may_speak_for(
    gateway: Running, who: str, seen: set[str]
) -> None:
    assert await asked(gateway, who) == (200, seen, None)


async def test_a_filter_finds_nothing_beyond_that(gateway: Running) -> None:
    assert await asked(gateway, "EU", "?filter=pod%3Da") == (200, {"a"}, None)
    assert await asked(gateway, "EU", "?filter=pod%3D~.*") == (200, {"a", "b"}, None)
    assert await asked(gateway, "EU", "?filter=pod%3Dc") == (200, set(), None)


async def test_nobody_is_told_anything_without_a_proof(gateway: Running) -> None:
    assert (await asked(gateway))[0] == 401
    assert (await asked(gateway, Authorization="Bearer wrong-0123456789-abcdef"))[0] == 401


async def test_who_may_send_may_not_ask_unless_its_section_says_so(gateway: Running) -> None:
    assert (await asked(gateway, "SENDS"))[0] == 403


async def test_the_door_is_the_one_of_the_format(gateway: Running) -> None:
    assert (await asked(gateway, "HOOKS"))[0] == 403


async def test_a_signature_proves_nobody_who_sends_no_body(gateway: Running) -> None:
    status, _, _ = await asked(gateway, **{"X-Grafana-Alerting-Signature": "0" * 64})
    assert status == 401


async def test_what_cannot_be_meant_is_named(gateway: Running) -> None:
    status, said, _ = await asked(gateway, "EU", "?active=perhaps")
    assert (status, said) == (400, "active: expected true or false instead of 'perhaps'")


async def test_no_list_is_better_than_a_wrong_one(gateway: Running, holdings: Holdings) -> None:
    holdings.fault = NotCaughtUp("the journal of decide is still being read", 5)
    assert await asked(gateway, "EU") == (503, "the journal of decide is still being read", "5")
    assert await gateway.metric('mendlog_gateway_lists_not_caught_up_total{source="eu"}') == 1
    assert await gateway.metric("mendlog_gateway_held_caught_up") == 1
    assert await gateway.metric("mendlog_gateway_held_bytes") == 7


async def test_who_comes_when_too_many_wait_is_told_to_come_again(
    gateway: Running, holdings: Holdings
) -> None:
    holdings.answers.clear()
    waiting: set[asyncio.Task[tuple[int, object, str]]] = set()

    async def sent_away(token: str, times: int) -> tuple[int, object, str]:
        asking = [asyncio.create_task(asked(gateway, token)) for _ in range(times)]
        done, still = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        waiting.update(still)
        (one,) = done
        return one.result()

    each = WAITING_OF_SOURCE_MAX
    said = "eu asks for alerts too often at once"
    assert await sent_away("EU", each + 1) == (503, said, "1")
    first = [asyncio.create_task(asked(gateway, "BOTH")) for _ in range(WAITING_MAX - each)]
    waiting.update(first)

    async def are_all_waiting() -> bool:
        listing = gateway.gateway._listing
        return listing is not None and listing.waiting.total() == WAITING_MAX

    await until(are_all_waiting)
    assert await asked(gateway, "SHOP") == (503, "too many ask for alerts at once", "1")
    holdings.answers.set()
    assert [result[0] for result in await asyncio.gather(*waiting)] == [200] * WAITING_MAX


async def test_who_does_not_read_is_cut_off_and_hears_of_no_shorter_list(
    gateway: Running, holdings: Holdings
) -> None:
    holdings.alerts = HELD[:1] * 100_000
    listing = gateway.gateway._listing
    assert listing
    listing.answer_s = 3.0  # Its first line must be out by then.
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.gateway.port, limit=1024)
    writer.write(
        f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ENV['EU']}\r\n\r\n".encode()
    )
    assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"

    async def is_given_up() -> bool:
        return listing.waiting.total() == 0

    await until(is_given_up)
    got = bytearray()
    try:
        while piece := await reader.read(1 << 20):
            got += piece
    except ConnectionError:
        pass
    assert b"0\r\n\r\n" not in got[-5:]
    writer.close()


async def test_this_machine_alone_sees_everything(start: Start, holdings: Holdings) -> None:
    gateway = await start(NOWHERE, holdings=holdings)
    assert (await asked(gateway))[1] == {"a", "b", "c", "d"}
    await gateway.gateway.stop()
    assert holdings.closed
