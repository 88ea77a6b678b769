"""`mendlog send`: alerts from the shell, straight into Kafka."""

import asyncio
import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, NoReturn

import typer

from deploy.cli.people import AsJson, Bootstrap, Prefix, answer, fail
from deploy.cli.plain import plain
from deploy.cli.terminal import commands, quiet_clients, show_json
from deploy.cli.times import now_ms

app = commands("Send alerts from the shell into Kafka.")

ACK_TIMEOUT_MS = 10_000
REGISTER = "register the source with one"
"""What `observe` advises where no cluster is named; who sends from here has an option."""
TOPIC_ASKED_MAX = 20
TOPIC_ASKED_EVERY_S = 0.1
"""A topic that was made a moment ago is not known at once."""
Named = Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="May be repeated.")]


class Status(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


@app.command()
def send(
    label: Named = None,
    annotation: Named = None,
    status: Annotated[Status | None, typer.Option(help="Firing, unless it is given.")] = None,
    starts_at: Annotated[
        str | None, typer.Option(help="2026-11-21T18:00:00Z; when Kafka takes it, without it.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="Says alone which alert this is: its end repeats only the cluster."),
    ] = None,
    file: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(help="A JSON array of alerts as Alertmanager's API v2 takes it; - reads it."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(help="Overrules the label. MENDLOG_CLUSTER, where no alert names one."),
    ] = None,
    source: Annotated[str, typer.Option(help="Who sends them.")] = "shell",
    correlation_id: Annotated[str | None, typer.Option(help="Kept with the record.")] = None,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Ends with 0 when every in-sync replica has them. What the processor would reject is not sent:
    exit 1, and the field is named. Example:

    mendlog send --label alertname=BackupFailed --label cluster=eu --label severity=warning
    """
    given = (label, annotation, status, starts_at, key)
    if (file is not None) == any(option is not None for option in given):
        raise typer.BadParameter("either --file, or an alert: --label alertname=NAME")
    from deploy.cli.ingest import row
    from streams.ingest.formats.alertmanager import API_V2
    from streams.ingest.gateway.source import Source

    settings = _settings(bootstrap, prefix)
    _check_text("--source", source)
    _check_text("--cluster", cluster or "")
    if file is not None:
        format, body = API_V2, _read(file)
    else:
        sent = {"status": status or Status.FIRING, "starts_at": starts_at, "key": key}
        texts = {
            "labels": _named("--label", label),
            "annotations": _named("--annotation", annotation),
        }
        format, body = "generic", _one({**sent, **texts})
    seen = _seen(format, body, source)
    if cluster is None and not any(one.labels.get("cluster") for one in seen):
        cluster = settings.cluster
    who = Source(source, cluster=cluster or None)
    delivery = _delivery(who, format, body, correlation_id)
    record = next(iter(delivery.records(settings.topic_prefix)), None)
    if refusals := _refusals(delivery, record):
        _refuse(refusals, as_json)
    at = answer(settings, _write(settings, record))
    place = {"topic": at.topic, "partition": at.partition, "offset": at.offset}
    if as_json:
        known_as = delivery.correlation_id
        show_json(
            {"done": True, **place, "correlation_id": known_as, "alerts": list(map(row, seen))}
        )
    else:
        typer.echo(f"{len(seen)} alert(s) at {at.topic}/{at.partition}/{at.offset}")


def _settings(bootstrap: str | None, prefix: str | None) -> Any:
    """Without a registry: alerts are JSON."""
    from streams.settings import PeopleSettings

    quiet_clients()
    given: dict[str, Any] = {"bootstrap": bootstrap, "topic_prefix": prefix}
    return PeopleSettings(**{name: value for name, value in given.items() if value is not None})


def _check_text(option: str, text: str) -> None:
    """Bytes that are no text come from a command line as halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter(f"{option}: not valid Unicode") from None


def _read(file: typer.FileBinaryRead) -> bytes:
    from schemas.topics import BODY_BYTES_MAX

    body: bytes = file.read(BODY_BYTES_MAX + 1)
    if len(body) > BODY_BYTES_MAX:
        raise fail(f"longer than {BODY_BYTES_MAX} bytes")
    return body


def _named(option: str, texts: list[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise typer.BadParameter(f"{option} {text!r}: expected NAME=VALUE")
        if name in found:
            raise typer.BadParameter(f"{option} {name!r} is here twice")
        found[name] = value
    return found


def _one(sent: dict[str, Any]) -> bytes:
    """Its status is said, and not made of a time: this clock may be ahead of the broker's."""
    from streams.ingest.formats.generic import wrap
    from streams.ingest.formats.mapping import Mapping

    def each(part: str) -> dict[str, str]:
        return {name: f"{part}.{json.dumps(name)}" for name in sent[part]}

    mapping = Mapping(
        status="status",
        firing=(Status.FIRING,),
        resolved=(Status.RESOLVED,),
        labels=each("labels"),
        annotations=each("annotations"),
        starts_at="starts_at",
        key=None if sent["key"] is None else "key",
    )
    try:
        return wrap(mapping, json.dumps(sent, ensure_ascii=False).encode())
    except ValueError as fault:  # Of bytes on the command line that are no text.
        raise typer.BadParameter(f"not valid Unicode, or too long: {fault}") from None


def _delivery(source: Any, format: str, body: bytes, correlation_id: str | None) -> Any:
    """As the gateway's: its records are."""
    from streams.ingest.formats.catalog import FORMATS
    from streams.ingest.gateway.delivery import Delivery
    from streams.ingest.gateway.delivery import correlation_id as known_as

    checked = FORMATS[format].check(body, now_ms())
    return Delivery(source, format, body, checked, now_ms(), known_as(correlation_id, source, body))


def _seen(format: str, body: bytes, source: str) -> Sequence[Any]:
    from streams.ingest.formats.catalog import FORMATS

    return FORMATS[format].parse(body, source, now_ms()).sightings


def _refusals(delivery: Any, record: Any) -> list[str]:
    """What `observe` itself says of it, to whom no cluster is known but what the record names."""
    from schemas.codec import decode
    from schemas.rejects import Reject
    from schemas.topics import ALERTS, REJECTS
    from streams.steps.effects import InputRecord
    from streams.steps.observe import ObserveStep

    if delivery.faults or record is None:
        return [str(fault) for fault in delivery.faults] or ["there is no alert in it"]
    read = InputRecord(ALERTS, 0, 0, now_ms(), None, record.value, record.headers)
    outputs = ObserveStep(incarnation="", cluster="").apply(read).outputs
    rejects = [decode(out.value, Reject).detail for out in outputs if out.topic is REJECTS]
    return [text.replace(REGISTER, "say --cluster") for text in rejects]


def _refuse(refusals: Sequence[str], as_json: bool) -> NoReturn:
    if as_json:
        show_json({"done": False, "faults": list(refusals)})
    for refusal in refusals:
        typer.echo(f"mendlog: {plain(refusal)}", err=True)
    raise typer.Exit(1)


async def _write(settings: Any, record: Any) -> Any:
    """Returns once every in-sync replica has it."""
    from aiokafka import AIOKafkaProducer

    from schemas.topics import ALERTS

    producer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap,
        acks="all",
        enable_idempotence=True,
        max_request_size=ALERTS.message_bytes_max,
        request_timeout_ms=ACK_TIMEOUT_MS,
    )
    try:
        await producer.start()
        await _known(producer, record.topic)
        return await producer.send_and_wait(
            record.topic, record.value, headers=list(record.headers)
        )
    finally:
        await producer.stop()


async def _known(producer: Any, topic: str) -> None:
    """To send to a topic that is not there would make it, at some brokers."""
    from streams.read import TopicMissing

    for _ in range(TOPIC_ASKED_MAX):
        if topic in (await producer.client.fetch_all_metadata()).topics():
            return
        await asyncio.sleep(TOPIC_ASKED_EVERY_S)
    raise TopicMissing(topic)
