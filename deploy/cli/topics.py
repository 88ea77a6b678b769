"""`mendlog topics`: make the declared topics, list the declaration, compare a broker with it."""

import asyncio
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from deploy.cli.people import Bootstrap
from deploy.cli.terminal import commands, quiet_clients, show_json, show_table
from schemas.topics import TAPE, TOPICS, Topic
from streams.settings import ProcessorSettings

app = commands("Create, list and check the topics.")

Prefix = Annotated[
    str | None, typer.Option(help="First part of each name; MENDLOG_TOPIC_PREFIX without it.")
]
Partitions = Annotated[
    int | None,
    typer.Option(min=1, help="Partitions of the tape; MENDLOG_TAPE_PARTITIONS without it."),
]
Replication = Annotated[
    int | None, typer.Option(min=1, help="Replicas; three, or one per broker, without it.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_topics(
    prefix: Prefix = None, partitions: Partitions = None, as_json: AsJson = False
) -> None:
    """List what is declared; needs no broker."""
    settings = _settings(topic_prefix=prefix, tape_partitions=partitions)
    if as_json:
        show_json([_declared(topic, settings) for topic in TOPICS])
        return
    show_table(
        ("topic", "partitions", "key", "value", "cleanup"),
        [_row(topic, settings) for topic in TOPICS],
    )


@app.command("create")
def create_topics(
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    partitions: Partitions = None,
    replication: Replication = None,
    as_json: AsJson = False,
) -> None:
    """Make what is missing. Never changes a topic that is there; run it once at a time."""
    from deploy.topics import create

    settings = _settings(bootstrap=bootstrap, topic_prefix=prefix, tape_partitions=partitions)
    made = _answer(
        create(
            settings.bootstrap,
            settings.topic_prefix,
            settings.tape_partitions,
            replication,
            extra=_faust_topics(settings),
        )
    )
    if as_json:
        show_json(dataclasses.asdict(made))
    else:
        _tell(made)
    if made.failed:
        raise typer.Exit(1)


@app.command("check")
def check_topics(
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    partitions: Partitions = None,
    as_json: AsJson = False,
) -> None:
    """Compare the broker's topics with the declaration; exit 1 where they differ."""
    from deploy.drift import check

    settings = _settings(bootstrap=bootstrap, topic_prefix=prefix, tape_partitions=partitions)
    drifts = _answer(
        check(
            settings.bootstrap,
            settings.topic_prefix,
            settings.tape_partitions,
            extra=_faust_topics(settings),
        )
    )
    if as_json:
        show_json([dataclasses.asdict(drift) for drift in drifts])
    elif drifts:
        rows = [(d.topic, d.setting, d.wanted, d.found) for d in drifts]
        show_table(("topic", "setting", "declared", "found"), rows)
        for advice in _advice(drifts, settings):
            typer.echo(advice, err=True)
    else:
        typer.echo("all topics are as declared")
    if drifts:
        raise typer.Exit(1)


def _advice(drifts: Sequence[Any], settings: ProcessorSettings) -> Iterator[str]:
    """What ends the differences, a line for each of their kinds."""
    kinds = {drift.setting for drift in drifts}
    if kinds & {"topic", "incarnation"}:
        yield "what is missing is made by: mendlog topics create"
    if "partitions" in kinds:
        yield _of_partitions(drifts, settings)
    if kinds - {"topic", "incarnation", "partitions"}:
        yield (
            "a setting is changed at the broker: kafka-configs.sh --bootstrap-server "
            f"{settings.bootstrap} --alter --entity-type topics --entity-name TOPIC "
            "--add-config SETTING=DECLARED"
        )


def _of_partitions(drifts: Sequence[Any], settings: ProcessorSettings) -> str:
    found = {drift.topic: drift.found for drift in drifts if drift.setting == "partitions"}
    count = found.get(TAPE.name(settings.topic_prefix))
    if count is None or set(found.values()) != {count}:
        return (
            "the number of partitions is fixed for a topic's life: choose another "
            "MENDLOG_TOPIC_PREFIX, or delete these topics with what they hold, and then "
            "mendlog topics create"
        )
    return (
        f"the tape was made with {count} partitions, for its life: MENDLOG_TAPE_PARTITIONS={count}"
    )


def _faust_topics(settings: ProcessorSettings) -> Any:
    from deploy.faust_topics import faust_topics

    return faust_topics(settings)


def _settings(**given: Any) -> ProcessorSettings:
    return ProcessorSettings(**{name: value for name, value in given.items() if value is not None})


def _answer(question: Any) -> Any:
    quiet_clients()
    return asyncio.run(question)


def _tell(made: Any) -> None:
    typer.echo(f"created {len(made.created)}, already there {len(made.existed)}")
    for name in made.adopted:
        typer.echo(f"{name} was there without an incarnation; it has one now")
    for name, why in made.failed.items():
        typer.echo(f"{name}: {why}", err=True)


def _declared(topic: Topic, settings: ProcessorSettings) -> dict[str, Any]:
    return {
        "topic": topic.name(settings.topic_prefix),
        "partitions": topic.partitions(settings.tape_partitions),
        "key": topic.key,
        "value": topic.value,
        "purpose": topic.purpose,
        "config": topic.config(),
    }


def _row(topic: Topic, settings: ProcessorSettings) -> tuple[str, ...]:
    return (
        topic.name(settings.topic_prefix),
        str(topic.partitions(settings.tape_partitions)),
        topic.key,
        topic.value,
        topic.cleanup.value,
    )
