"""One name of one module or class, and what stands there instead while a guard is taken away."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Patch:
    owner: Any
    name: str
    value: Any
