"""`mendlog policy test`: stories told to the policy's real core."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.files import writable
from deploy.cli.plain import plain
from deploy.cli.policy_explain import PolicyOption, policy_at
from deploy.cli.terminal import show_json

LINE_MAX = 2_000
DetectionsOption = Annotated[
    Path | None,
    typer.Option(
        envvar="MENDLOG_DETECTIONS_FILE",
        help="A file of rules over samples.",
        exists=True,
        dir_okay=False,
    ),
]


def tell(
    files: Annotated[
        list[Path], typer.Argument(help="Files of tests.", exists=True, dir_okay=False)
    ],
    policy: PolicyOption = None,
    detections: DetectionsOption = None,
    junit: Annotated[
        Path | None, typer.Option(help="Write JUnit's XML here, too.", callback=writable)
    ] = None,
    timeline: Annotated[bool, typer.Option(help="Show what happened in every test.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell stories to a policy: given these alerts at these times, expect these decisions.

    The policy is the one that --policy names, else that the file names; so it is with --detections
    and the rules that judge samples. Exit 1 where a test fails; it is shown with what had happened
    by then. How tests are written: docs/policy-tests.md.
    """
    from streams.desk.stories import read_stories

    read = [read_stories(file) for file in files]
    results = {found.file: _results(found, policy, detections) for found in read}
    if junit:
        from streams.desk.junit import junit as xml

        junit.write_text(xml(results), encoding="utf-8")
    failed = sum(result.failure is not None for told in results.values() for result in told)
    if as_json:
        show_json({"ok": not failed, "tests": [*_listed(results)]})
    else:
        for file, told in results.items():
            for result in told:
                _show(file, result, timeline)
        total = sum(map(len, results.values()))
        typer.echo(f"{total - failed} passed, {failed} failed")
    raise typer.Exit(1 if failed else 0)


def _results(found: Any, policy: Path | None, detections: Path | None) -> list[Any]:
    from streams.desk.run import tell as told
    from streams.detect.rules_file import load_rules
    from streams.policy.load import load_file

    _, text = load_file(_named(found, "policy", policy, found.policy) or policy_at(None))
    rules = _named(found, "file of detections", detections, found.detections)
    return [told(story, text, load_rules(rules) if rules else ()) for story in found.all]


def _named(found: Any, what: str, given: Path | None, own: str) -> Path | None:
    """What was given, else what the file names, from its folder on."""
    where = given or (Path(found.file).parent / own if own else None)
    if where and not where.exists():
        raise typer.BadParameter(f"{found.file}: there is no {what} at {where}")
    return where


def _show(file: str, result: Any, timeline: bool) -> None:
    failure = result.failure
    typer.echo(f"{'FAILED' if failure else 'passed'}  {plain(result.story.name)}")
    if failure or timeline:
        for line in result.timeline:
            typer.echo(f"  {plain(str(line), LINE_MAX)}")
    if failure:
        for why in failure.why:
            typer.echo(f"  {file}:{failure.line}: {plain(why, LINE_MAX)}")


def _listed(results: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    return [
        {
            "file": file,
            "name": result.story.name,
            "line": result.story.line,
            "passed": result.failure is None,
            "failure": asdict(result.failure) if result.failure else None,
            "timeline": [asdict(line) for line in result.timeline],
            "detections": [_detection(result.story, one) for one in result.detected],
        }
        for file, told in results.items()
        for result in told
    ]


def _detection(story: Any, one: Any) -> dict[str, Any]:
    from streams.desk.detecting import why

    return {
        "rule": one.rule,
        "state": one.status.value,
        "labels": dict(one.labels),
        "since_ms": one.since_ms - story.start_ms,
        "value": one.value,
        "threshold": one.threshold,
        "window_ms": one.window_ms,
        "why": why(one),
        "series": [[point.at_ms - story.start_ms, point.value] for point in one.series],
    }
