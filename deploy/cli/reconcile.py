"""`mendlog reconcile`: what an Alertmanager holds and we have not seen, and the reverse."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.faults import USAGE
from deploy.cli.people import (
    AsJson,
    Bootstrap,
    Prefix,
    answer,
    fail,
    settings_of,
    told_when_slow,
)
from deploy.cli.terminal import commands, show_json, show_table
from deploy.cli.times import age, now_ms, span_ms

app = commands("Compare what an Alertmanager holds with what Mendlog holds. Reads only.")

GRACE = "6m"
"""Alertmanager's own group_interval of five minutes, and the way here."""
WAIT_S = 60.0
"""How long our journal may take to be read."""


@app.command()
def reconcile(
    alertmanager: Annotated[str, typer.Option(metavar="URL", help="Without /api/v2/alerts.")],
    source: Annotated[
        list[str] | None,
        typer.Option(
            help="By which name it sends here; may be repeated. Else that of the source in "
            "--sources with this `alertmanager_url`."
        ),
    ] = None,
    receiver: Annotated[
        str, typer.Option(help="Its receiver that sends here, a pattern; else any.")
    ] = "",
    cluster: Annotated[
        str,
        typer.Option(
            help="The one its source is bound to, or whose its alerts are where they name none; "
            "else any."
        ),
    ] = "",
    grace: Annotated[str, typer.Option(help="What is younger is not counted.")] = GRACE,
    authorization_file: Annotated[
        Path | None,
        typer.Option(
            help="Holds the value of the header Authorization.", exists=True, dir_okay=False
        ),
    ] = None,
    sources: Annotated[
        Path | None,
        typer.Option(
            help="The file of sources.",
            envvar="MENDLOG_SOURCES_FILE",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    watch: Annotated[
        int | None, typer.Option(min=1, metavar="SECONDS", help="Again and again, as metrics.")
    ] = None,
    host: Annotated[str, typer.Option(help="Of the metrics.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Of the metrics; 0: any, which is printed.")
    ] = 0,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Exit status 1 where alerts of its are missing here, or one side does not answer; 2 where it
    has no such receiver, or nothing has come by the name of that source."""
    from deploy.logs import configure
    from streams.ingest.alertmanager.address import Address, complaint
    from streams.ingest.alertmanager.client import NotAnswered
    from streams.ingest.alertmanager.held import NotCaughtUp
    from streams.ingest.alertmanager.reconcile import Asked
    from streams.people.reconciling import Misnamed

    _check_pattern(receiver)
    if wrong := complaint(alertmanager):
        raise typer.BadParameter(f"--alertmanager {alertmanager!r}: {wrong}")
    of_file = _of_file(sources)
    registered = _of_this(of_file, alertmanager)
    if sources and not (registered or source):
        typer.echo(
            f"no source in {sources} has `alertmanager_url: {alertmanager}`: say --source",
            err=True,
        )
    files = [str(authorization_file or "")] + [
        s.alertmanager.authorization_file for s in registered
    ]
    names = frozenset(source or [s.name for s in registered])
    address = Address(alertmanager, next(filter(None, files), ""))
    clusters = frozenset([cluster] if cluster else [s.cluster or "" for s in registered])
    if "" in clusters:  # Of one it is not known.
        clusters = frozenset()
    asked = Asked(names, clusters, span_ms(grace) if grace != "0s" else 0)
    settings = settings_of(bootstrap, prefix)
    # One answer is all that is told of one question.
    configure("INFO" if watch else "CRITICAL")
    try:
        if watch:
            # For as long as it is told to: a broker that is away is told by the metrics.
            asyncio.run(_watch(settings, address, receiver, asked, watch, host, port))
            return
        found, held = answer(settings, _once(settings, address, receiver, asked))
    except Misnamed as error:
        raise fail(f"--receiver: {error}", USAGE) from None
    except (NotAnswered, NotCaughtUp) as error:
        raise fail(str(error)) from None
    except OSError as error:
        raise fail(f"cannot listen: {error}" if watch else str(error)) from None
    _check_names(source or (), {s.name for s in of_file}, held)
    if as_json:
        show_json(_told(alertmanager, asked, found))
    else:
        _show(asked, found)
    raise typer.Exit(1 if found.is_loss else 0)


def _check_pattern(receiver: str) -> None:
    from streams.policy.matchers import RegexFault, regex

    try:
        regex(receiver)
    except RegexFault as fault:
        raise typer.BadParameter(f"--receiver {receiver!r}: {fault}") from None


def _check_names(given: Iterable[str], of_file: set[str], held: frozenset[str]) -> None:
    """By a name that is misspelt nothing is found that fires here alone."""
    from streams.people.reconciling import some

    unknown = [name for name in given if name not in held | of_file]
    if not unknown:
        return
    if held:
        raise fail(
            f"--source {unknown[0]!r}: no alert here came by that name, but by {some(held)}; "
            "where it has been quiet, name the file that knows it: --sources",
            USAGE,
        )
    typer.echo(f"no alert is held here: a source {unknown[0]!r} may be there or not", err=True)


def _of_file(file: Path | None) -> Sequence[Any]:
    if file is None:
        return ()
    from streams.ingest.gateway.source_file import load_sources

    try:
        return load_sources(file)
    except OSError as error:
        raise fail(f"--sources {file}: {error.strerror}", USAGE) from None


def _of_this(sources: Sequence[Any], url: str) -> list[Any]:
    """Those that say that they are of this Alertmanager."""
    wanted = url.rstrip("/")
    return [s for s in sources if s.alertmanager and s.alertmanager.url == wanted]


@asynccontextmanager
async def _reconciling(
    settings: Any, address: Any, receiver: str, asked: Any
) -> AsyncIterator[Any]:
    from streams.ingest.alertmanager.client import session
    from streams.people.held_alerts import HeldAlerts
    from streams.people.reconciling import Reconciling

    holdings = HeldAlerts(settings.bootstrap, settings.topic_prefix, wait_s=WAIT_S)
    async with session() as http:
        try:
            yield Reconciling(http, address, receiver, holdings, asked)
        finally:
            await holdings.close()


async def _once(
    settings: Any, address: Any, receiver: str, asked: Any
) -> tuple[Any, frozenset[str]]:
    """What differs, and by which names alerts have come here."""
    asked_ms = now_ms()
    async with _reconciling(settings, address, receiver, asked) as reconciling:
        async with told_when_slow(address.url):
            listed = await reconciling.listed()
        return await reconciling.compared(listed, asked_ms), reconciling.holdings.sources


async def _watch(
    settings: Any, address: Any, receiver: str, asked: Any, every_s: int, host: str, port: int
) -> None:
    from streams.people.reconcile_watch import watch

    async with _reconciling(settings, address, receiver, asked) as reconciling:
        await watch(reconciling, every_s, host, port, typer.echo)


def _told(url: str, asked: Any, found: Any) -> dict[str, Any]:
    return {
        "alertmanager": url,
        "holds": found.holds,
        "known": found.known,
        "silenced": found.silenced,
        "inhibited": found.inhibited,
        "young": found.young,
        "unreadable": found.unreadable,
        "missing": [_alert(seen) for seen in found.missing],
        "only_here": [_alert(state) for state in found.only_here] if asked.sources else None,
    }


def _alert(one: Any) -> dict[str, Any]:
    return {
        "fingerprint": one.fingerprint,
        "labels": dict(one.labels),
        "starts_at_ms": one.starts_at_ms,
    }


def _show(asked: Any, found: Any) -> None:
    typer.echo(
        f"Alertmanager holds {found.holds}: {found.known} known, {len(found.missing)} missing, "
        f"{found.silenced} silenced, {found.inhibited} inhibited, {found.young} too young, "
        f"{found.unreadable} that the gateway would refuse"
    )
    if found.missing:
        typer.echo("missing here:")
        show_table(COLUMNS, list(_rows(found.missing)))
    if not asked.sources:
        typer.echo("what only Mendlog holds is not told: name its source with --source")
    elif found.only_here:
        typer.echo("firing here alone; the end of some may be on its way:")
        show_table(COLUMNS, list(_rows(found.only_here)))
    else:
        typer.echo("firing here alone: none")


COLUMNS = ("fingerprint", "for", "labels")


def _rows(alerts: Iterable[Any]) -> Iterable[tuple[str, str, str]]:
    now = now_ms()
    for one in alerts:
        labels = ", ".join(f"{name}={value}" for name, value in sorted(one.labels.items()))
        yield one.fingerprint, age(now - one.starts_at_ms), labels
