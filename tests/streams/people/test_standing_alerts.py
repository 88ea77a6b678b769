"""Which alerts fire, folded from a journal: out of order, twice, with other entries between."""

from dataclasses import replace

import pytest

from schemas.alerts import AlertStatus
from streams.core.entries import AlertState, Entry, IncidentState
from streams.core.keys import alert_key, incident_key, silence_key
from streams.core.lifecycle import Phase
from streams.core.reasons import Reason
from streams.core.standing import SilenceState
from streams.host.entries import CURSOR, cursor_record, gone_record, live_record
from streams.host.entries import Entry as Kept
from streams.ingest.alertmanager.held import HeldAlert
from streams.people import standing_alerts
from streams.people.standing_alerts import StandingAlerts, TooMuch
from streams.steps.state_codec import encode_entry

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
