"""What the commands share by which people order and see: options, settings, plain failures."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, Any, TypeVar

import typer

from deploy.cli.terminal import quiet_clients
from schemas.broker import broker_address

T = TypeVar("T")
PROGRESS_FROM = 20_000
"""So many places are read before a person begins to wonder."""
SLOW_S = 5.0
"""So long is waited for an answer before a person is told for whose."""
KNOCK_S = 10.0
"""And so long for a broker's first word, before it is given up; of several, for each."""


def _an_address(given: str | None) -> str | None:
    try:
        return given if given is None else broker_address(given)
    except ValueError as error:
        raise typer.BadParameter(f"{given!r}: {error}") from None


Bootstrap = Annotated[
    str | None, typer.Option(help="Broker; else MENDLOG_BOOTSTRAP.", callback=_an_address)
]
Prefix = Annotated[str | None, typer.Option(help="Else MENDLOG_TOPIC_PREFIX.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]
MayReason = Annotated[str, typer.Option("--reason", help="Why, for the record.")]
During = Annotated[str | None, typer.Option("--for", help="How long: 90s, 15m, 1h30m, 7d.")]
Until = Annotated[str | None, typer.Option(help="Or when it ends: 2026-11-21T18:00:00Z.")]
Wait = Annotated[str, typer.Option(help="How long to wait for the decision.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")]
Clusters = Annotated[
    list[str] | None,
    typer.Option("--cluster", help="Of this cluster; may be repeated. Else MENDLOG_CLUSTER."),
]
AllClusters = Annotated[bool, typer.Option("--all-clusters", help="Of every cluster.")]
IncidentId = Annotated[str, typer.Argument(help="Its id, or as much of it as is unique.")]

WAIT = "15s"


def settings_of(bootstrap: str | None, prefix: str | None, urgent: bool = False) -> Any:
    """What is urgent does not wait for a registry: every reader of ours knows our own framing."""
    from deploy.registry import join_registry
    from schemas.registry import RegistryFault
    from streams.settings import PeopleSettings

    quiet_clients()
    given: dict[str, Any] = {"bootstrap": bootstrap, "topic_prefix": prefix}
    settings = PeopleSettings(**{k: v for k, v in given.items() if v is not None})
    try:
        join_registry(settings.registry_url, settings.topic_prefix)
    except RegistryFault as fault:
        if not urgent:
            raise
        typer.echo(f"without the registry: {fault}", err=True)
    return settings


def clusters_of(settings: Any, named: list[str] | None, every: bool) -> tuple[str, ...]:
    """Never guessed: an order for the wrong cluster looks like one that was carried out."""
    from schemas.controls import ALL_CLUSTERS

    if every and named:
        raise typer.BadParameter("either --cluster or --all-clusters, not both")
    if ALL_CLUSTERS in (named or ()):
        raise typer.BadParameter("for every cluster say --all-clusters")
    if every:
        return (ALL_CLUSTERS,)
    found = tuple(dict.fromkeys(named or ())) or ((settings.cluster,) if settings.cluster else ())
    if not found or not all(found):
        raise typer.BadParameter("say which cluster: --cluster NAME, or --all-clusters")
    return found


def answer(settings: Any, question: Coroutine[Any, Any, T]) -> T:
    """Runs it. Raises BrokerUnreachable where the broker cannot be asked, or says nothing."""
    from aiokafka.errors import KafkaError

    from deploy.broker import BrokerUnreachable

    try:
        return asyncio.run(_unless_silent(settings.bootstrap, question))
    except KafkaError as fault:
        if type(fault).__name__ == "KafkaConnectionError":
            why = f"no Kafka broker answers at {settings.bootstrap}"
        else:
            why = f"{settings.bootstrap} failed: {fault}"
        raise BrokerUnreachable(why) from fault


async def _unless_silent(bootstrap: str, question: Coroutine[Any, Any, T]) -> T:
    """It is asked at once, and given up where nobody has answered to a knock meanwhile."""
    asking = asyncio.create_task(question)
    knocking = asyncio.create_task(_knock(bootstrap))
    try:
        await asyncio.wait([asking, knocking], return_when=asyncio.FIRST_COMPLETED)
        if not asking.done():
            knocking.result()
        return await asking
    finally:
        asking.cancel()
        knocking.cancel()
        await asyncio.gather(asking, knocking, return_exceptions=True)


async def _knock(bootstrap: str) -> None:
    from deploy.broker import knock

    async with told_when_slow(bootstrap):
        await knock(bootstrap, KNOCK_S)


@asynccontextmanager
async def told_when_slow(whom: str) -> AsyncIterator[None]:
    """Who waits for an answer is told for whose."""
    loop = asyncio.get_running_loop()
    telling = loop.call_later(SLOW_S, lambda: typer.echo(f"asking {whom} …", err=True))
    try:
        yield
    finally:
        telling.cancel()


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar for who waits at a terminal, once there is something to wait for."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task: Any = None

        def read(done: int, total: int) -> None:
            nonlocal task
            if task is None and total >= PROGRESS_FROM:
                task = bars.add_task(what, total=total)
            if task is not None:
                bars.update(task, completed=done)

        yield read


def fail(text: str, exit_code: int = 1) -> typer.Exit:
    """Says it on standard error; to be raised."""
    typer.echo(f"mendlog: {text}", err=True)
    return typer.Exit(exit_code)


async def the_incident(settings: Any, prefix: str) -> Any:
    """The one whose id begins so; exits where there is none, or more than one."""
    from streams.people.incidents import IncidentReader

    with progress("reading incidents") as read:
        async with IncidentReader(settings.bootstrap, settings.topic_prefix, read) as reader:
            found = await reader.beginning_with(prefix)
    if len(found) == 1:
        return found[0]
    if not found:
        raise fail(f"no incident's id begins with {prefix!r}: see mendlog incidents list --all")
    some = ", ".join(incident.incident_id[:12] for incident in found[:5])
    raise fail(f"{len(found)} incidents begin with {prefix!r}: {some}{' …' * (len(found) > 5)}")
