"""What a golden's tape is recorded from: a timeline, and the policy that it begins under."""

from collections.abc import Callable

from tests.builders import QUICK, World

History = Callable[[World], None]
_POLICIES: dict[History, str | None] = {}


def under(policy: str | None) -> Callable[[History], History]:
    """The history begins under this policy, and not under QUICK; None: under none."""

    def noted(history: History) -> History:
        _POLICIES[history] = policy
        return history

    return noted


def played(history: History) -> World:
    world = World(_POLICIES.get(history, QUICK))
    history(world)
    return world
