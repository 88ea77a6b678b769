"""A volume claim: what it asks for, what it has, and whether it is growing."""

from remediators.core.quantities import Quantity, quantity
from remediators.core.seen import Json

REQUEST = ("spec", "resources", "requests", "storage")
BOUND = "Bound"
RESIZING = frozenset(
    {"Resizing", "FileSystemResizePending", "ControllerResizeError", "NodeResizeError"}
)
"""Conditions of a resize that has not ended, or not well."""


def bound(claim: Json) -> bool:
    return (claim.get("status") or {}).get("phase") == BOUND


def asked_for(claim: Json) -> Quantity | None:
    """None where nobody can read it, as below."""
    return quantity(claim["spec"]["resources"]["requests"]["storage"])


def capacity(claim: Json) -> Quantity | None:
    """A provisioner may have given more than was asked for."""
    status = claim.get("status") or {}
    found = quantity((status.get("capacity") or {}).get("storage", ""))
    return found if found and found.value else None


def resizing(claim: Json) -> str:
    """In the words of the claim's status. A condition is over when it says so."""
    status = claim.get("status") or {}
    told = [
        each["type"]
        for each in status.get("conditions") or ()
        if each["type"] in RESIZING and each.get("status") != "False"
    ]
    resources = status.get("allocatedResourceStatuses") or {}
    states = (resources.get("storage"), status.get("resizeStatus"))
    return ", ".join([*told, *(state for state in states if state)])
