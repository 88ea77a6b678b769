"""Events are told beside the work: at once, counted, bounded, and whatever comes of them."""

import json
import threading
from collections import Counter
from typing import Any

import pytest

from remediators.adapters.kubernetes import events
from remediators.adapters.kubernetes.events import Crier, EventHerald
from remediators.core.news import News
from remediators.core.reply import Answer, Reply
from schemas.remediation import OutcomeStatus
from tests.remediators.builders import TARGET, command, outcome

WITHIN_S = 30.0


class Server:
    """Keeps what it is sent, as soon as it is let to."""

    def __init__(self, *, answers: bool = True, reply: Reply | None = None) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.gate = threading.Event()
        self.asked = threading.Semaphore(0)
        self.closed = False
        self.reply = reply
        if answers:
            self.gate.set()

    def change(self, method: str, path: str, body: bytes, content_type: str, call: Any) -> Reply:
        self.asked.release()
        assert self.gate.wait(WITHIN_S)
        if self.reply is None:
            self.sent.append((path, json.loads(body)))
        return self.reply or Reply(Answer.DONE)

    def close(self) -> None:
        self.closed = True


class Told(Counter[str]):
    def __call__(self, end: str) -> None:
        self[end] += 1


def news(text: str = "restart applied", *, warning: bool = False) -> News:
    return News(TARGET, "uid-1", "restart", "RestartApplied", text, warning)


def crier(server: Server, told: Told) -> Crier:
    return Crier(server, "eu-1", "me", told, again_s=3_600)  # type: ignore[arg-type]


def ended(one: Crier) -> None:
    one.stop()
    one.join(WITHIN_S)
    assert not one.is_alive()


def test_an_event_names_its_object_its_reason_and_who_tells():
    server, told = Server(), Told()
    one = crier(server, told)
    one.add(news("restart failed: stale", warning=True), command())
    ended(one)
    ((path, event),) = server.sent
    assert path == "/api/v1/namespaces/shop/events?fieldManager=mendlog"
    assert event["involvedObject"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "checkout",
        "namespace": "shop",
        "uid": "uid-1",
    }
    assert (event["type"], event["reason"], event["action"], event["count"]) == (
        "Warning",
        "RestartApplied",
        "restart",
        1,
    )
    assert event["message"] == "restart failed: stale"
    assert event["reportingComponent"] == "mendlog.io/executor"
    assert event["metadata"]["annotations"]["mendlog.io/command"] == "c1"
    assert told == {"told": 1}
    assert server.closed


def test_the_same_again_is_counted_and_said_once_more():
    server, told = Server(), Told()
    one = crier(server, told)
    one.add(news(), command())
    assert server.asked.acquire(timeout=WITHIN_S)
    for number in range(3):
        one.add(news(), command(command_id=f"c{number + 2}"))
    one.add(news("another"), command())
    ended(one)
    said = {(e["message"], e["count"]) for _, e in server.sent}
    assert said == {("restart applied", 1), ("restart applied", 3), ("another", 1)}
    (repeated,) = (e for _, e in server.sent if e["count"] == 3)
    assert repeated["metadata"]["annotations"]["mendlog.io/command"] == "c4"


def test_a_server_that_does_not_answer_holds_up_nobody(monkeypatch):
    monkeypatch.setattr(events, "PENDING_MAX", 3)
    server, told = Server(answers=False), Told()
    one = crier(server, told)
    one.add(news("0"), command())
    assert server.asked.acquire(timeout=WITHIN_S)
    for number in range(1, 6):
        one.add(news(str(number)), command())
    assert told == {"dropped": 2}
    server.gate.set()
    ended(one)
    assert [e["message"] for _, e in server.sent] == ["0", "1", "2", "3"]


@pytest.mark.parametrize("answer", [Answer.FORBIDDEN, Answer.UNSURE, Answer.NEVER_SENT])
def test_what_does_not_get_through_is_counted_and_forgotten(answer: Answer):
    server, told = Server(reply=Reply(answer, "no")), Told()
    one = crier(server, told)
    one.add(news(), command())
    ended(one)
    assert told == {answer.value: 1}


def test_each_cluster_has_its_own_and_others_are_not_told(monkeypatch):
    monkeypatch.setattr(events, "CLOSE_S", WITHIN_S)
    here, there, told = Server(), Server(answers=False), Told()
    herald = EventHerald({"eu-1": here, "us-1": there}, "me", told)  # type: ignore[dict-item]
    order = command()
    herald.tell(order, outcome(order, OutcomeStatus.APPLIED))
    far = command(cluster="ap-1", target=TARGET.__class__("ap-1", "shop", "Deployment", "x"))
    herald.tell(far, outcome(far, OutcomeStatus.APPLIED))
    assert here.asked.acquire(timeout=WITHIN_S)
    there.gate.set()
    herald.close()
    assert [e["message"] for _, e in here.sent] == ["restart applied"]
    assert there.sent == []
