"""Giving an order from the shell: make it, sign it, write it, wait for its verdict, say it."""

import asyncio
import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import typer

from deploy.cli.people import answer, fail, settings_of
from deploy.cli.plain import plain
from deploy.cli.terminal import show_json
from deploy.cli.times import span_ms


@dataclass(frozen=True, slots=True)
class Asked:
    """What one command orders, of each of these clusters."""

    kind: str
    clusters: Sequence[str]
    reason: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    expires_at_ms: int | None = None


class Desk:
    """Where a person's orders are given; holds what all of them need."""

    def __init__(
        self,
        bootstrap: str | None,
        prefix: str | None,
        wait: str,
        as_json: bool,
        urgent: bool = False,
    ) -> None:
        """What is urgent is ordered without what it can do without, and says so."""
        self.wait_s = span_ms(wait) / 1000
        self.settings = settings_of(bootstrap, prefix, urgent)
        self.as_json = as_json
        self._key: Any = self._read_key(urgent) if self.settings.control_key_file else None

    def _read_key(self, urgent: bool) -> Any:
        from schemas.signing import BadKey, read_signing_key

        try:
            return read_signing_key(self.settings.control_key_file)
        except BadKey as fault:
            if not urgent:
                raise
            typer.echo(f"not signed: {fault}", err=True)
            return None

    def controls(self, asked: Asked) -> list[Any]:
        from schemas.controls import ControlKind
        from streams.controls import new_control

        author = self.settings.author or _user()
        kind, ends_at_ms = ControlKind(asked.kind), asked.expires_at_ms
        return [
            new_control(kind, cluster, asked.reason, asked.parameters, author, ends_at_ms)
            for cluster in asked.clusters
        ]

    def give(self, asked: Asked) -> None:
        """Ends the command: exit 1 where any of it was not done."""
        self.tell(self.given(self.controls(asked)))

    def given(self, controls: Sequence[Any]) -> list[Any]:
        return answer(self.settings, self._give(controls))

    async def _give(self, controls: Sequence[Any]) -> list[Any]:
        from streams.people.orders import give

        at = (self.settings.bootstrap, self.settings.topic_prefix)
        giving = (give(*at, control, self._key, self.wait_s) for control in controls)
        return list(await asyncio.gather(*giving))

    def tell(self, answers: Sequence[Any]) -> None:
        done = all(_is_done(one) for one in answers)
        if self.as_json:
            show_json({"done": done, "orders": [as_json(one) for one in answers]})
        else:
            for one in answers:
                self._say(one)
        if not done:
            raise typer.Exit(1)

    def _say(self, one: Any) -> None:
        control = one.control
        heard = next(iter(one.heard), None)
        author = heard.author if heard else control.author
        typer.echo(f"{control.kind} {_scope(control)} by {_author(author, heard)}: {one.place}")
        for sentence, count in _sentences(one).items():
            where = f" (on {count} of {one.asked} partitions)" if count < one.asked else ""
            typer.echo(f"  {sentence}{where}", err=sentence not in _GOOD)
        if heard and heard.is_first:
            name = plain(control.cluster)
            typer.echo(f"  nothing was decided about {name} before: is that its name?", err=True)
        if not one.decided:
            left = "" if one.asked == 1 else f" on {one.asked - len(one.heard)} partitions"
            typer.echo(
                f"  not decided{left} within {self.wait_s:g} s: is the processor running? "
                "The order is on disk, and is decided when it runs.",
                err=True,
            )
        if self._key and heard and heard.verified is False:
            typer.echo(
                "  it was signed and could not be verified: is the key in the processor's "
                "MENDLOG_CONTROL_AUTHORS_FILE under this name, and this machine's clock right?",
                err=True,
            )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        raise fail("this user has no name here: set MENDLOG_AUTHOR") from None


def _scope(control: Any) -> str:
    return "of all clusters" if control.cluster == "*" else f"of {plain(control.cluster)}"


def _author(name: str, heard: Any) -> str:
    from streams.steps.witness import UNVERIFIED

    said = plain(name.removeprefix(UNVERIFIED))
    if heard and heard.verified is None:
        return f"{said} (as claimed)"
    return f"{said} ({'verified' if heard and heard.verified else 'unverified'})"


_DONE: Mapping[str, str] = {
    "approved": "approved: the target is looked at once more, and acted on if it has not changed",
    "one_more_approval": "counted, and not enough: another person has to approve it too",
    "agreed": "recorded: you agree with what it would have done",
    "disagreed": "recorded: you do not agree with what it would have done",
    "rejected_by_human": "rejected: it is yours now",
    "snoozed": "snoozed",
    "kill_switch_on": "killed: nothing is decided any more that would change anything",
    "kill_switch_off": "the kill switch is off",
    "freeze_on": "frozen",
    "freeze_off": "the freeze has ended",
    "silence_on": "silenced",
    "silence_off": "the silence has ended",
    "change_recorded": "recorded",
    "trusted_again": "trusted again",
}
"""By the reason of the verdict: what it means. These are what people wanted."""
_NOT_DONE: Mapping[str, str] = {
    "proposal_unknown": "void: what you decided on is no longer proposed; "
    "see what is: mendlog incidents show",
    "approver_not_allowed": "not allowed: the policy names who may decide this",
    "approver_not_verified": "not counted: two people must approve this, by orders that are "
    "signed; see docs/people.md",
    "approver_is_author": "not counted: who wrote the policy may not be one of the two",
    "approved_twice": "not counted: you have decided on it before",
    "not_now": "refused: something is under way that must end first",
    "nothing_to_change": "there is nothing to change",
    "control_unreadable": "refused: it cannot be read",
}
_GOOD = frozenset(_DONE.values())


def _sentences(one: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for heard in one.heard:
        reason = heard.verdict.reason
        sentence = _DONE.get(reason) or _NOT_DONE.get(reason, reason)
        if reason == "control_unreadable":
            sentence = f"{sentence}: {plain(heard.verdict.what)}"
        found[sentence] = found.get(sentence, 0) + 1
    return found


def _is_done(one: Any) -> bool:
    return one.decided and all(heard.verdict.reason in _DONE for heard in one.heard)


def as_json(one: Any) -> dict[str, Any]:
    control = one.control
    return {
        "kind": control.kind.value,
        "cluster": control.cluster,
        "control_id": control.control_id,
        "place": str(one.place),
        "decided": one.decided,
        "verdicts": [
            {
                "what": heard.verdict.what,
                "reason": heard.verdict.reason,
                "decision": str(heard.decision),
                "author": heard.author,
                "verified": heard.verified,
                "first": heard.is_first,
            }
            for heard in one.heard
        ],
    }
