"""Machines at EC2, by its real protocol: only the cluster's own, and never twice by our doing."""

from collections.abc import Iterator

import pytest

from deploy.sandbox.machines import CUT, GO_ON, Machine, Machines, Refused
from remediators.adapters.machines.ec2 import Ec2Machines
from remediators.adapters.machines.opening import NoMachines
from remediators.core.proof import Trace, proof
from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.core.request import DELETE, removal
from remediators.core.seen import Seen
from remediators.settings import Ec2, ExecutorSettings
from schemas.kinds import INSTANCE
from schemas.remediation import Request, Target
from tests.remediators.builders import command

ONE = Target("eu-1", "", INSTANCE, "i-1")
PATIENT_S = 30.0


def always() -> bool:
    return True


@pytest.fixture
def cloud() -> Iterator[Machines]:
    found = Machines("shop", ["i-1", "i-2"])
    found.machines["i-9"] = Machine(tags={"kubernetes.io/cluster/bank": "owned"})
    found.machines["i-8"] = Machine(tags={"kubernetes.io/cluster/shop": "shared"})
    yield found
    found.stop()


@pytest.fixture
def ours(cloud: Machines, monkeypatch: pytest.MonkeyPatch) -> Ec2Machines:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    address = Ec2(region="eu-central-1", cluster="shop", endpoint=cloud.url)
    return Ec2Machines(address, PATIENT_S)


def ending(name: str = "i-1") -> Request:
    return removal(DELETE, Target("eu-1", "", INSTANCE, name), name)


def asked(cloud: Machines, action: str = "TerminateInstances") -> list[dict[str, str]]:
    return [call for call in cloud.calls if call["Action"] == action]


async def traced(ours: Ec2Machines) -> Trace:
    seen = await ours.look(ONE)
    assert isinstance(seen, Seen) or seen.answer is Answer.NOT_FOUND, seen
    return proof(command(), ending(), seen if isinstance(seen, Seen) else None).trace


async def test_rehearsed_then_ended_and_found_to_be_so(cloud: Machines, ours: Ec2Machines):
    assert (await ours.rehearse(ending())).answer is Answer.DONE
    assert cloud.machines["i-1"].state == "running"
    assert asked(cloud)[-1]["DryRun"] == "true"
    assert await traced(ours) is Trace.OPEN
    assert (await ours.send(ending(), always)).answer is Answer.DONE
    assert asked(cloud)[-1]["DryRun"] == "false"
    assert asked(cloud)[-1]["InstanceId.1"] == "i-1"
    assert await traced(ours) is Trace.DONE
    del cloud.machines["i-1"]
    assert await traced(ours) is Trace.DONE


async def test_ended_twice_is_ended_once(cloud: Machines, ours: Ec2Machines):
    ended: list[str] = []
    cloud._ended = ended.append
    for _ in range(2):
        assert (await ours.send(ending(), always)).answer is Answer.DONE
    assert ended == ["i-1"]


@pytest.mark.parametrize("name", ["i-8", "i-9"])
async def test_what_is_not_the_clusters_is_not_ended(cloud: Machines, ours: Ec2Machines, name: str):
    """Whoever announced it."""
    for reply in (await ours.rehearse(ending(name)), await ours.send(ending(name), always)):
        assert reply.answer is Answer.FORBIDDEN
    assert asked(cloud) == []
    found = await ours.find(Query(INSTANCE))
    assert not isinstance(found, Reply)
    assert [each["metadata"]["name"] for each in found] == ["i-1", "i-2"]


async def test_one_that_nobody_knows(cloud: Machines, ours: Ec2Machines):
    assert (await ours.send(ending("i-7"), always)).answer is Answer.NOT_FOUND
    assert asked(cloud) == []


async def test_an_id_and_nothing_else(ours: Ec2Machines):
    other = removal(DELETE, ONE, "i-2")
    assert (await ours.send(other, always)).answer is Answer.INVALID


async def test_time_is_asked_last_of_all(cloud: Machines, ours: Ec2Machines):
    assert (await ours.send(ending(), lambda: False)).answer is Answer.HELD_BACK
    assert asked(cloud) == []
    assert asked(cloud, "DescribeInstances")


@pytest.mark.parametrize(
    ("code", "status", "answer"),
    [
        ("UnauthorizedOperation", 403, Answer.FORBIDDEN),
        ("AuthFailure", 401, Answer.FORBIDDEN),
        ("RequestLimitExceeded", 503, Answer.THROTTLED),
        ("OperationNotPermitted", 400, Answer.INVALID),
        ("InvalidInstanceID.NotFound", 400, Answer.NOT_FOUND),
        ("InternalError", 500, Answer.UNSURE),
        ("Unavailable", 503, Answer.UNSURE),
    ],
)
async def test_what_it_says_and_no_second_try(
    cloud: Machines, ours: Ec2Machines, code: str, status: int, answer: Answer
):
    cloud.says = [GO_ON, Refused(code, status)]
    assert (await ours.send(ending(), always)).answer is answer
    assert len(asked(cloud)) == 1
    assert len(asked(cloud, "DescribeInstances")) == 1


async def test_an_answer_that_is_lost_is_looked_for(cloud: Machines, ours: Ec2Machines):
    cloud.says = [GO_ON, CUT]
    assert (await ours.send(ending(), always)).answer is Answer.UNSURE
    assert len(asked(cloud)) == 1
    assert await traced(ours) is Trace.DONE


async def test_a_question_that_fails_has_ended_nothing(cloud: Machines, ours: Ec2Machines):
    cloud.says = [Refused("InternalError", 500)]
    assert (await ours.send(ending(), always)).answer is Answer.NEVER_SENT
    assert asked(cloud) == []


async def test_nobody_there(cloud: Machines, ours: Ec2Machines):
    elsewhere = Ec2(region="eu-central-1", cluster="shop", endpoint="http://127.0.0.1:1")
    reply = await Ec2Machines(elsewhere, PATIENT_S).send(ending(), always)
    assert reply.answer is Answer.NEVER_SENT


async def test_the_points_where_a_process_may_be_killed(cloud: Machines, ours: Ec2Machines):
    points: list[str] = []
    ours._reached = points.append
    await ours.rehearse(ending())
    assert points == []
    await ours.send(ending(), always)
    assert points == ["executor.request_sent"]


async def test_where_nobody_is_set():
    none = NoMachines()
    for reply in (await none.find(Query(INSTANCE)), await none.send(ending(), always)):
        assert isinstance(reply, Reply)
        assert "MENDLOG_MACHINES" in reply.detail


@pytest.mark.parametrize(
    "wrong",
    [
        {"region": "eu-central-1"},
        {"region": "eu-central-1;x", "cluster": "shop"},
        {"region": "eu-central-1", "cluster": ""},
        {"region": "eu-central-1", "cluster": "*"},
        {"region": "eu-central-1", "cluster": "shop", "endpoint": "http://elsewhere:80"},
        {"region": "eu-central-1", "cluster": "shop", "tag": "any"},
    ],
)
def test_settings_that_are_refused(wrong: dict[str, str]):
    with pytest.raises(ValueError, match="machines"):
        ExecutorSettings.model_validate({"machines": {"eu-1": wrong}})
