"""Which exceptions are a person's to mend, and what the command says and exits with.

They are named, not imported: a command must not pay for the libraries of the others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

FAILED = 1
USAGE = 2
BAD_CONFIGURATION = 78

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
    return "\n".join(_settings_lines(errors())) if callable(errors) else str(fault)


def _settings_lines(errors: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """pydantic's findings, by the name that a person set."""
    for error in errors:
        name = "MENDLOG_" + "__".join(map(str, error["loc"])).upper()
        # Of what is missing, the input is everything else that was set.
        given = "" if error["type"] == "missing" else f"={error['input']!r}"
        yield f"{name}{given}: {error['msg'][0].lower()}{error['msg'][1:]}"
