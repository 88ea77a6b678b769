"""Jobs that we make: how they are named and found again, and what has become of one."""

import re
from collections.abc import Sequence

from remediators.core.refusal import Refusal
from remediators.core.seen import Json
from schemas.ids import digest
from schemas.remediation import Command, OutcomeReason, Target

MADE_FOR = "mendlog.io/made-for"
"""On what we make: for which target, as a label that can be asked for."""
TEMPLATE = "mendlog.io/job-template"
KEPT_S = 86_400
"""A finished copy is kept for so long at least: while it may be sent again, its name is taken."""
KEPT_S_MIN = 3_600
"""Of a template. A command that lives longer than that is refused."""
_NAME = re.compile("mendlog-[a-z0-9]([-a-z0-9]{0,53}[a-z0-9])?")
"""Its pods carry the name as a label: 63 characters at most."""


def made_for(target: Target) -> str:
    return digest("made-for", target.kind, target.namespace, target.name)


def selector(target: Target, template: str = "") -> str:
    chosen = f"{MADE_FOR}={made_for(target)}"
    return f"{chosen},{TEMPLATE}={template}" if template else chosen


def name_for(command: Command) -> str | Refusal:
    """The command's own: it cannot be taken twice, by however many copies of the request."""
    name = f"mendlog-{command.command_id}"
    if _NAME.fullmatch(name):
        return name
    return Refusal(OutcomeReason.INVALID, "its id makes no name for a Job")


def kept_long_enough(command: Command, kept_s: int) -> Refusal | None:
    """A Job that goes before its command expires leaves its name to a second one."""
    lives_ms = command.expires_at_ms - command.issued_at_ms
    if lives_ms < kept_s * 1000:
        return None
    words = f"the command lives for {lives_ms // 1000} s, a finished Job for {kept_s} s"
    return Refusal(OutcomeReason.INVALID, f"{words}: that must be longer")


def is_so(job: Json, condition: str) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(c["type"] == condition and c["status"] == "True" for c in conditions)


def succeeded(job: Json) -> bool:
    return is_so(job, "Complete")


def failed(job: Json) -> bool:
    return is_so(job, "Failed")


def running(job: Json) -> bool:
    """Pods of it may still be there."""
    status = job.get("status") or {}
    left = status.get("active") or status.get("terminating")
    return bool(left) or not (succeeded(job) or failed(job))


def newest(found: Sequence[Json]) -> Json | None:
    def age(job: Json) -> tuple[str, str]:
        return job["metadata"].get("creationTimestamp", ""), job["metadata"]["name"]

    return max(found, key=age, default=None)
