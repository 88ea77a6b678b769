"""Versions, the log of changes, and the past."""

import asyncio

import pytest

from deploy.sandbox.cluster.api.store import ADDED, DELETED, MODIFIED, Store, TooOld


def thing(name: str, value: int = 0) -> dict:
    return {"metadata": {"name": name, "namespace": "space"}, "value": value}


def test_every_write_takes_the_next_version():
    store = Store()
    first = store.put("things", thing("a"))
    second = store.put("others", thing("b"))
    versions = [int(obj["metadata"]["resourceVersion"]) for obj in (first, second)]
    assert versions == [store.version - 1, store.version]


def test_changes_tell_what_was_before():
    store = Store()
    start = store.version
    store.put("things", thing("a", 1))
    store.put("things", thing("a", 2))
    store.remove("things", thing("a", 3))
    changes = list(store.changes_after(start))
    assert [change.type for change in changes] == [ADDED, MODIFIED, DELETED]
    assert [change.previous and change.previous["value"] for change in changes] == [None, 1, 2]
    assert [change.version for change in changes] == [start + 1, start + 2, start + 3]


def test_the_past_can_be_listed():
    store = Store()
    store.put("things", thing("a", 1))
    store.put("things", thing("b", 1))
    then = store.version
    store.put("things", thing("a", 2))
    store.remove("things", thing("b"))
    store.put("things", thing("c", 1))
    assert [(obj["metadata"]["name"], obj["value"]) for obj in store.all_at(then, "things")] == [
        ("a", 1),
        ("b", 1),
    ]
    assert [obj["metadata"]["name"] for obj in store.all("things", "space")] == ["a", "c"]
    assert store.all("things", "elsewhere") == []


def test_the_log_is_bounded_and_says_when_it_does_not_reach_back():
    store = Store(history_max=2)
    start = store.version
    for value in range(3):
        store.put("things", thing("a", value))
    assert store.oldest_version == start + 1
    assert len(list(store.changes_after(start + 1))) == 2
    with pytest.raises(TooOld):
        store.changes_after(start)
    with pytest.raises(TooOld):
        store.all_at(start, "things")


async def test_news_wakes_everyone_who_waits():
    store = Store()
    waiting = [asyncio.create_task(store.news(store.version)) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    store.put("things", thing("a"))
    await asyncio.wait_for(asyncio.gather(*waiting), 30)
