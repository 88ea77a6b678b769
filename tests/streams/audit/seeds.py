"""Every violation once: one record of a clean recording altered, or one line of what others have
kept."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from schemas.codec import encode
from schemas.incidents import Decision, Incident
from schemas.remediation import Command, CommandKind, Outcome, OutcomeStatus
from schemas.topics import (
    ALERTS,
    COMMANDS,
    CONTROLS,
    DECISIONS,
    INCIDENTS,
    OUTCOMES,
    SWITCHES,
    TAPE,
    journal,
)
from streams.audit.auditor import Asked
from streams.host.entries import CURSOR, cursor_record
from tests.streams.audit.recording import Recording

CANARY = "hunter2-canary"
OF_DECIDE = journal("decide", "tape")
OF_OBSERVE = journal("observe", "alerts")


@dataclass(frozen=True, slots=True)
class Outside:
    """What the topics do not hold: the senders' ledger and the proxy's log."""

    ledger: list[dict[str, object]]
    calls: list[dict[str, object]]

    def write(self, folder: Path) -> Asked:
        for name, lines in (("ledger", self.ledger), ("calls", self.calls)):
            (folder / name).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        return Asked(folder / "ledger", folder / "calls", (CANARY,))


def outside_of(made: Recording) -> Outside:
    """As it would be if nothing had gone wrong."""
    ledger = [
        {**alert, "at_ms": record.at_ms}
        for record in made.logs[ALERTS]
        if (record.value or b"").startswith(b"[")
        for alert in json.loads(record.value or b"")
    ]
    intents = [(made.logs[OUTCOMES][n], made.get(OUTCOMES, n)) for n in intents_of(made)]
    calls: list[dict[str, object]] = [
        {
            "at_ms": record.at_ms,
            "command_id": intent.command_id,
            "path": f"/apis/apps/v1/namespaces/shop/deployments/{intent.request.target.name}",
            "body": intent.request.body,
            "status": 200,
        }
        for record, intent in intents
    ]
    return Outside(ledger, calls)


Seed = Callable[[Recording, Outside], None]


def acts_of(made: Recording) -> list[int]:
    return made.find(COMMANDS, lambda c: isinstance(c, Command) and c.kind is CommandKind.ACT)


def intents_of(made: Recording) -> list[int]:
    return made.find(
        OUTCOMES, lambda o: isinstance(o, Outcome) and o.status is OutcomeStatus.INTENT
    )


def _accepted_and_lost(made: Recording, outside: Outside) -> None:
    outside.ledger.append(made.alert("never-written"))


def _half_a_delivery(made: Recording, outside: Outside) -> None:
    (first, *_) = made.find(ALERTS, lambda v: isinstance(v, bytes) and v.startswith(b"["))
    body = [*json.loads(made.get(ALERTS, first)), made.alert("left-out")]
    made.put(ALERTS, first, value=json.dumps(body).encode())


def _another_order_under_the_id(made: Recording, outside: Outside) -> None:
    order = made.get(COMMANDS, acts_of(made)[0])
    made.append(COMMANDS, encode(replace(order, generation=99)), b"eu-1")


def _two_effects(made: Recording, outside: Outside) -> None:
    outside.calls.append(outside.calls[0])


def _two_ends(made: Recording, outside: Outside) -> None:
    """What was announced is given up, and then it is there after all."""
    made.alter(OUTCOMES, intents_of(made)[0], status=OutcomeStatus.FAILED, request=None)
    del outside.calls[0]


def _unannounced_change(made: Recording, outside: Outside) -> None:
    outside.calls.append({**outside.calls[0], "body": "[]", "command_id": ""})


def _no_end(made: Recording, outside: Outside) -> None:
    order = made.get(COMMANDS, acts_of(made)[0])
    made.append(COMMANDS, encode(replace(order, command_id="f" * 32, kind=CommandKind.LOOK)))


def _another_object(made: Recording, outside: Outside) -> None:
    offset = intents_of(made)[0]
    request = made.get(OUTCOMES, offset).request
    body = request.body.replace("uid-1", "uid-2")
    made.alter(OUTCOMES, offset, request=replace(request, body=body))
    outside.calls[0]["body"] = body


def _too_late(made: Recording, outside: Outside) -> None:
    offset = acts_of(made)[0]
    made.alter(COMMANDS, offset, expires_at_ms=made.get(COMMANDS, offset).issued_at_ms - 5_000)
    del outside.calls[0]


def _sent_too_late(made: Recording, outside: Outside) -> None:
    expires_at_ms = made.get(COMMANDS, acts_of(made)[0]).expires_at_ms
    outside.calls[0]["at_ms"] = expires_at_ms + 1


def _too_many(made: Recording, outside: Outside) -> None:
    first, second = acts_of(made)
    at_ms = made.get(COMMANDS, first).issued_at_ms + 5_000
    made.alter(COMMANDS, second, issued_at_ms=at_ms)


def _under_a_kill(made: Recording, outside: Outside) -> None:
    killed_ms = made.logs[CONTROLS][1].at_ms
    offset = acts_of(made)[1]
    made.alter(COMMANDS, offset, issued_at_ms=killed_ms + 20, expires_at_ms=killed_ms + 120_000)


def _announced_under_a_switch(made: Recording, outside: Outside) -> None:
    intent = made.logs[OUTCOMES][intents_of(made)[1]]
    made.put(SWITCHES, 0, at_ms=intent.at_ms - 11_000)


def _overdue(made: Recording, outside: Outside) -> None:
    last = made.find(INCIDENTS, lambda i: isinstance(i, Incident) and i.state == "closed")[-1]
    due_at_ms = made.logs[INCIDENTS][last].at_ms - 60_001
    made.alter(INCIDENTS, last, state="verifying", due_at_ms=due_at_ms)


def _canary(made: Recording, outside: Outside) -> None:
    made.alter(INCIDENTS, 0, title=f"it said {CANARY}")


def _another_decision(made: Recording, outside: Outside) -> None:
    """The last of its chain: no later one names it."""
    last = made.find(DECISIONS, lambda d: isinstance(d, Decision) and d.cluster == "eu-1")[-1]
    made.alter(DECISIONS, last, policy="another")


def _two_truths(made: Recording, outside: Outside) -> None:
    last = next(r for r in reversed(made.logs[OF_DECIDE]) if r.key != CURSOR)
    assert last.value is not None
    made.append(OF_DECIDE, last.value + b" ", last.key or b"")


def _cursor_from_the_future(made: Recording, outside: Outside) -> None:
    cursor = cursor_record(len(made.logs[TAPE]))
    made.append(OF_DECIDE, cursor.value, cursor.key)


def _left_behind(made: Recording, outside: Outside) -> None:
    log = made.logs[OF_OBSERVE]
    assert log[-1].key == CURSOR
    log.pop()


def _broken_chain(made: Recording, outside: Outside) -> None:
    last = made.find(DECISIONS, lambda d: isinstance(d, Decision) and d.cluster == "eu-1")[-1]
    made.alter(DECISIONS, last, previous="0" * 32)


def _another_fact(made: Recording, outside: Outside) -> None:
    last = made.find(DECISIONS, lambda d: isinstance(d, Decision) and d.cluster == "eu-1")[-1]
    made.alter(DECISIONS, last, facts_hash="0" * 32)


SEEDS: Mapping[str, tuple[str, Seed]] = {
    "accepted and lost": ("I1", _accepted_and_lost),
    "half of a delivery": ("I2", _half_a_delivery),
    "another order under the same id": ("I3", _another_order_under_the_id),
    "two effects": ("I3", _two_effects),
    "two ends": ("I4", _two_ends),
    "a change that nobody announced": ("I4", _unannounced_change),
    "no end": ("I4", _no_end),
    "bound to another object": ("I5", _another_object),
    "announced after its time": ("I5", _too_late),
    "sent after its time": ("I5", _sent_too_late),
    "too many in a while": ("I6", _too_many),
    "ordered under a kill": ("I7", _under_a_kill),
    "announced under a switch": ("I7", _announced_under_a_switch),
    "overdue": ("I8", _overdue),
    "a canary": ("I9", _canary),
    "another decision": ("I10", _another_decision),
    "two truths in a journal": ("I11", _two_truths),
    "a cursor beyond its input": ("I11", _cursor_from_the_future),
    "left behind": ("I11", _left_behind),
    "a broken chain": ("I12", _broken_chain),
    "another fact than was covered": ("I12", _another_fact),
}
