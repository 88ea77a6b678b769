"""What the executor promises, each without its guard."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from remediators.actions import catalog, rerun_job, run_job
from remediators.core import patch, protocol
from remediators.core.admit import Admission, Proceed
from remediators.core.marker import precondition
from remediators.core.patch import must_be
from remediators.core.protocol import Next, begin
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer, Reply
from remediators.core.request import EVICT, text
from remediators.executor import change, work
from remediators.executor.desk import Desk
from remediators.executor.job import Job
from remediators.executor.pulse import Pulse
from schemas.remediation import Command, OutcomeReason, Request, Target
from tests.simulation.patches import Patch

_ADMIT, _HEARD, _BEFORE_SEND = work.admit, protocol.heard, protocol.before_send
_REMOVAL, _NUMBERS = catalog.removal, itertools.count(1)
FAR_MS = 10**12


def _uid_alone(command: Command, *, generation_kept: bool) -> list[Any]:
    return [must_be(precondition(command).uid, "metadata", "uid")]


async def _sends_at_once(job: Job, intent: Any) -> None:
    await change._conclude(job, intent, begin(job.command, change._announced(intent)))


def _long_lived(command: Command) -> Command:
    return replace(command, expires_at_ms=command.expires_at_ms + FAR_MS)


def _admits_late(command: Command, ledger: Any, now_ms: int) -> Admission:
    return _ADMIT(_long_lived(command), ledger, now_ms)


def _sends_late(attempt: Any, refusal: Refusal | None, now_ms: int) -> Next:
    return _BEFORE_SEND(attempt, refusal, now_ms - FAR_MS)


def _knows_nothing(command: Command, ledger: Any, now_ms: int) -> Admission:
    return Proceed()


def _kills_nobody(self: Pulse, cluster: str) -> Refusal | None:
    if not self.fresh:
        return Refusal(OutcomeReason.NO_HEARTBEAT, "")
    return None


def _never_unsure(attempt: Any, reply: Reply, now_ms: int) -> Next:
    if reply.answer is Answer.UNSURE:
        reply = replace(reply, answer=Answer.NEVER_SENT)
    return _HEARD(attempt, reply, now_ms)


def _begins_anew(command: Command, request: Any) -> Next:
    return begin(command, request)


async def _reads_nothing(self: Desk, since_ms: int) -> None:
    self.view.read_from_ms = 0


async def _goes_by_what_it_knew(self: Desk) -> None:
    pass


async def _announces_blindly(job: Job, intent: Any) -> None:
    await job.write(intent)
    await change._conclude(job, intent, begin(job.command, change._announced(intent)))


def _whatever_is_there(verb: str, target: Target, uid: str, options: Any = None) -> Request:
    request = _REMOVAL(verb, target, uid, options)
    body = json.loads(request.body)
    del (body["deleteOptions"] if verb == EVICT else body)["preconditions"]
    return replace(request, body=text(body))


def _any_name(command: Command) -> str:
    return f"mendlog-{next(_NUMBERS)}"


GUARDS: Mapping[str, tuple[Patch, ...]] = {
    "a patch tests generation and marker": (Patch(patch, "_tests", _uid_alone),),
    "an INTENT comes before its effect": (Patch(change, "_announce", _sends_at_once),),
    "what has expired is not sent": (
        Patch(work, "admit", _admits_late),
        Patch(change, "before_send", _sends_late),
        Patch(Job, "in_time", property(lambda self: True)),
    ),
    "the kill switch, carried out": (Patch(Pulse, "refusal", _kills_nobody),),
    "what has ended is not begun again": (
        Patch(work, "admit", _knows_nothing),
        Patch(change, "_announce", _announces_blindly),
    ),
    "a new owner reads the ledger": (Patch(Desk, "cover", _reads_nothing),),
    "what another has begun is not refused": (Patch(Desk, "catch_up", _goes_by_what_it_knew),),
    "what another has ended is not done": (Patch(change, "_announce", _announces_blindly),),
    "what may have arrived is in doubt": (Patch(change, "heard", _never_unsure),),
    "what may have been sent is read first": (Patch(change, "resumed", _begins_anew),),
    "a removal is of one uid": (Patch(catalog, "removal", _whatever_is_there),),
    "a Job has its command's own name": tuple(
        Patch(action, "name_for", _any_name) for action in (run_job, rerun_job)
    ),
    "what is withdrawn is not begun": (Patch(Job, "withdrawn", None),),
    "what leaves no trace is sent once": (Patch(protocol, "ONCE", frozenset()),),
}
