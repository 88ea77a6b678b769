"""An answer from before what was told already is no answer."""

from typing import Any

import pytest

from remediators.adapters.kubernetes.horizon import KEPT_MAX, KEPT_S, Horizon
from remediators.core.reply import Answer, Reply

PATH = "/api/v1/namespaces/shop/pods/web-1"
ANOTHER = "/api/v1/namespaces/shop/pods/web-2"


class Told:
    """An API that tells these versions, one after another."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.horizon = Horizon(lambda: self.now_s)

    def object(self, version: Any, path: str = PATH) -> bool:
        """Whether it is believed."""
        found = self.horizon.beyond(path, lambda: _of(version), "Pod")
        return not isinstance(found, Reply)

    def list(self, version: Any, kind: str = "Pod") -> bool:
        return not isinstance(self.horizon.beyond(kind, lambda: _of(version)), Reply)


def _of(version: Any) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": version}}


@pytest.fixture
def told() -> Told:
    return Told()


def test_versions_grow_or_stay(told: Told):
    assert [told.object(v) for v in ("5", "5", "6", "5", "7")] == [True, True, True, False, True]


def test_an_old_answer_says_so_and_is_in_doubt():
    told = Told()
    told.object("6")
    found = told.horizon.beyond(PATH, lambda: _of("5"))
    assert found == Reply(Answer.UNSURE, "an old answer: of version 5, after one of 6")


def test_a_list_is_no_older_than_any_object_of_its_kind(told: Told):
    told.object("6")
    assert not told.list("5")
    assert told.list("6")
    assert told.list("5", kind="Node")


def test_a_list_is_no_older_than_a_change_of_ours(told: Told):
    told.list("5")
    told.horizon.told(_of("8"), "Pod")
    assert not told.list("7")
    told.horizon.told(Reply(Answer.UNSURE), "Pod")
    assert told.list("8")


def test_an_object_may_be_older_than_a_list_or_another_object(told: Told):
    told.list("9")
    told.object("7", ANOTHER)
    assert told.object("5")


def test_what_was_learned_while_it_was_on_its_way_does_not_count(told: Told):
    def meanwhile() -> dict[str, Any]:
        told.list("9")
        return _of("8")

    assert told.horizon.beyond("Pod", meanwhile) == _of("8")
    assert not told.list("8"), "what it told was no step back"


def test_put_back_from_a_copy_the_api_is_believed_after_a_while(told: Told):
    told.object("6")
    told.now_s += KEPT_S - 1
    assert not told.object("5")
    told.now_s += 1
    assert told.object("5")
    assert told.object("5")
    assert not told.object("4")


@pytest.mark.parametrize("version", [None, 5, "", "abc", "-1", "²", "9" * 30, {}])
def test_what_is_no_version_tells_nothing(told: Told, version: Any):
    told.object("6")
    assert told.object(version)
    assert not told.object("5")


def test_a_reply_is_handed_on(told: Told):
    gone = Reply(Answer.NOT_FOUND, "404")
    told.object("6")
    assert told.horizon.beyond(PATH, lambda: gone) is gone


def test_it_keeps_so_many_and_forgets_the_oldest(told: Told):
    told.object("6")
    for number in range(KEPT_MAX):
        told.object("6", f"{PATH}-{number}")
    assert told.object("5")
