"""Where the API keeps an object, and which call a verb is. Names cannot climb out of there."""

from urllib.parse import quote

from remediators.core.hands import FIELD_MANAGER
from remediators.core.request import CREATE, DELETE, EVICT, PATCH, SET_STATUS
from schemas.kinds import KINDS
from schemas.remediation import Request, Target

METHODS = {
    PATCH: "PATCH",
    SET_STATUS: "PATCH",
    CREATE: "POST",
    DELETE: "DELETE",
    EVICT: "POST",
}
SUBRESOURCES = {EVICT: "eviction", SET_STATUS: "status"}


def collection(kind: str, namespace: str = "") -> str | None:
    """None for a kind that nobody has told us of."""
    found = KINDS.get(kind)
    if found is None:
        return None
    place = f"/namespaces/{quote(namespace, safe='')}" if found.namespaced and namespace else ""
    return f"{found.api}{place}/{found.plural}"


def of(target: Target) -> str | None:
    """The object itself."""
    place = collection(target.kind, target.namespace)
    return f"{place}/{quote(target.name, safe='')}" if place else None


def call(request: Request, *, rehearsal: bool) -> tuple[str, str] | None:
    """Method and path. A rehearsal is judged like the call itself, and changes nothing."""
    method = METHODS.get(request.verb)
    place = _place(request)
    if method is None or place is None:
        return None
    query = f"fieldManager={FIELD_MANAGER}" if request.verb in (PATCH, SET_STATUS, CREATE) else ""
    parts = [part for part in (query, "dryRun=All" if rehearsal else "") if part]
    return method, "?".join((place, "&".join(parts))) if parts else place


def _place(request: Request) -> str | None:
    target = request.target
    if request.verb == CREATE:
        return collection(target.kind, target.namespace)
    place, below = of(target), SUBRESOURCES.get(request.verb)
    return f"{place}/{below}" if place and below else place
