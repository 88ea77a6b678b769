"""Each kind is asked for where it is."""

from remediators.adapters.places import Places
from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.core.request import setting
from remediators.core.seen import Seen
from schemas.remediation import Target
from tests.fakes import FakeCluster
from tests.remediators.builders import TARGET

FLAG = Target("eu-1", "", "Flag", "checkout/degraded")


def always() -> bool:
    return True


async def test_by_their_kind():
    home, store = FakeCluster(), FakeCluster()
    home.deploy(TARGET)
    store.put(FLAG, {"value": "off"})
    places = Places(home, {"Flag": store})
    assert isinstance(await places.look(TARGET), Seen)
    assert isinstance(await places.look(FLAG), Seen)
    assert isinstance(await home.look(FLAG), Reply)
    assert len(await places.find(Query("Flag")) or ()) == 1
    request = setting(FLAG, "on")
    store.replies.append(Reply(Answer.DONE))
    assert (await places.send(request, always)).answer is Answer.DONE
    assert (home.sent, store.sent) == ([], [request])
    await places.close()
