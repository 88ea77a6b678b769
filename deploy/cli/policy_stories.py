"""`mendlog policy test`: stories told to the policy's real core."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.plain import plain
from deploy.cli.policy_explain import PolicyOption, policy_at
from deploy.cli.terminal import show_json

LINE_MAX = 2_000


def tell(
    files: Annotated[
        list[Path], typer.Argument(help="Files of tests.", exists=True, dir_okay=False)
    ],
    policy: PolicyOption = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit's XML here, too.")] = None,
    timeline: Annotated[bool, typer.Option(help="Show what happened in every test.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell stories to a policy: given these alerts at these times, expect these decisions.

    The policy is the one that --policy names, else that the file names. Exit 1 where a test fails;
    it is shown with what had happened by then. How tests are written: docs/policy-tests.md.
    """
    from streams.desk.stories import read_stories

    read = [read_stories(file) for file in files]
    results = {found.file: _results(found, policy) for found in read}
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


def _results(found: Any, policy: Path | None) -> list[Any]:
    from streams.desk.run import tell as told
    from streams.policy.load import load_file

    own = Path(found.file).parent / found.policy if found.policy else None
    where = policy or own or policy_at(None)
    if not where.exists():
        raise typer.BadParameter(f"{found.file}: there is no policy at {where}")
    _, text = load_file(where)
    return [told(story, text) for story in found.all]


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
        }
        for file, told in results.items()
        for result in told
    ]
