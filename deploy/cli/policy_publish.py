"""`mendlog policy publish`, `promote` and `drop`: what changes, whether it is meant, what came of
it."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.people import (
    WAIT,
    AsJson,
    Bootstrap,
    MayReason,
    Prefix,
    Reason,
    Wait,
    Yes,
    answer,
    fail,
    progress,
)
from deploy.cli.plain import plain
from deploy.cli.terminal import show_json

ALL = ("*",)


def publish(
    path: Annotated[Path, typer.Argument(help="A YAML file or a folder.", exists=True)],
    reason: Reason,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Run it beside the one in force, sending nothing.")
    ] = False,
    strict: Annotated[bool, typer.Option(help="Refuse a policy with warnings, too.")] = False,
    yes: Yes = False,
    wait: Wait = WAIT,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Put a policy in force on every cluster. Says what changes and, at a terminal, asks; then
    waits until every partition of the tape has decided. One that `check` refuses is refused.

    With --shadow it becomes the candidate: it decides on the same facts and nothing that it says is
    carried out, until `policy promote` or `policy drop`. `policy compare` shows where it differs.
    """
    from deploy.cli.ordering import Desk

    policy, text = _checked(path, strict)
    desk = Desk(bootstrap, prefix, wait, as_json)
    known = _known(desk)
    changed = _changes(_in_force(known), policy)
    if not as_json:
        _show_changes(_in_force(known), changed)
    if not shadow and known and all(_is_in_force(found, policy.digest) for found in known.values()):
        _tell_unchanged(policy.digest, as_json)
        return
    _ask("Run it beside the one in force?" if shadow else "Put it in force?", yes)
    given = {"digest": policy.digest, "source": text}
    kind = "candidate" if shadow else "policy"
    _order(desk, kind, reason, given, changed, is_first=_in_force(known) is None)


def promote(
    reason: Reason,
    yes: Yes = False,
    wait: Wait = WAIT,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Put the candidate in force."""
    from deploy.cli.ordering import Desk
    from streams.policy.load import compile_policy

    desk = Desk(bootstrap, prefix, wait, as_json)
    known = _known(desk)
    candidate = _candidate(known)
    changed = _changes(_in_force(known), compile_policy(candidate.source, "the candidate"))
    if not as_json:
        _show_changes(_in_force(known), changed)
    _ask("Put the candidate in force?", yes)
    _order(desk, "promote", reason, {"digest": candidate.digest}, changed)


def drop(
    reason: MayReason = "not wanted",
    wait: Wait = WAIT,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """End the candidate's run; the policy in force stays."""
    from deploy.cli.ordering import Desk

    desk = Desk(bootstrap, prefix, wait, as_json)
    candidate = _candidate(_known(desk))
    _order(desk, "drop", reason, {"digest": candidate.digest}, ())


# What there is.


def _checked(path: Path, strict: bool) -> tuple[Any, str]:
    """As `policy check` does."""
    from streams.policy.lint import remarks
    from streams.policy.load import read_policy
    from streams.policy.parts import text_of

    text = text_of(path)
    policy, root = read_policy(text, str(path))
    warnings = remarks(policy, root)
    for warning in warnings:
        typer.echo(f"{warning} (warning)", err=True)
    if strict and warnings:
        raise typer.Exit(1)
    return policy, text


def _known(desk: Any) -> Mapping[int, Any]:
    from streams.people.policies import policies

    at = (desk.settings.bootstrap, desk.settings.topic_prefix)
    with progress("reading the policy in force") as read:
        found: Mapping[int, Any] = answer(desk.settings, policies(*at, read))
    return found


def _in_force(known: Mapping[int, Any]) -> Any:
    return next((found.in_force for found in known.values() if found.in_force), None)


def _is_in_force(found: Any, digest: str) -> bool:
    return found.in_force is not None and found.in_force.digest == digest


def _candidate(known: Mapping[int, Any]) -> Any:
    found = next((found.candidate for found in known.values() if found.candidate), None)
    if found is None:
        raise fail("there is no candidate: mendlog policy publish --shadow makes one")
    return found


def _changes(kept: Any, policy: Any) -> tuple[str, ...]:
    from streams.desk.changes import changes
    from streams.policy.load import compile_policy
    from streams.reading.faults import FileError

    try:
        old = compile_policy(kept.source) if kept else None
    except FileError:
        old = None  # Of another release: what it says cannot be read here.
    return changes(old, policy)


# What is said.


def _show_changes(kept: Any, changed: Iterable[str]) -> None:
    if kept is None:
        typer.echo("nothing is in force yet")
    else:
        typer.echo(f"in force is {kept.digest}, published by {plain(kept.author)}; this changes:")
    for line in changed or ("nothing that decides differently",):
        typer.echo(f"  {plain(line)}")


def _tell_unchanged(digest: str, as_json: bool) -> None:
    if as_json:
        show_json({"done": True, "digest": digest, "changes": [], "orders": []})
    else:
        typer.echo(f"{digest} is in force already")


def _ask(question: str, yes: bool) -> None:
    """A script has meant it."""
    if not yes and sys.stdin.isatty():
        typer.confirm(question, abort=True)


def _order(
    desk: Any,
    kind: str,
    reason: str,
    given: Mapping[str, str],
    changed: Iterable[str],
    *,
    is_first: bool = False,
) -> None:
    """Exit 1 where any partition refused it, or has not decided; but a first policy may well be
    published before the first processor starts."""
    from deploy.cli.ordering import Asked, as_json

    (one,) = desk.given(desk.controls(Asked(kind, ALL, reason, given)))
    refused = [heard for heard in one.heard if heard.verdict.reason not in _DONE]
    done = not refused and (one.decided or is_first)
    if desk.as_json:
        facts = {"digest": given["digest"], "changes": list(changed)}
        place = {"partition": one.place.partition, "offset": one.place.offset}
        show_json({"done": done, **facts, **place, "orders": [as_json(one)]})
    else:
        _say(one, given["digest"], desk.wait_s)
    if not done:
        raise typer.Exit(1)


_DONE = {
    "new_policy": "in force",
    "candidate_begins": "runs beside the one in force",
    "candidate_ends": "the candidate's run has ended",
}
"""By the reason of the verdict; every other one is a refusal."""
_NOT_DONE = {
    "policy_unreadable": "refused: the processor's release cannot read it",
    "policy_digest_taken": "refused: another text has this digest",
    "nothing_to_change": "refused: it is not the candidate",
    "control_unreadable": "refused: the order cannot be read",
}


def _say(one: Any, digest: str, wait_s: float) -> None:
    typer.echo(f"published {digest} at {one.place}")
    reasons = [heard.verdict.reason for heard in one.heard]
    for reason in dict.fromkeys(reasons):
        words = _DONE.get(reason) or _NOT_DONE.get(reason, reason)
        where = f"{reasons.count(reason)} of {one.asked} partitions"
        typer.echo(f"  {words} on {where}", err=reason not in _DONE)
    if not one.decided:
        left = one.asked - len(one.heard)
        typer.echo(
            f"  not decided on {left} of {one.asked} partitions within {wait_s:g} s: is the "
            "processor running? The order is on disk, and is decided when it runs.",
            err=True,
        )
