"""`mendlog policy detect`: what rules would have detected, beside what was detected."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.files import writable
from deploy.cli.people import AsJson, Bootstrap, Prefix, answer, progress, settings_of
from deploy.cli.plain import plain
from deploy.cli.terminal import show_json, show_table
from deploy.cli.times import moment_ms, now_ms, shown, span_ms

LATE_MS = 600_000
"""How far behind `metrics` a worker may have been that detected all the same."""
LABELS_MAX, WHY_MAX = 120, 200


def detect(
    begin: Annotated[
        str | None, typer.Option("--from", help="Such as 2026-11-21T18:00:00Z.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Else now.")] = None,
    detections: Annotated[
        Path | None,
        typer.Option(
            envvar="MENDLOG_DETECTIONS_FILE",
            help="The file of rules over samples.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option(
            help="Judge these, as --keep has written them, and ask no broker.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="Write what is read here, for --samples.", dir_okay=False, callback=writable
        ),
    ] = None,
    warm_up: Annotated[
        str, typer.Option(help="How long before --from to begin, so that windows are full.")
    ] = "1h",
    verify: Annotated[
        bool, typer.Option("--verify", help="Exit 1 where this is not what was detected.")
    ] = False,
    cluster: Annotated[
        str, typer.Option(envvar="MENDLOG_CLUSTER", help="Of samples that name none.")
    ] = "",
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Run rules over recorded samples: say what they would have detected between two moments, and
    why, beside what was detected.

    Reads only: the topics `metrics` and `tape`, or a file. A state begins empty where reading
    begins; what --warm-up does not fill is inconclusive, and inconclusive is not told.
    """
    from streams.desk.backtest import Backtest, compare
    from streams.detect.rules_file import load_rules

    if detections is None:
        raise typer.BadParameter("name the file of rules: --detections, or MENDLOG_DETECTIONS_FILE")
    rules = load_rules(detections)
    from_ms, to_ms = _between(begin, end, samples is not None)
    first_ms = from_ms - span_ms(warm_up)
    test = Backtest(rules, cluster, from_ms, to_ms)
    if samples is not None:
        if verify or keep:
            raise typer.BadParameter(
                "--verify and --keep are about the topics, not about --samples"
            )
        _of_file(test, samples, first_ms)
        made: Any = None
    else:
        settings = settings_of(bootstrap, prefix)
        with progress("reading samples") as read:
            made = answer(settings, _of_topics(settings, test, first_ms, keep, read))
    told = compare(rules, test.spells.all(), made.all() if made else ())
    left_out = test.spells.left_out + (made.left_out if made else 0)
    if as_json:
        show_json(_document(test, told, made is not None, left_out, (first_ms, from_ms, to_ms)))
    else:
        _show(test, told, made is not None, left_out)
    if verify and (left_out or not told.same or not test.records):
        raise typer.Exit(1)


def _between(begin: str | None, end: str | None, of_file: bool) -> tuple[int, int]:
    if begin is None and not of_file:
        raise typer.BadParameter("say when it begins: --from 2026-11-21T18:00:00Z")
    from_ms, to_ms = moment_ms(begin) if begin else 0, moment_ms(end) if end else now_ms()
    if from_ms >= to_ms:
        raise typer.BadParameter("--from is not before --to")
    return from_ms, to_ms


def _of_file(test: Any, samples: Path, first_ms: int) -> None:
    from streams.desk.sample_lines import read

    for record in read(samples):
        if first_ms <= record.at_ms <= test.to_ms:
            test.hears(record)


async def _of_topics(settings: Any, test: Any, first_ms: int, keep: Path | None, read: Any) -> Any:
    from streams.desk.backtest import Spells
    from streams.desk.sample_lines import written
    from streams.people import measured

    at = (settings.bootstrap, settings.topic_prefix)
    file = keep.open("wb") if keep else None
    try:
        async for record in measured.samples(*at, first_ms, test.to_ms, read):
            test.hears(record)
            if file and (line := written(record)):
                file.write(line)
    finally:
        if file:
            file.close()
    made = Spells(test.from_ms, test.to_ms)
    async for at_ms, cluster, detection in measured.detections(
        *at, first_ms, test.to_ms + LATE_MS, read
    ):
        made.hears(at_ms, cluster, detection)
    return made


def _show(test: Any, told: Any, compared: bool, left_out: int) -> None:
    rows = [*_rows(told, compared)]
    if rows:
        headings = ("since", "until", "rule", "labels", "recorded", "why")
        show_table(headings if compared else (*headings[:4], headings[5]), rows)
    total = f"{len(told.would_be)} would have been made of {test.records} records"
    if compared:
        same = sum(row.same for row in told.would_be)
        new = sum(row.recorded is None for row in told.would_be)
        total += (
            f": {same} as recorded, {len(told.would_be) - same - new} at another time, {new} new; "
            f"{len(told.only_recorded)} recorded only"
        )
    typer.echo(total)
    if not test.records:
        typer.echo("there are no samples of that time: nothing was judged")
    if left_out:
        typer.echo(f"and {left_out} more: ask for a shorter time")


def _rows(told: Any, compared: bool) -> Iterator[tuple[str, ...]]:
    from streams.desk.detecting import why

    for row in told.would_be:
        told_why = plain(why(row.spell.detection), WHY_MAX)
        recorded = (_recorded(row),) if compared else ()
        yield (*_of(row.spell), *recorded, told_why)
    for spell in told.only_recorded:
        yield (*_of(spell), "only", plain(why(spell.detection), WHY_MAX))


def _of(spell: Any) -> tuple[str, ...]:
    labels = {k: v for k, v in spell.detection.labels.items() if k != "alertname"}
    text = " ".join(f"{name}={value}" for name, value in sorted(labels.items()))
    until = shown(spell.until_ms) if spell.until_ms else "goes on"
    return shown(spell.since_ms), until, plain(spell.detection.rule, 60), plain(text, LABELS_MAX)


def _recorded(row: Any) -> str:
    if row.recorded is None:
        return "no"
    return "same" if row.same else f"since {shown(row.recorded.since_ms)}"


def _document(
    test: Any, told: Any, compared: bool, left_out: int, times: tuple[int, int, int]
) -> dict[str, Any]:
    read_from_ms, from_ms, to_ms = times
    return {
        "read_from_ms": max(0, read_from_ms),
        "from_ms": from_ms,
        "to_ms": to_ms,
        "records": test.records,
        "detections": [_listed(row, compared) for row in told.would_be],
        "only_recorded": [_spell(spell) for spell in told.only_recorded] if compared else None,
        "same": told.same if compared else None,
        "left_out": left_out,
    }


def _listed(row: Any, compared: bool) -> dict[str, Any]:
    found = _spell(row.spell)
    if compared:
        found["recorded_since_ms"] = row.recorded.since_ms if row.recorded else None
    return found


def _spell(spell: Any) -> dict[str, Any]:
    from streams.desk.detecting import why

    detection = spell.detection
    return {
        "cluster": spell.cluster,
        "rule": detection.rule,
        "labels": dict(detection.labels),
        "since_ms": spell.since_ms,
        "until_ms": spell.until_ms,
        "value": detection.value,
        "threshold": detection.threshold,
        "window_ms": detection.window_ms,
        "why": why(detection),
        "series": [[point.at_ms, point.value] for point in detection.series],
    }
