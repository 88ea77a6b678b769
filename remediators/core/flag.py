"""Feature flags, as the executor's own settings have registered them. No policy and no command can
name another, nor another value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConfigMapKey:
    namespace: str
    """Empty: of that name in whichever namespace is the target's."""
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Flag:
    name: str
    values: frozenset[str]
    """All that it may ever have, by our hand."""
    cluster: str = ""
    """Of which it is. Of a ConfigMap empty for all: each cluster has its own."""
    configmap: ConfigMapKey | None = None
    """None: it is kept elsewhere, and is itself the target."""
