"""What is on record stays on record, and what stops a cluster stops all of it."""

from schemas import sightings
from schemas.remediation import Command, OutcomeReason, OutcomeStatus
from streams.core.keys import autonomy_key
from streams.core.reasons import Reason
from streams.core.standing import AutonomyState
from tests.builders import START_MS, World, alert, ms
from tests.policies import ESCALATE, VERIFY, quick, step

KEY = autonomy_key("eu-1", "errors")
TWO_PLAYBOOKS = (
    quick(steps=step() + ESCALATE, breaker_straight="1", burst="9").rstrip()
    + f"""
  - name: others
    match: ['alertname="Slow"']
    target: {{kind: Deployment, namespace: "{{namespace}}", name: "{{deployment}}"}}
    mode: auto
    trusted: the tests' own
    steps:
      - action: restart
        dwell: 0s
        {VERIFY}
      - action: escalate
"""
)


def test_what_fails_on_a_cluster_stops_every_playbook_there() -> None:
    world = World(TWO_PLAYBOOKS)
    world.at("0s").fires()
    world.obeys()
    world.disobeys()
    world.at("1s").fires("Slow", deployment="cart")
    assert (world.incident.reason, world.incident.timeline[-1].detail) == ("breaker_open", "eu-1")


def test_what_was_under_way_before_is_counted_where_nothing_is_open() -> None:
    """Its own playbook has failed nothing yet; the cluster's breaker waits for its canary."""
    world = World(TWO_PLAYBOOKS)
    world.at("0s").fires("Slow", deployment="cart")
    world.obeys()
    early = world.incident.incident_id
    world.fires()
    world.obeys()
    world.disobeys()
    (act,) = [c for c in world.every(Command) if c.incident_id == early and c.kind == "act"]
    world.at("1s").answered(act, OutcomeStatus.FAILED, OutcomeReason.INVALID)
    assert getattr(world.state.get("breaker/eu-1/others"), "results", None) == (False,)


def test_neither_a_failure_nor_new_trust_forgets_what_people_have_agreed_with() -> None:
    world = World(quick(steps=step() + ESCALATE))
    world.at("0s").fires()
    world.obeys()
    (ladder,) = {e.ladder for k, e in world.state.items() if k.startswith("incident/")}
    known = AutonomyState(ladder, (True, True), START_MS, granted=True)
    world.state.apply({KEY: known})
    world.disobeys()
    assert world.state.get(KEY) == AutonomyState(ladder, (True, True), START_MS, True, True)
    world.trusts()
    assert world.state.get(KEY) == known
    assert not getattr(world.state.get(KEY), "demoted", None)


def test_how_late_a_delivery_may_be_and_for_how_long_that_is_believed() -> None:
    for late, after, reason in (
        ("1m", "0s", Reason.DWELL_OVER),
        ("1m1ms", "0s", Reason.SIGHTINGS_LATE),
        ("1m1ms", "1m", Reason.SIGHTINGS_LATE),
        ("1m1ms", "1m1ms", Reason.DWELL_OVER),
    ):
        world = World()
        row = sightings.row_bytes(alert("Unmatched"))
        world.at("2m").hears(sightings.pack_rows([row], world.now_ms - ms(late)))
        world.later(after).fires()
        assert world.reasons[-1] == reason, (late, after)
