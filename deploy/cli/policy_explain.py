"""`mendlog policy explain`: what a policy makes of an alert, and why not something else."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.plain import plain
from deploy.cli.terminal import show_fields, show_json
from deploy.cli.times import moment_ms, now_ms

PolicyOption = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        envvar="MENDLOG_POLICY_FILE",
        help="A file or folder; else policy.yaml or policy/ here.",
        exists=True,
    ),
]
TEXT_MAX = 2_000
DEFAULTS = (Path("policy.yaml"), Path("policy"))


def explain(
    file: Annotated[
        Path, typer.Argument(help="One alert or an array, in JSON; - for standard input.")
    ],
    policy: PolicyOption = None,
    at: Annotated[
        str | None, typer.Option(help="The moment, such as 2026-03-01T02:00:00Z; else now.")
    ] = None,
    active: Annotated[
        Path | None, typer.Option(help="Alerts that fire beside it, in JSON.", exists=True)
    ] = None,
    cluster: Annotated[
        str, typer.Option(envvar="MENDLOG_CLUSTER", help="Of alerts without a label `cluster`.")
    ] = "",
    source: Annotated[
        str, typer.Option(help="Who sends it; else any source may choose its target.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say who is told of an alert, what is done about it, and why not something else.

    An alert is an object as Alertmanager's API v2 has them, or just its labels:
    {"alertname": "X", "severity": "critical"}. What clusters, earlier actions and people add to
    the decision is not asked; `mendlog policy test` plays that.
    """
    from streams.desk.alerts import firing, read_alerts
    from streams.desk.explain import explain as explained
    from streams.policy.load import load_file

    at_ms = moment_ms(at) if at else now_ms()
    read, _ = load_file(policy_at(policy))
    given = read_alerts(_bytes(file), str(file), at_ms, source)
    beside = firing(read_alerts(active.read_bytes(), str(active), at_ms)) if active else ()
    answers = [explained(read, alert, at_ms, beside, cluster) for alert in given.alerts]
    if as_json:
        found = [asdict(answer) for answer in answers]
        show_json(found[0] if given.is_one else found)
        return
    for nth, answer in enumerate(answers):
        if nth:
            typer.echo("")
        show_fields([(heading, plain(text, TEXT_MAX)) for heading, text in _fields(answer)])


def policy_at(given: Path | None) -> Path:
    """The policy that a command at the desk is about."""
    found = given or next((path for path in DEFAULTS if path.exists()), None)
    if found is None:
        raise typer.BadParameter(
            "there is no policy.yaml here: name a policy with --policy, or set MENDLOG_POLICY_FILE"
        )
    return found


def _bytes(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    if not file.is_file():
        raise typer.BadParameter(f"there is no file {file}", param_hint="'FILE'")
    return file.read_bytes()


# For people.


def _fields(told: Any) -> Iterator[tuple[str, str]]:
    yield "alert", _labels({k: v for k, v in told.labels.items() if k not in told.added})
    if told.added:
        yield "added", _labels(told.added)
    for name, url in told.links.items():
        yield "link", f"{name}: {url}"
    for route in told.routes:
        group = _labels(route.group_labels) or "one for all"
        muted = f"; muted by {', '.join(route.muted_by)}" if route.muted_by else ""
        yield "route", f"{route.receiver} ({route.path}), group {group}{muted}"
    yield "told", ", ".join(told.receivers) or "nobody"
    for inhibition in told.inhibited_by:
        yield "inhibited", f"by {inhibition.rule}: {_labels(inhibition.source)} fires"
    if told.suppressed:
        yield "suppressed", f"{told.suppressed}: nobody is told and nothing is done for now"
    yield "service", told.service or "none of the catalogue"
    yield "severity", f"{told.severity}{'' if told.remediated else ': told of, never remediated'}"
    yield from _doing(told)
    for other in told.not_taken:
        yield "not taken", f"{other.name}: {other.why}"


def _doing(told: Any) -> Iterator[tuple[str, str]]:
    for matchers in told.never:
        yield "never", f"{matchers} is never remediated"
    if told.playbook is None:
        yield "playbook", "none matches: people have it"
        return
    target = told.target
    where = f" on {target['kind']} {target['namespace']}/{target['name']}" if target else ""
    yield "playbook", f"{told.playbook}, mode {told.mode}{where}"
    if told.for_people:
        yield "nothing", f"is done: {told.for_people}"
        return
    for number, step in enumerate(told.steps, 1):
        yield f"step {number}", _step(step)


_WHY_THIS_MODE = ("mode_of_policy", "not_yet_proven", "demoted")
_HOLDS = {True: "holds as it opens", False: "does not hold as it opens", None: "not known yet"}


def _step(step: Any) -> str:
    from streams.reading.nodes import spoken

    if step.action == "escalate":
        return "escalate: people have it"
    given = f" {_labels(step.parameters)}" if step.parameters else ""
    if step.reason not in _WHY_THIS_MODE:
        detail = f" ({step.detail})" if step.detail else ""
        return f"{step.action}{given} is not taken: {step.reason}{detail}"
    why = f" ({step.reason})" if step.reason != "mode_of_policy" else ""
    parts = [f"{step.action}{given}, mode {step.mode}{why}"]
    if step.dwell_ms:
        parts.append(f"after {spoken(step.dwell_ms)}")
    if step.when:
        parts.append(f"when {step.when} ({_HOLDS[step.when_holds]})")
    if step.approval != "never":
        parts.append(f"asks people {step.approval}")
    return "; ".join(parts)


def _labels(labels: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(labels.items()))
