"""Everything that can be configured, read once from the environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One field per environment variable, named like it in capitals."""

    model_config = SettingsConfigDict(frozen=True, allow_inf_nan=False)

    host: str = "0.0.0.0"
    port: int = Field(default=8080, ge=0, le=65535, description="0 takes a free port")
    port_file: Path | None = Field(default=None, description="where the port taken is written")

    latency_ms: int = Field(default=0, ge=0, le=60_000, description="added to every payment")
    error_rate: float = Field(default=0, ge=0, le=1, description="share of payments that fail")
    degraded_mode: bool = Field(default=False, description="answer from cache, without payment")
    heap_mb: int = Field(default=64, ge=1, le=4096, description="budget of the request cache")
    chaos_enabled: bool = Field(default=False, description="whether /faults exists")

    warmup_ms: int = Field(default=0, ge=0, description="pretended work between start and ready")
    drain_delay_ms: int = Field(
        default=0, ge=0, description="still serving after SIGTERM, until balancers have noticed"
    )
    drain_ms: int = Field(default=10_000, ge=0, description="longest wait for requests in flight")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
