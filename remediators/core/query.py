"""Objects beside the target that an action has to see before it can be planned."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Query:
    """One by its name, or all that are selected. Empty selectors select all."""

    kind: str
    namespace: str = ""
    """Empty for kinds without one, and for all namespaces."""
    name: str = ""
    labels: str = ""
    fields: str = ""
