"""What a webhook leaves out comes back from its Alertmanager, or its sender is told to repeat."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from deploy.sandbox import ports
from deploy.sandbox.kafka import Kafka
from schemas.alerts import Sighting
from schemas.topics import REJECTS
from streams.ingest.formats.alertmanager import WEBHOOK
from streams.ingest.formats.catalog import read
from streams.ingest.gateway.fetch_back import AGAIN_MAX, FETCH_S
from tests.streams.ingest.alertmanager.alerts import listed
from tests.streams.ingest.alertmanager.server import Odd, odd
from tests.streams.ingest.payloads import hook
from tests.streams.ingest.running import PATIENT_S, Running, Start
from tests.streams.ingest.topics import header, until

pytestmark = pytest.mark.broker
TOKEN = "token-of-the-alertmanager"
DOOR = "/webhook/alertmanager"
ALERTMANAGER = """
route: {{receiver: mendlog, group_wait: 300ms, group_interval: 1s, group_by: [alertname]}}
receivers:
  - name: mendlog
    webhook_configs:
      - url: http://127.0.0.1:{port}/webhook/alertmanager
        max_alerts: 2
        http_config: {{authorization: {{credentials: {token}}}}}
"""
TRUNCATED = hook(
    {"status": "firing", "labels": {"alertname": "Down", "pod": "a"}},
    receiver="mendlog",
    groupLabels={"alertname": "Down"},
    truncatedAlerts=2,
    externalURL="http://127.0.0.1:1/elsewhere",
)
Asking = Callable[..., Awaitable[Running]]


@pytest.fixture
async def asking(kafka: Kafka, prefix: str, start: Start, tmp_path: Path) -> Asking:
    """A gateway whose source says where its Alertmanager is, and which waits for that."""

    async def run(url: str, also: str = "") -> Running:
        file = tmp_path / "sources.yaml"
        fields = f"name: am, format: {WEBHOOK}, token_env: AM, alertmanager_url: '{url}' {also}"
        file.write_text(f"version: 1\nsources: [{{{fields}}}]\n")
        gateway = await start(
            kafka.bootstrap,
            topic_prefix=prefix,
            sources_file=file,
            env={"AM": TOKEN},
        )
        waits_for(gateway, PATIENT_S)
        return gateway

    return run


def waits_for(gateway: Running, timeout_s: float) -> None:
    gateway.gateway._fetch_back._timeout_s = timeout_s


@pytest.fixture
async def server() -> AsyncIterator[Odd]:
    async with odd() as made:
        made.body = b"[" + listed("b") + b"," + listed("c") + b"]"
        yield made


async def post(gateway: Running, body: bytes = TRUNCATED) -> tuple[int, str]:
    return await gateway.post(body, DOOR, Authorization=f"Bearer {TOKEN}")


async def seen(gateway: Running) -> list[Sighting]:
    found: list[Sighting] = []
    for record in await gateway.records():
        assert (header(record, "source"), header(record, "format")) == ("am", WEBHOOK)
        found += read(record.value, "am", WEBHOOK, record.timestamp).sightings
    return found


async def pods(gateway: Running) -> list[str]:
    return sorted(one.labels["pod"] for one in await seen(gateway))


async def outcomes(gateway: Running) -> dict[str, float]:
    name = "mendlog_gateway_fetches_back_total"
    return {
        outcome: count
        for outcome in ("fetched", "asked_again", "gave_up")
        if (count := await gateway.metric(f'{name}{{outcome="{outcome}",source="am"}}'))
    }


@pytest.mark.slow
@pytest.mark.needs("prometheus-alertmanager")
async def test_alertmanager_leaves_alerts_out_and_all_of_the_group_arrive(
    asking: Asking, tmp_path: Path
) -> None:
    (port,) = ports.choose(1)
    url = f"http://127.0.0.1:{port}"
    gateway = await asking(url)
    (tmp_path / "am.yml").write_text(ALERTMANAGER.format(port=gateway.gateway.port, token=TOKEN))
    process = await asyncio.create_subprocess_exec(
        "prometheus-alertmanager",
        f"--config.file={tmp_path}/am.yml",
        f"--storage.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    )
    try:
        await until(lambda: _ready(url))
        labels = [{"alertname": "Down", "pod": f"p{n}"} for n in range(5)]
        labels.append({"alertname": "Other", "pod": "q"})
        async with aiohttp.ClientSession() as http:
            alerts = [{"labels": one, "annotations": {"a": "b"}} for one in labels]
            async with http.post(f"{url}/api/v2/alerts", json=alerts) as answer:
                answer.raise_for_status()

        async def all_are_here() -> bool:
            return set(await pods(gateway)) == {"p0", "p1", "p2", "p3", "p4", "q"}

        await until(all_are_here)
        found = await seen(gateway)
        assert len({one.fingerprint for one in found}) == 6, "the same alerts by either way"
        assert {(one.status.value, one.ends_at_ms) for one in found} == {("firing", 0)}
        assert {str(one.annotations) for one in found} == {"{'a': 'b'}"}
        assert await gateway.metric("mendlog_gateway_deliveries_truncated_total") >= 1
        assert (await outcomes(gateway)).keys() == {"fetched"}
        assert await gateway.metric("mendlog_gateway_alerts_fetched_back_total") % 5 == 0
    finally:
        await _end(process)


async def _ready(url: str) -> bool:
    try:
        async with aiohttp.ClientSession() as http, http.get(f"{url}/-/ready") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def _end(process: Process) -> None:
    process.kill()
    await process.wait()


async def test_only_the_address_in_our_file_is_asked_and_only_for_the_group(
    asking: Asking, server: Odd
) -> None:
    gateway = await asking(f"{server.url}/prefix/")
    assert await post(gateway) == (200, "")
    assert await pods(gateway) == ["a", "b", "c"]
    (request,) = server.asked
    assert request.path == "/prefix/api/v2/alerts"
    assert request.query.getall("filter") == ['alertname="Down"']
    assert request.query["receiver"] == "mendlog"
    assert "Authorization" not in request.headers, "the sender's proof is ours alone"


async def test_a_whole_webhook_asks_nobody(asking: Asking, server: Odd) -> None:
    gateway = await asking(server.url)
    whole = TRUNCATED.replace(b'"truncatedAlerts": 2', b'"truncatedAlerts": 0')
    assert await post(gateway, whole) == (200, "")
    assert (server.asked, await pods(gateway)) == ([], ["a"])


async def test_what_comes_back_is_held_to_what_the_source_may_say(
    asking: Asking, server: Odd
) -> None:
    gateway = await asking(server.url, ", clusters: [eu-1]")
    labels = {"alertname": "Down", "cluster": "eu-1"}
    ours = listed("b", labels={**labels, "pod": "b"})
    theirs = listed("c", labels={**labels, "pod": "c", "cluster": "us-1"})
    server.body = b"[" + ours + b"," + theirs + b"]"
    told = TRUNCATED.replace(b'"alertname": "Down", "pod"', b'"cluster": "eu-1", "pod"')
    assert (await post(gateway, told))[0] == 200
    assert await pods(gateway) == ["a", "b"]
    assert len(await gateway.records(REJECTS)) == 1
    rejected = 'mendlog_gateway_alerts_rejected_total{reason="not_allowed",source="am"}'
    assert await gateway.metric(rejected) == 1


async def test_while_its_alertmanager_does_not_answer_the_sender_repeats_but_not_for_ever(
    asking: Asking, server: Odd
) -> None:
    gateway = await asking(server.url)
    server.status = 503
    answers = [await post(gateway) for _ in range(AGAIN_MAX + 2)]
    assert [status for status, _ in answers] == [503] * AGAIN_MAX + [200, 200]
    assert "cannot answer now" in answers[0][1]
    assert set(await pods(gateway)) == {"a"}, "what was sent is taken each time"
    assert await outcomes(gateway) == {"asked_again": AGAIN_MAX, "gave_up": 2}
    server.status = 200
    assert (await post(gateway))[0] == 200
    server.status = 503
    assert (await post(gateway))[0] == 503, "it has answered in between"


@pytest.mark.parametrize(
    ("status", "body"), [(302, b""), (401, b""), (404, b""), (200, b"{}"), (200, b"[7]")]
)
async def test_where_repeating_would_not_help_the_webhook_is_taken(
    asking: Asking, server: Odd, status: int, body: bytes
) -> None:
    gateway = await asking(server.url)
    server.status, server.body = status, body
    server.headers = {"Location": f"{server.url}/elsewhere"}
    assert await post(gateway) == (200, "")
    assert await outcomes(gateway) == {"gave_up": 1}
    assert len(server.asked) == 1
    assert await pods(gateway) == ["a"]


async def test_more_than_a_delivery_may_be_is_not_read(asking: Asking, server: Odd) -> None:
    gateway = await asking(server.url)
    server.body = b"[" + b" " * (4 << 20) + b"]"
    assert await post(gateway) == (200, "")
    assert await outcomes(gateway) == {"gave_up": 1}


async def test_a_group_that_is_not_told_is_not_asked_for(asking: Asking, server: Odd) -> None:
    gateway = await asking(server.url)
    assert await post(gateway, TRUNCATED.replace(b"groupLabels", b"other")) == (200, "")
    assert server.asked == []
    assert await outcomes(gateway) == {"gave_up": 1}


async def test_one_is_asked_at_a_time_and_the_wait_ends(asking: Asking, server: Odd) -> None:
    gateway = await asking(server.url)
    server.answers.clear()
    sending = [asyncio.create_task(post(gateway)) for _ in range(3)]

    async def was_asked() -> bool:
        return bool(server.asked)

    await until(was_asked)
    server.answers.set()
    assert {status for status, _ in await asyncio.gather(*sending)} == {200}
    assert (len(server.asked), server.most_at_once) == (3, 1)
    server.answers.clear()
    waits_for(gateway, 0.5)
    assert (await post(gateway))[0] == 503
    assert await gateway.metric("mendlog_gateway_in_flight_bytes") == 0


async def test_those_whose_turn_does_not_come_repeat_however_many_they_are(
    asking: Asking, server: Odd
) -> None:
    gateway = await asking(server.url)
    waits_for(gateway, FETCH_S)
    server.answers.clear()
    answers = await asyncio.gather(*[post(gateway) for _ in range(AGAIN_MAX + 2)])
    assert [status for status, _ in answers] == [503] * (AGAIN_MAX + 2)
    # The second to wait may get its turn when the first gives up, and then has as long as that one.
    assert len(server.asked) <= 2
    waits_for(gateway, PATIENT_S)
    server.answers.set()
    assert (await post(gateway))[0] == 200


async def test_it_proves_itself_to_alertmanager_by_a_file(
    asking: Asking, server: Odd, tmp_path: Path
) -> None:
    file = tmp_path / "authorization"
    file.write_text("Bearer of-ours\n")
    gateway = await asking(server.url, f", alertmanager_authorization_file: '{file}'")
    assert await post(gateway) == (200, "")
    assert server.asked[0].headers["Authorization"] == "Bearer of-ours"
