"""Which exceptions are a person's to mend, and what the command says and exits with.

They are named, not imported: a command must not pay for the libraries of the others.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

FAILED = 1
USAGE = 2
BAD_CONFIGURATION = 78
PREFIX = "MENDLOG_"
GIVEN_CHARS = 60
_FIELD = re.compile(r'^error parsing value for field "(\w+)"')

KNOWN: Mapping[str, int] = {
    "deploy.processor.NotCreated": BAD_CONFIGURATION,
    "deploy.sandbox.errors.SandboxError": FAILED,
    "deploy.broker.BrokerUnreachable": FAILED,
    "pydantic_core._pydantic_core.ValidationError": BAD_CONFIGURATION,
    "pydantic_settings.exceptions.SettingsError": BAD_CONFIGURATION,
    "remediators.reading.BadFile": BAD_CONFIGURATION,
    "schemas.registry.BadRegistryUrl": BAD_CONFIGURATION,
    "schemas.registry.RegistryFault": FAILED,
    "schemas.signing.BadKey": BAD_CONFIGURATION,
    "streams.audit.checks.calls.CallsUnreadable": FAILED,
    "streams.audit.checks.delivered.LedgerUnreadable": FAILED,
    "streams.desk.alerts.AlertsUnreadable": FAILED,
    "streams.incarnations.IncarnationsUnknown": FAILED,
    "streams.ingest.refusal.BadConfiguration": BAD_CONFIGURATION,
    "streams.read.BrokerSilent": FAILED,
    "streams.read.TopicMissing": FAILED,
    "streams.reading.faults.FileError": BAD_CONFIGURATION,
}
"""By full name of the class; a subclass is known by its parent."""


@dataclass(frozen=True, slots=True)
class Known:
    exit_code: int
    text: str


def explain(fault: BaseException) -> Known | None:
    for cls in type(fault).__mro__:
        if (code := KNOWN.get(f"{cls.__module__}.{cls.__qualname__}")) is not None:
            return Known(code, _text(fault))
    return None


def _text(fault: BaseException) -> str:
    errors = getattr(fault, "errors", None)
    if callable(errors):
        return "\n".join(_settings_lines(errors()))
    return _no_json(fault) or str(fault)


def _no_json(fault: BaseException) -> str:
    """Of a setting that is text where JSON is wanted, pydantic tells the field alone."""
    field = _FIELD.search(str(fault))
    text = getattr(fault.__cause__, "doc", None)
    if field is None or text is None:
        return ""
    return (
        f"{PREFIX}{field[1].upper()}={str(text)[:GIVEN_CHARS]!r}: expected JSON: {fault.__cause__}"
    )


def _settings_lines(errors: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """pydantic's findings, by the name that a person set."""
    for error in errors:
        name = "__".join(map(str, error["loc"]))
        if not name.isupper():  # else it has a name of its own
            name = PREFIX + name.upper()
        # Of what is missing, the input is everything else that was set.
        given = "" if error["type"] == "missing" else f"={error['input']!r}"
        said = error["msg"].removeprefix("Value error, ")
        # What several settings are together is told in their own names.
        yield f"{name}{given}: {said[0].lower()}{said[1:]}" if error["loc"] else said
