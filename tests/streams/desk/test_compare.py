"""What a candidate decided otherwise, from the decisions of both."""

from collections.abc import Iterator

from schemas.controls import ControlKind
from schemas.incidents import Decision
from streams.core.beside import begin, decide_beside, run_of
from streams.core.draft import Placed
from streams.core.state import State
from streams.desk.compare import NOT_THERE, Compared, Heard
from streams.policy.digests import digest_of
from tests.builders import QUICK, World


def compared(candidate: str, *fired: str) -> list[Compared]:
    """Each alert fires on a deployment of its own name."""
    world = World()
    given = {"digest": digest_of(candidate), "source": candidate}
    world.orders(ControlKind.CANDIDATE, cluster="*", **given)
    run = run_of(world.state)
    beside = State(begin(world.state))
    decisions: list[Decision] = []
    for name in fired:
        world.fires(name, deployment=name.lower())
        at_ms, record = world.tape[-1]
        step = decide_beside(world.policies, beside, Placed(0, world.offset - 1, at_ms, record, ""))
        beside.apply(step.changes)
        decisions += [out for out in step.outputs if isinstance(out, Decision)]
    heard = Heard({0: run})
    for decision in [*world.every(Decision), *decisions]:
        heard.take(decision)
    return heard.compared(world.incidents())


def sides(found: list[Compared]) -> Iterator[tuple[str, str]]:
    return ((one.in_force, one.candidate) for one in found)


def test_the_same_policy_decides_the_same() -> None:
    found = compared(f"# Another text.\n{QUICK}", "HighErrors", "Calm")
    assert [one.same for one in found] == [True, True]
    assert list(sides(found)) == [
        ("restart deployment/higherrors in shop of eu-1",) * 2,
        ("escalated: no_playbook",) * 2,
    ]


def test_another_step_and_another_playbook() -> None:
    candidate = QUICK.replace("action: restart", "action: roll_back", 1).replace(
        '="HighErrors"', '=~"HighErrors|Calm"'
    )
    assert list(sides(compared(candidate, "HighErrors", "Calm"))) == [
        (
            "restart deployment/higherrors in shop of eu-1",
            "roll_back deployment/higherrors in shop of eu-1",
        ),
        ("escalated: no_playbook", "roll_back deployment/calm in shop of eu-1"),
    ]


def test_alerts_that_the_candidate_takes_for_one_incident() -> None:
    candidate = QUICK.replace("group_by: [alertname, deployment]", "group_by: [namespace]")
    first, second = compared(candidate, "Calm", "Quiet")[:2]
    assert {first.candidate, second.candidate} == {NOT_THERE}


def test_what_was_decided_before_the_candidate_began_is_not_compared() -> None:
    heard = Heard({0: "abcdef01-1", 1: ""})
    world = World()
    world.fires("HighErrors")
    for decision in world.every(Decision):
        heard.take(decision)
    assert heard.compared(world.incidents()) == []
