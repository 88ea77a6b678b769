"""The alerts that fire, from a journal that is written while it is read, out of order and twice."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from deploy import topics
from deploy.sandbox.kafka import Kafka
from schemas.alerts import AlertStatus
from streams.core.entries import AlertState, Entry, IncidentState
from streams.core.keys import alert_key, incident_key, silence_key
from streams.core.lifecycle import Phase
from streams.core.reasons import Reason
from streams.core.standing import SilenceState
from streams.host.entries import CURSOR, cursor_record, gone_record, live_record
from streams.host.entries import Entry as Kept
from streams.ingest.alertmanager.held import HeldAlert, NotCaughtUp
from streams.people import standing_alerts
from streams.people.held_alerts import IDLE_S, TOO_MUCH_S, HeldAlerts
from streams.people.standing import JOURNAL
from streams.people.standing_alerts import StandingAlerts, TooMuch
from streams.steps.state_codec import encode_entry
from tests.hurry import hurried
from tests.streams.ingest.topics import until
from tests.streams.people.test_reading import PARTITIONS, Log, log

__all__ = ["log"]
NOW_MS = 1_000_000


def alert(pod: str, source: str = "am", **fields: object) -> AlertState:
    made = AlertState(
        source, pod, AlertStatus.FIRING, 1, 0, 2, 3, "i1", labels={"alertname": "A", "pod": pod}
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def key_of(state: AlertState, cluster: str = "eu-1") -> bytes:
    return alert_key(cluster, state.source, state.fingerprint).encode()


def incident(phase: Phase, reason: str = "", name: str = "i1") -> IncidentState:
    return IncidentState(
        name, "eu-1", "g", {}, {}, phase, reason, "t", "page", 1, 2, None, receivers=("ops", "two")
    )


class Journal:
    """What is added goes straight into the fold."""

    def __init__(self, bytes_max: int = 1_000_000) -> None:
        self.standing = StandingAlerts(bytes_max)

    def add(self, offset: int, key: bytes, entry: Entry | None) -> None:
        kept = Kept(offset, None if entry is None else encode_entry(entry), 5)
        self.standing.add(key, live_record(key, kept).value, ())

    def sees(self, offset: int, state: AlertState, cluster: str = "eu-1") -> None:
        self.add(offset, key_of(state, cluster), state)

    def gone(self, offset: int, key: bytes) -> None:
        record = gone_record(key, offset)
        self.standing.add(key, None, record.headers)

    def held(self, now_ms: int = NOW_MS) -> list[HeldAlert]:
        return list(self.standing.at(now_ms))

    @property
    def pods(self) -> list[str]:
        return sorted(alert.state.fingerprint for alert in self.held())


def test_an_alert_is_held_until_it_ends_or_is_forgotten() -> None:
    journal = Journal()
    for pod in "abcd":
        journal.sees(1, alert(pod))
    journal.sees(2, alert("a", status=AlertStatus.RESOLVED))
    journal.add(2, key_of(alert("b")), None)
    journal.gone(2, key_of(alert("c")))
    assert journal.pods == ["d"]
    journal.sees(3, alert("a"))
    assert journal.pods == ["a", "d"], "it fires again"


def test_old_truth_that_comes_late_is_not_believed() -> None:
    journal = Journal()
    journal.sees(5, alert("a", status=AlertStatus.RESOLVED))
    journal.sees(4, alert("a"))
    journal.add(5, key_of(alert("b")), None)
    journal.sees(4, alert("b"))
    journal.sees(7, alert("c", last_seen_at_ms=70))
    journal.sees(6, alert("c", last_seen_at_ms=60))
    journal.gone(6, key_of(alert("c")))
    assert [one.state.last_seen_at_ms for one in journal.held()] == [70]


def test_what_has_ended_is_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing_alerts, "ENDED_MAX", 10)
    journal = Journal()
    for n in range(1000):
        journal.sees(n, alert(f"p{n}"))
        journal.add(n, key_of(alert(f"p{n}")), None)
    assert (journal.pods, journal.standing.bytes) == ([], 0)
    assert len(journal.standing._ended) == 10


def test_they_come_in_the_order_of_their_fingerprints_as_they_were_when_asked_for() -> None:
    journal = Journal()
    journal.sees(1, alert("b", source="1"))
    journal.sees(1, alert("a", source="2"))
    journal.sees(1, alert("c", source="0"))
    found = journal.standing.at(NOW_MS)
    journal.add(2, key_of(alert("c", source="0")), None)
    journal.sees(2, alert("d"))
    assert [one.state.fingerprint for one in found] == ["a", "b", "c"]


def test_names_with_signs_of_the_key_come_back_as_they_were() -> None:
    journal = Journal()
    journal.sees(1, alert("a", source="s/1"), cluster="eu/1%2f=,")
    assert [one.cluster for one in journal.held()] == ["eu/1%2f=,"]
    journal.sees(2, alert("a", source="s/1", status=AlertStatus.RESOLVED), cluster="eu/1%2f=,")
    journal.sees(2, alert("b", source="%2f"))
    assert journal.standing.sources == {"s/1", "%2f"}, "of what has ended, too"


def test_other_entries_are_passed_over_and_so_are_those_of_a_candidate() -> None:
    journal = Journal()
    state = alert("a")
    journal.add(1, b"beside/r1/" + key_of(state), state)
    journal.add(1, b"scope/eu-1", incident(Phase.OPEN))
    journal.standing.add(CURSOR, cursor_record(9).value, ())
    assert (journal.pods, len(journal.standing)) == ([], 0)


def test_its_incident_says_whom_it_tells() -> None:
    journal = Journal()
    journal.sees(1, alert("a"))
    assert journal.held()[0].receivers == ()
    journal.add(1, incident_key("i1").encode(), incident(Phase.OPEN))
    (found,) = journal.held()
    assert (found.receivers, found.is_quiet) == (("ops", "two"), False)


def test_a_silence_quiets_what_matches_while_it_lasts_and_on_its_cluster() -> None:
    journal = Journal()
    journal.sees(1, alert("a"))
    journal.sees(1, alert("b"))
    journal.sees(1, alert("c"), cluster="us-1")
    quiet = SilenceState(("pod=~a|c",), 100, 200, "ann", "why")
    journal.add(1, silence_key("eu-1", "s/1").encode(), quiet)
    journal.add(1, silence_key("*", "all").encode(), replace(quiet, matchers=("pod=c",)))

    def silenced(now_ms: int) -> dict[str, tuple[str, ...]]:
        return {one.state.fingerprint: one.silenced_by for one in journal.held(now_ms)}

    assert silenced(100) == {"a": ("s/1",), "b": (), "c": ("all",)}
    assert silenced(99) == silenced(200) == {"a": (), "b": (), "c": ()}


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (Reason.SILENCED, (("silenced",), (), ())),
        (Reason.INHIBITED, ((), ("i1",), ())),
        (Reason.SNOOZED, ((), (), ("snoozed",))),
        (Reason.FLAPPING, ((), (), ("flapping",))),
    ],
)
def test_a_suppressed_incident_says_why_its_alerts_are_quiet(
    reason: Reason, told: tuple[tuple[str, ...], ...]
) -> None:
    journal = Journal()
    journal.sees(1, alert("a"))
    journal.add(1, incident_key("i1").encode(), incident(Phase.SUPPRESSED, reason))
    (found,) = journal.held()
    assert (found.silenced_by, found.inhibited_by, found.muted_by) == told
    journal.add(2, incident_key("i1").encode(), incident(Phase.OPEN, reason))
    assert not journal.held()[0].is_quiet


def test_memory_is_bounded_and_given_back() -> None:
    journal = Journal(bytes_max=10_000)
    for n in range(1000):
        journal.sees(n, alert(f"p{n}"))
        journal.sees(n, alert(f"p{n}", status=AlertStatus.RESOLVED))
    assert journal.standing.bytes == 0
    fits = 0
    with pytest.raises(TooMuch):  # noqa: PT012
        for fits in range(1000):
            journal.sees(fits, alert(f"p{fits}"))
    assert 10 < fits < 40


# From the broker.


@asynccontextmanager
async def holding(prefix: str, bootstrap: str, **options: object) -> AsyncIterator[HeldAlerts]:
    made = HeldAlerts(bootstrap, prefix, **options)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.close()


async def writes(log: Log, offset: int, state: AlertState, partition: int = 0) -> None:
    kept = live_record(b"", Kept(offset, encode_entry(state))).value
    await log.writes(JOURNAL, key_of(state).decode(), kept, partition)


async def told(held: HeldAlerts) -> list[str]:
    return sorted(one.state.fingerprint for one in await held(NOW_MS))


@pytest.mark.broker
async def test_an_answer_holds_what_the_journal_held_when_it_was_asked_for(log: Log) -> None:
    for n in range(3):
        await writes(log, n, alert(f"p{n}"), partition=n)
    async with holding(log.prefix, log.bootstrap, wait_s=60) as held:
        assert (held.bytes, held.is_caught_up) == (0, False), "nothing before somebody asks"
        assert await told(held) == ["p0", "p1", "p2"]
        for n in range(3, 20):
            await writes(log, n, alert(f"p{n}"))
            assert f"p{n}" in await told(held), "at once"
        await writes(log, 30, alert("p0", status=AlertStatus.RESOLVED))
        assert "p0" not in await told(held)
        assert held.is_caught_up
        assert held.bytes > 0


@pytest.mark.broker
async def test_many_ask_at_once(log: Log) -> None:
    await writes(log, 1, alert("a"))
    async with holding(log.prefix, log.bootstrap, wait_s=60) as held:
        assert await asyncio.gather(*(told(held) for _ in range(20))) == [["a"]] * 20


@pytest.mark.broker
async def test_where_nobody_asks_for_long_all_of_it_is_given_up_and_read_anew(log: Log) -> None:
    await writes(log, 1, alert("a"))
    now = [0.0]
    async with holding(log.prefix, log.bootstrap, wait_s=60, clock=lambda: now[0]) as held:
        assert await told(held) == ["a"]
        now[0] += IDLE_S - 1
        assert await told(held) == ["a"]
        now[0] += IDLE_S

        async def is_given_up() -> bool:
            return (held.bytes, held.is_caught_up) == (0, False)

        await until(is_given_up)
        await writes(log, 2, alert("b"))
        assert await told(held) == ["a", "b"]


@pytest.mark.broker
@pytest.mark.parametrize("written", [1, 5])
async def test_a_journal_that_was_made_anew_is_read_anew(log: Log, written: int) -> None:
    for n in range(3):
        await writes(log, n, alert(f"p{n}"))
    async with holding(log.prefix, log.bootstrap, wait_s=20) as held:
        assert await told(held) == ["p0", "p1", "p2"]
        admin = AIOKafkaAdminClient(bootstrap_servers=log.bootstrap)
        await admin.start()
        try:
            await admin.delete_topics([JOURNAL.name(log.prefix)])

            async def is_gone() -> bool:
                return JOURNAL.name(log.prefix) not in await admin.list_topics()

            await until(is_gone)  # Else the old one may take what is written to the new one.
            await topics.create(log.bootstrap, log.prefix, PARTITIONS, timeout_s=60)
        finally:
            await admin.close()
        for n in range(written):
            await writes(log, n, alert(f"q{n}"))
        expected = [f"q{n}" for n in range(written)]

        async def is_told() -> bool:
            try:
                return await told(held) == expected
            except NotCaughtUp:
                return False

        await until(is_told)


@pytest.mark.broker
async def test_alerts_of_partitions_that_are_added_are_not_left_out(log: Log) -> None:
    await writes(log, 1, alert("a"))
    async with holding(log.prefix, log.bootstrap, wait_s=20) as held:
        assert await told(held) == ["a"]
        admin = AIOKafkaAdminClient(bootstrap_servers=log.bootstrap)
        await admin.start()
        try:
            more = {JOURNAL.name(log.prefix): NewPartitions(PARTITIONS + 1)}
            await admin.create_partitions(more)
        finally:
            await admin.close()

        async def is_there() -> bool:
            await log.producer.client.force_metadata_update()
            return PARTITIONS in await log.producer.partitions_for(JOURNAL.name(log.prefix))

        await until(is_there)
        await writes(log, 1, alert("b"), partition=PARTITIONS)
        assert held._following
        await held._following._consumer._client.force_metadata_update()  # As every five minutes.

        async def is_told() -> bool:
            try:
                return await told(held) == ["a", "b"]
            except NotCaughtUp:
                return False

        await until(is_told)


@hurried  # Else the others may begin a little later, and have that long to ask themselves.
async def test_who_waits_for_others_waits_no_longer_than_they_do() -> None:
    never = asyncio.Event()

    async def says_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await never.wait()
        writer.close()

    async with await asyncio.start_server(says_nothing, "127.0.0.1", 0) as broker:
        port = broker.sockets[0].getsockname()[1]
        async with holding("nobodys", f"127.0.0.1:{port}", wait_s=0.3) as held:
            asked = [held(NOW_MS) for _ in range(3)]
            answers = await asyncio.gather(*asked, return_exceptions=True)
        never.set()
    waited = "others who ask are still waiting"
    assert [str(answer) == waited for answer in answers] == [False, True, True]


@pytest.mark.broker
async def test_a_platform_without_a_journal_is_not_answered_for(kafka: Kafka) -> None:
    async with holding("nobodys", kafka.bootstrap, wait_s=60) as held:
        with pytest.raises(NotCaughtUp, match=r"nobodys\.state\.decide\.tape"):
            await held(NOW_MS)


async def test_without_a_broker_the_wait_ends_and_nothing_is_listed() -> None:
    async with holding("nobodys", "127.0.0.1:1", wait_s=0.3) as held:
        with pytest.raises(NotCaughtUp):
            await held(NOW_MS)
        assert not held.is_caught_up


async def test_a_broker_that_is_away_is_named() -> None:
    async with holding("nobodys", "127.0.0.1:1", wait_s=60) as held:
        with pytest.raises(NotCaughtUp, match=r"^no Kafka broker answers at 127\.0\.0\.1:1$"):
            await held(NOW_MS)


async def test_an_address_that_is_none_ends_the_question_and_not_the_task() -> None:
    faults: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, told: faults.append(told))
    async with holding("nobodys", "nohost:noport", wait_s=60) as held:
        for _ in range(2):
            with pytest.raises(NotCaughtUp, match="cannot be read"):
                await held(NOW_MS)
    gc.collect()
    assert not faults


@pytest.mark.broker
async def test_where_more_fires_than_is_held_it_is_not_read_again_at_every_question(
    log: Log,
) -> None:
    for n in range(40):
        await writes(log, n, alert(f"p{n}"))
    now = [0.0]
    async with holding(
        log.prefix, log.bootstrap, bytes_max=10_000, wait_s=60, clock=lambda: now[0]
    ) as held:
        for _ in range(2):
            with pytest.raises(NotCaughtUp, match="more fires") as caught:
                await held(NOW_MS)
        assert caught.value.retry_after_s == TOO_MUCH_S
        assert held.bytes == 0
        for n in range(40):
            await writes(log, 100 + n, alert(f"p{n}", status=AlertStatus.RESOLVED))
        now[0] += TOO_MUCH_S
        with pytest.raises(NotCaughtUp, match="more fires"):
            await held(NOW_MS)
