"""What is wrong with the service on purpose, and how often it shows."""

from pydantic import BaseModel, ConfigDict, Field

from checkout.settings import Settings


class Faults(BaseModel):
    """The faults in force; also the body that `POST /faults` takes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    error_rate: float = Field(default=0, ge=0, le=1)
    latency_ms: int = Field(default=0, ge=0, le=60_000)
    leak_kb_per_request: int = Field(default=0, ge=0, le=1_048_576)


class FaultBox:
    """Configured faults, which last, and injected ones, which can be cleared."""

    def __init__(self, settings: Settings) -> None:
        self._configured = Faults(error_rate=settings.error_rate, latency_ms=settings.latency_ms)
        self._owed_errors = 0.0
        self.injected = Faults()

    def inject(self, body: bytes) -> None:
        """Add the faults named in this JSON; the others stay. Raises pydantic's ValidationError."""
        wanted = Faults.model_validate_json(body)
        self.injected = self.injected.model_copy(update=wanted.model_dump(exclude_unset=True))

    def clear(self) -> None:
        self.injected = Faults()

    @property
    def in_force(self) -> Faults:
        """The worse of both."""
        return Faults(
            error_rate=max(self._configured.error_rate, self.injected.error_rate),
            latency_ms=max(self._configured.latency_ms, self.injected.latency_ms),
            leak_kb_per_request=self.injected.leak_kb_per_request,
        )

    def next_fails(self) -> bool:
        """Evenly spread and exact: at a rate of 0.25, every fourth call. No luck is involved."""
        self._owed_errors += self.in_force.error_rate
        if self._owed_errors < 1 - 1e-9:
            return False
        self._owed_errors -= 1
        return True
