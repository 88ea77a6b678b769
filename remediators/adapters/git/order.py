"""What a request announces: the commit, and the pull request where there is to be one."""

import json
from dataclasses import dataclass

from remediators.adapters.git.forge import Proposal
from remediators.core.marker import LAST_COMMAND
from schemas.remediation import Request, Target


@dataclass(frozen=True, slots=True)
class Order:
    branch: str
    command: str
    base: str
    reverts: str
    at_ms: int
    proposal: Proposal | None = None

    @property
    def into(self) -> str:
        return self.proposal.into if self.proposal else ""


def order_of(request: Request) -> Order:
    body = json.loads(request.body)
    spec, branch = body["spec"], branch_of(request.target)
    asked = spec.get("pull_request")
    proposal = Proposal(branch, asked["into"], asked["title"], asked["text"]) if asked else None
    command = body["metadata"]["annotations"][LAST_COMMAND]
    return Order(branch, command, spec["base"], spec["reverts"], spec["at_ms"], proposal)


def branch_of(target: Target) -> str:
    """`mendlog-c1` is the branch `mendlog/c1`."""
    return target.name.replace("mendlog-", "mendlog/", 1)


def command_of(target: Target) -> str:
    return target.name.removeprefix("mendlog-")
