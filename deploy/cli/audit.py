"""`mendlog audit`: what the topics themselves say of what is promised."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.people import AsJson, Bootstrap, Prefix, answer, fail, progress
from deploy.cli.plain import plain
from deploy.cli.terminal import commands, quiet_clients, show_json, show_table

app = commands("Check on the topics what is promised: nothing lost, nothing twice.", bare=True)

VIOLATED = 1
CANNOT_READ = 2

Ledger = Annotated[
    Path | None, typer.Option(help="What senders were told is accepted; an alert a line, JSON.")
]
CallsFile = Annotated[
    Path | None, typer.Option("--calls", help="A proxy's log of what was changed; JSON lines.")
]
Canary = Annotated[
    list[str] | None, typer.Option(help="Text that may be in no topic; may be repeated.")
]
CanariesFile = Annotated[Path | None, typer.Option("--canaries", help="Such texts, one a line.")]
Settled = Annotated[
    bool, typer.Option("--settled", help="Nothing runs: what is not done by now is a violation.")
]


@app.command()
def audit(
    ledger: Ledger = None,
    calls: CallsFile = None,
    canary: Canary = None,
    canaries: CanariesFile = None,
    settled: Settled = False,
    replay: Annotated[bool, typer.Option(help="Also decide everything again (I10).")] = True,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Check the invariants I1 to I12 on the topics as they are kept.

    Reads only, also while the system runs. Exits with 1 on a violation and names the first record;
    with 2 where it cannot read.
    """
    texts = [*(canary or ()), *_texts(canaries)]
    if not all(texts):
        raise typer.BadParameter("an empty canary is everywhere")
    given = {"bootstrap": bootstrap, "topic_prefix": prefix}
    verdicts = _audited(given, ledger, calls, texts, settled, replay)
    if as_json:
        show_json([_whole(verdict) for verdict in verdicts])
    else:
        tell(verdicts)
    if any(verdict.violations for verdict in verdicts):
        raise typer.Exit(VIOLATED)


def _audited(
    given: dict[str, Any],
    ledger: Path | None,
    calls: Path | None,
    canaries: list[str],
    settled: bool,
    replays: bool,
) -> Sequence[Any]:
    """What keeps it from reading is no violation, and has an exit code of its own."""
    from deploy.cli.faults import explain
    from deploy.registry import join_registry
    from streams.audit.auditor import Asked
    from streams.audit.run import Scope
    from streams.audit.run import audit as audited
    from streams.settings import KafkaSettings

    quiet_clients()
    try:
        settings = KafkaSettings(**{k: v for k, v in given.items() if v is not None})
        join_registry(settings.registry_url, settings.topic_prefix)
        scope = Scope(settings.bootstrap, settings.topic_prefix, settled, replays)
        with progress("reading the topics") as read:
            return answer(settings, audited(scope, Asked(ledger, calls, canaries), read))
    except Exception as fault:
        if (known := explain(fault)) is None:
            raise
        raise fail(known.text, CANNOT_READ) from fault


def _texts(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        found = [line for line in path.read_text(encoding="utf-8").splitlines() if line]
    except OSError as fault:
        raise fail(f"{path}: {fault.strerror}", CANNOT_READ) from None
    except UnicodeDecodeError:
        raise fail(f"{path}: not UTF-8", CANNOT_READ) from None
    if not found:
        raise fail(f"--canaries {path}: empty, so there is nothing to look for", CANNOT_READ)
    return found


def tell(verdicts: Sequence[Any]) -> None:
    from streams.audit.run import missing
    from streams.audit.verdict import INVARIANTS

    rows = {verdict.invariant: _row(verdict) for verdict in verdicts}
    for name in missing(tuple(verdicts)):
        rows[name] = (name, "not asked", "", "", "", INVARIANTS[name])
    show_table(
        ("", "", "checked", "violations", "under way", "what must hold"),
        [rows[name] for name in INVARIANTS],
    )
    for verdict in verdicts:
        for words in verdict.unverified:
            typer.echo(f"{verdict.invariant} not verified: {plain(words)}")
    for verdict in verdicts:
        if (first := verdict.first) is not None:
            where = [str(part) for part in (first.place, plain(first.id)) if part]
            typer.echo(f"{verdict.invariant}: {', '.join(where)}: {plain(first.why)}")


def _row(verdict: Any) -> tuple[str, ...]:
    from streams.audit.verdict import INVARIANTS

    word = "VIOLATED" if verdict.violations else "partly" if verdict.unverified else "holds"
    if not verdict.checked and not verdict.violations:
        word = "nothing"
    counts = (verdict.checked, verdict.violations, verdict.pending)
    return (
        verdict.invariant,
        word,
        *(f"{count:,}" if count else "" for count in counts),
        INVARIANTS[verdict.invariant],
    )


def _whole(verdict: Any) -> dict[str, Any]:
    from streams.audit.verdict import INVARIANTS

    return {**dataclasses.asdict(verdict), "holds": INVARIANTS[verdict.invariant]}
