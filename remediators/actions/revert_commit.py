"""Revert a commit: where a repository says what the cluster should be, that is where to go back.

What Argo CD or Flux keeps as it wants would be taken back by them if it were changed in the
cluster. So the path that they read is put back to what it was before its last change, in one
commit. It is made once, under a branch of the command's own name; a pull request, where there is to
be one, is from that branch.
"""

from typing import Any

from remediators.actions.parameters import bad, undeclared
from remediators.actions.plan import Creation, Row, Scene
from remediators.core.parameters import whole
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.repository import TRAILER, Repository
from remediators.core.seen import Json, Seen
from schemas.actions import REVERT_COMMIT
from schemas.kinds import COMMIT
from schemas.remediation import Command, OutcomeReason, Target

HOURS = 24
HOURS_MAX = 24 * 30
HOUR_MS = 3_600_000
SUBJECT_CHARS_MAX = 150
"""A title has at most 255 at a forge."""


def plan(scene: Scene) -> Creation | Refusal:
    given = scene.command.parameters
    if refusal := undeclared(REVERT_COMMIT, given):
        return refusal
    hours = whole(given.get("hours", str(HOURS)))
    if hours is None or not 0 < hours <= HOURS_MAX:
        return bad(f"hours is not between 1 and {HOURS_MAX}")
    repository = _repository(scene, given["repository"])
    if isinstance(repository, Refusal):
        return repository
    ((last,),) = scene.found
    if why := _spared(last, scene.command.issued_at_ms - hours * HOUR_MS, hours):
        return Refusal(OutcomeReason.NOTHING_TO_DO, why)
    if not last["before"]:
        words = "its last change has added it: there is nothing to go back to"
        return Refusal(OutcomeReason.INVALID, words)
    command = scene.command
    target = Target(command.cluster, repository.name, COMMIT, f"mendlog-{command.command_id}")
    spec: dict[str, Any] = {
        "base": last["base"],
        "reverts": last["commit"],
        "at_ms": command.issued_at_ms,
    }
    if repository.into:
        spec["pull_request"] = _pull_request(repository, last, command.command_id)
    return Creation(target, {"spec": spec})


def _pull_request(repository: Repository, last: Json, command_id: str) -> Json:
    """The subject is anybody's words: on one line, in the title alone, where a forge obeys none."""
    shown = "".join(each if each.isprintable() else " " for each in last["subject"])
    subject = " ".join(shown.split())[:SUBJECT_CHARS_MAX]
    text = (
        f"Puts `{repository.path}` back to what it was before its last change,\n"
        f"{last['commit']}. Nothing changes until somebody merges this. Closed, it is not opened "
        f"again.\n\n{TRAILER}: {command_id}\n"
    )
    return {"into": repository.into, "title": f'Revert "{subject}"', "text": text}


def _spared(last: Json, from_ms: int, hours: int) -> str:
    if last["command"]:
        return (
            f"its last change is a revert of ours ({last['command']}): what was fled is before it"
        )
    if last.get("takes_back"):
        return "its last change takes the one before it back: what was fled is before it"
    if last["at_ms"] < from_ms:
        return f"its last change is older than {hours} hours"
    return ""


def _repository(scene: Scene, name: str) -> Repository | Refusal:
    """Of that name, if it is the one that the target is kept by."""
    found = scene.kit.repositories.get(name)
    if found is None or found.cluster not in ("", scene.command.cluster):
        return bad("no repository of that name is registered here (MENDLOG_REPOS_FILE)")
    if found.owner not in scene.seen.owner.split(","):
        words = f"{found.owner} does not keep it, but {scene.seen.owner or 'nobody'}"
        return Refusal(OutcomeReason.INVALID, words)
    return found


def last_change(command: Command, _seen: Seen) -> tuple[Query, ...]:
    return (Query(COMMIT, command.parameters.get("repository", "")),)


ROW = Row(REVERT_COMMIT, plan, reads=last_change, marks=False)
