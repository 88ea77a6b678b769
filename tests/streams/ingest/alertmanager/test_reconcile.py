"""Two lists of alerts, and where they differ."""

from streams.ingest.alertmanager.held import HeldAlert
from streams.ingest.alertmanager.reconcile import Asked, Difference, compare, read
from tests.streams.ingest.alertmanager.alerts import NOW_MS, held, listed

GRACE_MS = 360_000
ASKED = Asked(frozenset({"am"}), frozenset({"eu-1"}), GRACE_MS)
SILENCED = {"state": "suppressed", "silencedBy": ["s1"], "inhibitedBy": []}
INHIBITED = {"state": "suppressed", "silencedBy": [], "inhibitedBy": ["0123456789abcdef"]}


def reconciled(
    theirs: list[bytes], ours: list[HeldAlert], asked: Asked = ASKED, asked_ms: int = NOW_MS
) -> Difference:
    found, unreadable = read(theirs, asked_ms)
    return compare(found, ours, asked, NOW_MS, unreadable)


def pods(found: Difference) -> tuple[list[str], list[str]]:
    return [seen.labels["pod"] for seen in found.missing], [
        state.labels["pod"] for state in found.only_here
    ]


def test_what_both_hold_is_known_whichever_source_it_came_by() -> None:
    found = reconciled([listed("a"), listed("b")], [held("a"), held("b", source="prometheus")])
    assert (found.known, found.is_loss, pods(found)) == (2, False, ([], []))


def test_what_only_it_holds_is_missing_and_what_only_we_hold_from_it_is_told() -> None:
    found = reconciled([listed("a")], [held("b"), held("c", source="datadog")])
    assert pods(found) == (["a"], ["b"])
    assert found.is_loss


def test_without_its_name_nothing_is_said_of_what_only_we_hold() -> None:
    assert pods(reconciled([], [held("b")], Asked())) == ([], [])


def test_the_same_labels_on_another_cluster_are_another_alert() -> None:
    theirs, ours = [listed("a")], [held("a", cluster="us-1")]
    assert pods(reconciled(theirs, ours))[0] == ["a"]
    assert reconciled(theirs, ours, Asked()).known == 1, "where nothing says whose it is"
    own = listed("a", labels={"alertname": "Down", "pod": "a", "cluster": "us-1"})
    here = held("a", cluster="us-1", labels={"cluster": "us-1"})
    assert reconciled([own], [here]).known == 1, "its own label names it"
    bound = held("a", labels={"cluster": "us-1"})
    assert reconciled([own], [bound]).known == 1, "its source is bound to eu-1, whatever it says"


def test_what_is_young_silenced_inhibited_or_not_yet_routed_is_told_apart() -> None:
    found = reconciled(
        [
            listed("young", starts="2026-11-01T10:00:59Z"),
            listed("silenced", status=SILENCED),
            listed("inhibited", status=INHIBITED),
            listed("unprocessed", state="unprocessed"),
        ],
        [],
    )
    assert (found.silenced, found.inhibited, found.young) == (1, 1, 2)
    assert (found.holds, found.is_loss) == (4, False)


def test_the_grace_ends_to_the_millisecond() -> None:
    at_grace = listed("a", starts="2026-11-01T09:55:00.000Z")
    assert pods(reconciled([at_grace], []))[0] == ["a"]
    within = listed("a", starts="2026-11-01T09:55:00.001Z")
    assert reconciled([within], []).young == 1
    assert pods(reconciled([], [held("a", seen_ms=NOW_MS - GRACE_MS)]))[1] == ["a"]
    assert pods(reconciled([], [held("a", seen_ms=NOW_MS - GRACE_MS + 1)]))[1] == []


def test_a_silenced_alert_that_we_hold_is_known() -> None:
    assert reconciled([listed("a", status=SILENCED)], [held("a")]).known == 1


def test_what_has_ended_since_it_was_asked_for_is_held_by_nobody() -> None:
    ended = listed("a", endsAt="2026-11-01T10:00:00Z")
    found = reconciled([ended], [held("a")], asked_ms=NOW_MS - 61_000)
    assert (found.holds, pods(found)) == (0, ([], [])), "its end is on its way"


def test_where_our_clock_is_ahead_what_it_lists_still_fires() -> None:
    found = reconciled([listed("a", endsAt="2026-11-01T10:00:00Z")], [])
    assert (found.holds, pods(found)[0], found.is_loss) == (1, ["a"], True)


def test_what_the_gateway_would_refuse_is_a_loss_and_costs_the_others_nothing() -> None:
    bad = listed("bad", labels={"alertname": "Down", "pod": "x\x00"})
    found = reconciled([listed("a"), bad, listed("b")], [held("a")])
    assert (found.known, found.unreadable, pods(found)[0]) == (1, 1, ["b"])
    assert found.is_loss
    assert not reconciled([bad], []).missing


def test_one_that_spoils_the_whole_text_costs_the_others_nothing() -> None:
    deep = b'{"labels": {"a": "b"}, "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    found = reconciled([listed("a"), deep, listed("b")], [held("a")])
    assert (found.known, found.unreadable, pods(found)[0]) == (1, 1, ["b"])


def test_the_status_is_that_of_its_own_alert_where_others_cannot_be_read() -> None:
    bad = listed("bad", labels={"alertname": ""})
    found = reconciled([bad, listed("quiet", status=SILENCED), listed("loud")], [])
    assert (found.silenced, pods(found)[0]) == (1, ["loud"])


def test_more_than_one_delivery_may_hold() -> None:
    many = [listed(f"p{n}") for n in range(20_001)]
    found = reconciled(many, [held(f"p{n}") for n in range(0, 20_001, 2)])
    assert (found.known, len(found.missing)) == (10_001, 10_000)
