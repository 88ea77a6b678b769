"""`mendlog replay`: recompute what was decided, from the tape alone."""

import dataclasses
import time
from typing import Annotated, Any

import typer

from deploy.cli.people import AsJson, Bootstrap, Prefix, answer
from deploy.cli.terminal import commands, quiet_clients, show_json
from streams.settings import KafkaSettings

app = commands("Recompute every decision from the tape and compare.")


@app.command()
def replay(
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare with what was recorded; exit 1 on any.")
    ] = False,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    partitions: Annotated[
        int | None, typer.Option(min=1, help="Else MENDLOG_TAPE_PARTITIONS.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute every decision with the policy and logic in force at each fact.

    Reads only. With --verify the exit code is 1 where tape and decisions differ.
    """
    from deploy.registry import join_registry
    from streams.replay import verify as verified

    given = {"bootstrap": bootstrap, "topic_prefix": prefix, "tape_partitions": partitions}
    settings = KafkaSettings(**{k: v for k, v in given.items() if v is not None})
    quiet_clients()
    join_registry(settings.registry_url, settings.topic_prefix)
    began_s = time.monotonic()
    result = answer(
        settings, verified(settings.bootstrap, settings.topic_prefix, settings.tape_partitions)
    )
    if as_json:
        show_json(dataclasses.asdict(result))
    else:
        tell(result, time.monotonic() - began_s)
    if verify and (result.differ or not result.facts):
        raise typer.Exit(1)


def tell(result: Any, took_s: float) -> None:
    typer.echo(
        f"{result.facts} facts, {result.recomputed} decisions recomputed, "
        f"{result.recorded} recorded, {result.differ} differ ({took_s:.1f} s)"
    )
    if result.pending:
        typer.echo(f"{result.pending} at the end are not recorded yet: the processor is behind")
    for words in result.unverified:
        typer.echo(f"not verified: {words}")
    if not result.facts:
        typer.echo("the tape is empty, or these are not its topics: nothing was verified")
    if (first := result.first) is not None:
        typer.echo(
            f"\nthe first difference: partition {first.partition}, cluster {first.cluster}, "
            f"seq {first.seq}: {first.why}\n"
            f"\nrecorded:\n{first.recorded or '(nothing)'}\n"
            f"\nrecomputed:\n{first.recomputed or '(nothing)'}"
        )
